"""Pictures at an address as a folder in the cache: every command can work on that.

A mirror is of one listing: names, sizes and versions. Another listing of the same address gets a
mirror of its own, which shares the files that are the same; so what a training reads never changes
under it. Mirrors together have a bound: what was longest unused, and nobody uses now, goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tl_catdog.data.mirrors import (
    COMPLETE,
    INDEX,
    MIRRORS,
    Mirror,
    limit,
    make_room,
    mirrors,
    overlap,
    use,
)
from tl_catdog.data.objects import images_below, is_plain
from tl_catdog.data.parallel import Progress, chunks
from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.files import naming, passing_folder, usable_cache_folder, write_json, write_text
from tl_catdog.scratch import put_in_place, scratch_file, sync
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import ChangedError, GoneError
from tl_catdog.storage.places import Place, is_url
from tl_catdog.storage.remote import MD5
from tl_catdog.wording import byte_size, left_out

AT_ONCE = 16
"""Requests that are under way at the same time; each waits for the store most of its time."""
TABLE_BYTES = 2**28
PLAIN = "pictures"  # what a folder without a name is called here
LARGE = "picture of too many bytes"
FORMAT = 1

_fetched: dict[Path, str] = {}
"""What this process has fetched: from which address, by where it is now."""


@dataclass(frozen=True)
class Plan:
    """What is at an address, before anything of it is fetched.

    Attributes:
        place: The address.
        entries: Its pictures and tables of labels, with their names below it.
        left_out: What else is there: how many by what it is.
        missing: Bytes that aren't here yet.
    """

    place: Place
    entries: tuple[Entry, ...]
    left_out: Counter[str]
    missing: int

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(entry.size for entry in self.entries)


def mirrored(
    place: Place,
    before: Callable[[Plan], None] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Return the folder, or the file, on this machine's disk that has what an address has.

    It is listed once; what isn't here is fetched, all of it. It stays as it is until this process
    ends.

    Args:
        place: An address; a folder on this disk is returned as it is.
        before: Called before something is fetched.
        progress: Called with (done, total) files meanwhile.

    Raises:
        UsageError: There are no pictures, or more than the bound allows.
        CatdogError: They can't be fetched, changed meanwhile, or have names that no disk can hold.
    """
    if place.path is not None:
        return place.path
    single = place.info_or_none()
    rest = Counter[str]()
    one = single is not None and not single.folder
    if single is not None and one:
        if not is_plain(place.name):
            raise UsageError(f"expected a name for a file, found {place}.", "Rename it there")
        entries: tuple[Entry, ...] = (Entry(place.name, single.size, single.version),)
    else:
        entries = _listed(place, rest)
    base = place.above if one else place
    cache = usable_cache_folder() or passing_folder()
    folder = cache / MIRRORS
    mirror = Mirror(folder / _key(place, entries))
    root = mirror.path / _called(base)
    use(mirror)
    with FileLock(folder / f"{mirror.key}.filling"):
        whole = mirror.whole
        missing = [entry for entry in entries if not _is_here(root, entry, whole=whole)]
        if missing or not whole:
            missing = list(_shared(missing, root, base, mirror))
            plan = Plan(place, entries, rest, sum(entry.size for entry in missing))
            _check_size(plan, folder)
            make_room(folder, plan.bytes, mirror)
            if missing and before is not None:
                before(plan)
            _fetch(base, missing, root, progress)
            _complete(mirror, plan, root)
    found = root / place.name if one else root
    _fetched[found] = str(place)
    return found


def fetched_from(path: Path) -> str | None:
    """Return the address that this process fetched a file from; None if it didn't.

    >>> fetched_from(Path("cat.jpg"))
    """
    for folder in (path, *path.parents) if _fetched else ():
        if folder in _fetched:
            below = path.relative_to(folder).as_posix()
            return _fetched[folder] if below == "." else f"{_fetched[folder]}/{below}"
    return None


def on_disk(data: str | os.PathLike[str]) -> Path:
    """Return the absolute path of what a program names: of a mirror, if it is an address.

    Raises:
        UsageError: See ``mirrored``.
        CatdogError: See ``mirrored``.
    """
    return mirrored(Place.of(data)) if is_url(data) else Path(data).absolute()


def _called(place: Place) -> str:
    """Return what a folder is called here: never what would lead out of its mirror."""
    return place.name if is_plain(place.name) else PLAIN


def _listed(place: Place, rest: Counter[str]) -> tuple[Entry, ...]:
    """Return the pictures below an address, and the tables that may have their labels.

    Raises:
        UsageError: There are no pictures.
    """
    tables: list[Entry] = []
    images = list(images_below(place, rest, tables))
    rest[LARGE] = sum(entry.size > MAX_BYTES for entry in images)
    images = [entry for entry in images if entry.size <= MAX_BYTES]
    rest += Counter()  # without what there is none of
    if not images:
        instead = f" ({left_out(rest)})" if rest else ""
        raise UsageError(
            f"expected pictures at {place}, found none{instead}.",
            "Look at the address: is it spelt right, and yours to list?",
        )
    return *images, *(entry for entry in tables if entry.size <= TABLE_BYTES)


