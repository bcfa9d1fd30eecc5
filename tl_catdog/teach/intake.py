"""What came is sorted out by content: pictures, archives of them, and what is neither."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tl_catdog.data.formats import HEAD, format_of
from tl_catdog.data.opening import no_picture
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import CatdogError, shortened
from tl_catdog.fetch.archive import Bounds
from tl_catdog.fetch.archive_streams import ArchiveError
from tl_catdog.teach.archives import is_archive, pictures_in
from tl_catdog.teach.changing import refused
from tl_catdog.teach.uploads import Upload, check_room

INCOMING = "incoming"
"""The folder below the journal's where files wait; whatever is there at a start is a rest."""

MOST_TOLD = 100  # files that are told by name; the number of the others is


@dataclass(frozen=True)
class Sorted:
    """What came: pictures, and what isn't taken, by name with the reason."""

    pictures: tuple[Upload, ...]
    refused: tuple[tuple[str, str], ...]


@contextlib.contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Give an empty folder below a folder's, which is gone in the end with all that is in it.

    Raises:
        CatdogError: The disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder))
    except OSError as error:
        raise refused(error, f"to put what comes into {folder}") from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what a server that was killed left behind; it isn't needed by anything."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def sorted_out(
    uploads: list[Upload],
    folder: Path,
    bounds: Bounds,
    check: Callable[[], None] = lambda: None,
) -> Sorted:
    """Return which files are pictures, by how they begin; archives are opened, once.

    Args:
        uploads: Files that came.
        folder: Where what archives hold is written to.
        bounds: What archives may hold, all together.
        check: Called for each file; what it raises ends this.
    """
    left = bounds
    pictures: list[Upload] = []
    refused: list[tuple[str, str]] = []
    for number, upload in enumerate(uploads):
        found = [upload]
        try:
            if is_archive(upload.path):
                found = unpacked(upload, folder / f"archive-{number}", left, check)
                used = sum(one.path.stat().st_size for one in found)
                left = replace(left, members=left.members - len(found), total=left.total - used)
                if not found:
                    refused.append((told(upload.name), "an archive without files"))
        except ArchiveError as error:
            words = error.message.replace(f" in {upload.path.name},", " in it,", 1)
            refused.append((told(upload.name), words))
            continue
        except OSError as error:
            words = f"can't be read or unpacked ({error.strerror or type(error).__name__})"
            refused.append((told(upload.name), words))
            continue
        for one in found:
            check()
            why = why_no_picture(one.path)
            if why is None:
                pictures.append(one)
            else:
                refused.append((told(one.name), why))
                one.path.unlink(missing_ok=True)  # its room is needed
    if len(refused) > MOST_TOLD:
        more = len(refused) - MOST_TOLD
        refused[MOST_TOLD:] = [(f"{more:,} more files", "not pictures that are read")]
    return Sorted(tuple(pictures), tuple(refused))


def unpacked(
    upload: Upload, folder: Path, bounds: Bounds, check: Callable[[], None]
) -> list[Upload]:
    """Unpack an archive into a new folder; nothing is left of one that isn't taken, nor it itself.

    Raises:
        ArchiveError: It is damaged or hostile.
        OSError: The disk refuses, or has no room.
    """

    def written(_: int) -> None:
        check()
        check_room(folder)

    folder.mkdir()
    try:
        found = pictures_in(upload.path, folder, bounds, written)
    except (ArchiveError, OSError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        upload.path.unlink(missing_ok=True)
    return [Upload(name, path) for name, path in found]


def why_no_picture(path: Path) -> str | None:
    """Return why a file isn't taken, by its size and its first bytes; None if it is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
            if not size:
                return "the file is empty"
            if size > MAX_BYTES:
                return f"more than {MAX_BYTES:,} bytes"
            if format_of(head) is None:
                return no_picture(head).message
    except (OSError, CatdogError) as error:
        return f"can't be read ({error})"
    return None


def told(name: str) -> str:
    """Return a stranger's name for a file as a line shows it: its end, without odd characters."""
    plain = name.replace("\\", "/").rpartition("/")[2] or name
    shown = "".join(char if char.isprintable() else "·" for char in plain)
    return shortened(unicodedata.normalize("NFC", shown))


def folder_of(name: str) -> str | None:
    """Return the folder that a file of an upload lay in, by which its class may be told.

    >>> folder_of("pets/cats/1.jpg"), folder_of("1.jpg"), folder_of("a\\\\b.jpg")
    ('cats', None, 'a')
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return parts[-2] if len(parts) > 1 else None
