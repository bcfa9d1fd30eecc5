"""Reading zip and tar archives that may be hostile: every member is checked before it counts.

Nothing here uses the libraries' own extraction. Members are read one by one as streams of bytes,
and only what a caller asks for by name is written, to a path that the caller chose.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import lzma
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from stat import S_IFDIR, S_IFMT, S_IFREG
from typing import IO, cast

from tl_catdog.errors import listing, shown
from tl_catdog.fetch.archive_streams import SLACK, ArchiveError, Counted, Directory, Header, check
from tl_catdog.files import naming

CHUNK = 1 << 18
MAGIC = 4
GZIP = b"\x1f\x8b"
TAR, TAR_AT = b"ustar", 257
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # a compression method that zipfile doesn't know
    ValueError,
    OverflowError,
    RecursionError,  # tarfile: headers about headers about headers
)
"""What reading a damaged archive raises."""


@dataclass(frozen=True)
class Bounds:
    """The most that an archive may hold.

    Attributes:
        members: Files and folders.
        total: Bytes in all, unpacked.
        each: Bytes of one file, unpacked.
        ratio: Unpacked bytes from one packed byte.
    """

    members: int = 100_000
    total: int = 4 << 30
    each: int = 64 << 20
    ratio: int = 100


@dataclass(frozen=True)
class Member:
    """A file of ``size`` bytes in an archive; ``open`` works until the next one is asked for."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what the libraries raise into one error that names the archive."""
    try:
        yield
    except BROKEN as error:
        detail = str(error) or type(error).__name__
        raise ArchiveError(path, "a whole archive", f"a damaged one ({detail})") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):
            raise
        # Not the system's: of bz2, or of a place before the archive's beginning.
        raise ArchiveError(path, "a whole archive", f"a damaged one ({error})") from error


def members(path: Path, bounds: Bounds) -> Iterator[Member]:
    """Yield the files of an archive in their order, each checked.

    Raises:
        ArchiveError: A name leads outside, a member is no plain file, a bound is passed, or it's no
            archive.
    """
    with path.open("rb") as file:
        magic = file.read(MAGIC)
    if zipfile.is_zipfile(path):
        yield from _zip_members(path, bounds)
    elif magic.startswith(GZIP) or is_tar(path):
        yield from _tar_members(path, bounds)
    else:
        raise ArchiveError(path, "a zip or tar archive", f"something else, beginning {magic!r}")


def is_tar(path: Path) -> bool:
    """Return whether a file begins like a tar archive that isn't packed."""
    with path.open("rb") as file:
        return file.read(TAR_AT + len(TAR))[TAR_AT:] == TAR


def _zip_members(path: Path, bounds: Bounds) -> Iterator[Member]:
    with Directory(path, bounds.members) as whole, zipfile.ZipFile(whole) as file:
        infos = file.infolist()
        total = sum(info.file_size for info in infos)
        check(path, total <= bounds.total, f"at most {bounds.total:,} bytes", f"{total:,}")
        for info in infos:
            # What zipfile calls the name has lost what follows a NUL and other systems' separators.
            _check_name(path, info.orig_filename)
            kind = S_IFMT(info.external_attr >> 16)
            plain = kind in (0, S_IFREG, S_IFDIR)
            check(path, plain, "plain files", f"a link or device: {shown(info.filename)}")
            check(path, not info.flag_bits & 1, "no password", f"one on {shown(info.filename)}")
            _check_size(path, info.filename, info.file_size, bounds)
            _check_ratio(path, info.file_size, info.compress_size, bounds)
        for info in infos:
            if not info.is_dir():
                yield Member(_plain(info.filename), info.file_size, partial(file.open, info))