def _key(place: Place, entries: Iterable[Entry]) -> str:
    whole = hashlib.sha256(f"{FORMAT} {place}".encode("utf-8", "surrogateescape"))
    for entry in entries:
        line = json.dumps([entry.name, entry.size, entry.version])
        whole.update(line.encode() + b"\n")
    return whole.hexdigest()[:32]


def _is_here(root: Path, entry: Entry, *, whole: bool) -> bool:
    """Return whether a file is here; where a power cut may have been, only if its hash says so."""
    path = root / entry.name
    try:
        status = path.lstat()
    except OSError:
        return False
    if status.st_size != entry.size:
        return False
    if whole:
        return True
    if not MD5.fullmatch(entry.version):
        return False
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest() == entry.version


def _check_size(plan: Plan, folder: Path) -> None:
    """Make sure that there may be, and can be, so much.

    Raises:
        UsageError: There can't.
    """
    most, variable = limit()
    if plan.bytes > most:
        raise UsageError(
            f"expected at most {byte_size(most)} at {plan.place}, to be kept in the cache, found "
            f"{byte_size(plan.bytes)}.",
            f"Type: export {variable}={-(-plan.bytes // 10**9)}, or extract features where they "
            f"are: tl-catdog batch features {plan.place} --out DEST",
        )
    folder.mkdir(parents=True, exist_ok=True)
    held = sum(mirror.bytes for mirror in mirrors(folder))
    free = shutil.disk_usage(folder).free
    if plan.missing > free + held:
        raise UsageError(
            f"expected {byte_size(plan.missing)} free in {folder}, found {byte_size(free)}.",
            "Name another disk: export XDG_CACHE_HOME=FOLDER",
        )


def _shared(missing: list[Entry], root: Path, base: Place, own: Mirror) -> Iterator[Entry]:
    """Link what other mirrors have, of the same address and version; yield the rest."""
    wanted = {(f"{base}/{entry.name}", entry.size, entry.version) for entry in missing}
    known: dict[tuple[str, int, str], Path] = {}
    for other in mirrors(own.path.parent) if missing else ():
        if other.key == own.key or not other.whole or not overlap(other.place, str(base)):
            continue
        top = Place(other.place)
        if not (other.path / _called(top)).is_dir():
            top = top.above  # it has one file
        for name, size, version in other.index():
            key = f"{top}/{name}", size, version
            if version and key in wanted:
                known[key] = other.path / _called(top) / name
    for entry in missing:
        path = known.get((f"{base}/{entry.name}", entry.size, entry.version))
        if path is None or not _linked(path, root / entry.name, entry.size):
            yield entry


def _linked(old: Path, new: Path, size: int) -> bool:
    with contextlib.suppress(OSError):
        if old.lstat().st_size != size:
            return False
        new.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        os.link(old, new)
        return True
    return False


def _fetch(base: Place, entries: list[Entry], root: Path, progress: Progress | None) -> None:
    """Fetch files, each written beside its place and renamed.

    Raises:
        CatdogError: One can't be fetched, or its name is none that this disk can hold.
    """

    def fetch(entry: Entry) -> None:
        try:
            data = (base / entry.name).read(entry=entry, most=max(MAX_BYTES, TABLE_BYTES))
        except GoneError as error:
            raise ChangedError(
                f"expected files that stay while they are fetched, found {base / entry.name} gone.",
                "Type the same command again",
            ) from error
        path = root / entry.name
        try:
            with naming(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with scratch_file(path) as temporary:
                    temporary.write_bytes(data)
                    temporary.chmod(0o444)
                    put_in_place(temporary, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise CatdogError(
                f"expected names that can be files' and folders', found that {entry.name} is both "
                f"at {base}.",
                "Rename it there",
            ) from error

    done = 0
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetching")
    try:
        for part in chunks(iter(entries), AT_ONCE * 4):
            for _ in pool.map(fetch, part):
                done += 1
                if progress is not None:
                    progress(done, len(entries))
    finally:
        pool.shutdown(cancel_futures=True)


def _complete(mirror: Mirror, plan: Plan, root: Path) -> None:
    """Say that a mirror is whole, once all of it is on the disk.

    Raises:
        CatdogError: The disk has taken two names for one.
    """
    for entry in plan.entries:
        path = root / entry.name
        if not path.is_file() or path.stat().st_size != entry.size:
            raise CatdogError(
                f"expected a file for each name at {plan.place}, found that this disk takes "
                f"{entry.name} and another for the same.",
                "Name another disk: export XDG_CACHE_HOME=FOLDER",
            )
    sync(root)
    index = (json.dumps([entry.name, entry.size, entry.version]) for entry in plan.entries)
    write_text(mirror.path / INDEX, "".join(f"{line}\n" for line in index))
    write_json(mirror.path / COMPLETE, {"format": FORMAT, "place": str(plan.place)})