def _tar_members(path: Path, bounds: Bounds) -> Iterator[Member]:
    packed = path.stat().st_size
    most = min(bounds.total, bounds.ratio * packed + SLACK)
    # As a stream: the bytes are counted whether they are a member's, a header's or skipped.
    with path.open("rb") as whole, contextlib.ExitStack() as opened:
        zipped = whole.read(MAGIC).startswith(GZIP)
        whole.seek(0)
        raw: IO[bytes] = whole
        if zipped:
            raw = cast("IO[bytes]", opened.enter_context(gzip.open(whole)))
        counted = Counted(path, raw, most)
        with tarfile.open(fileobj=counted, mode="r|", tarinfo=Header) as file:
            for number, info in enumerate(file, 1):
                limit = f"at most {bounds.members:,} members"
                check(path, number <= bounds.members, limit, "more")
                _check_name(path, info.name)
                plain = (info.isreg() or info.isdir()) and not info.issparse()
                check(path, plain, "plain files", f"a link or device: {shown(info.name)}")
                _check_size(path, info.name, info.size, bounds)
                if info.isreg():
                    yield Member(_plain(info.name), info.size, partial(_open, file, info))
        while counted.read(CHUNK):  # the checksum comes last
            pass


def _open(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = file.extractfile(info)
    if stream is None:
        raise tarfile.ReadError(f"no content: {info.name}")
    return stream


def _check_name(path: Path, name: str) -> None:
    unsafe = (
        not name
        or name.startswith("/")
        or ".." in name.split("/")
        or any(char in name for char in "\\:")
        or any(ord(char) < 32 for char in name)
    )
    check(path, not unsafe, "names that stay inside", shown(name))


def _check_size(path: Path, name: str, size: int, bounds: Bounds) -> None:
    limit = f"files of at most {bounds.each:,} bytes"
    check(path, 0 <= size <= bounds.each, limit, f"{shown(name)} with {size:,}")


def _check_ratio(path: Path, size: int, packed: int, bounds: Bounds) -> None:
    limit = f"at most {bounds.ratio} bytes from each"
    check(path, size <= bounds.ratio * packed + SLACK, limit, f"{size:,} from {packed:,}")


def _plain(name: str) -> str:
    return name.removeprefix("./")


def unpack(
    path: Path,
    folder: Path,
    path_of: Callable[[str], str | None],
    bounds: Bounds,
    progress: Callable[[int], None] = lambda written: None,
) -> int:
    """Write the members that have a path into a folder.

    Args:
        path: The archive.
        folder: Where to write; it has to exist.
        path_of: A member's name → its path in the folder, or None to leave it out.
        bounds: The most that it may hold.
        progress: Called with the bytes written so far.

    Returns:
        How many files were written.

    Raises:
        ArchiveError: The archive is damaged or hostile; the folder then holds a part of it.
    """
    seen: set[str] = set()
    written = 0
    with _reading(path):
        for member in members(path, bounds):
            name = path_of(member.name)
            if name is None:
                continue
            # Where file systems fold case or accents, two such names would be one file.
            key = unicodedata.normalize("NFC", name).casefold()
            check(path, key not in seen, "every name once", f"{shown(name)} twice")
            seen.add(key)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            written += _write(path, member, target)
            progress(written)
    return len(seen)


def _write(path: Path, member: Member, target: Path) -> int:
    """Write one member; return its bytes."""
    written = 0
    with member.open() as stream, naming(target), target.open("xb") as out:
        while data := stream.read(CHUNK):
            written += len(data)
            if written > member.size:
                break
            out.write(data)
    found = f"{written:,} in {shown(member.name)}"
    check(path, written == member.size, f"{member.size:,} bytes", found)
    return written


def read_texts(path: Path, names: Collection[str], bounds: Bounds) -> dict[str, str]:
    """Return the text of some members.

    Raises:
        ArchiveError: One of them is missing or no text, or the archive is damaged or hostile.
    """
    texts: dict[str, str] = {}
    with _reading(path):
        for member in members(path, bounds):
            if member.name in names:
                with member.open() as stream:
                    texts[member.name] = stream.read(bounds.each).decode("utf-8")
    missing = sorted(set(names) - set(texts))
    check(path, not missing, listing(names), f"no {listing(missing)}")
    return texts


def unwrapped(path: Path, name: str, folder: Path, bounds: Bounds) -> Path:
    """Return the archive ``name`` that a zip holds, unpacked into the folder, else the zip itself.

    What a competition's page offers as a whole wraps its archives in another one.

    Raises:
        ArchiveError: The outer archive is damaged or hostile.
    """
    if not zipfile.is_zipfile(path):
        return path
    roomy = replace(bounds, each=bounds.total)
    inner = unpack(path, folder, lambda found: name if found == name else None, roomy)
    return folder / name if inner else path
