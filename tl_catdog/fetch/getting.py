"""Getting a public picture set: fetch, verify, unpack, publish; all of it or nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.fetch import kaggle, rests, storage
from tl_catdog.fetch.archive import Bounds, unpack, unwrapped
from tl_catdog.fetch.archive_streams import ArchiveError
from tl_catdog.fetch.catalogue import Archive, PublicSet
from tl_catdog.fetch.download import Download
from tl_catdog.fetch.hashes import Hashes, sha256_of
from tl_catdog.fetch.progress import Listener
from tl_catdog.fetch.retry import RetryPolicy
from tl_catdog.fetch.storage import InstalledSet
from tl_catdog.files import SET_RECORD, write_json


@dataclass(frozen=True)
class FetchOptions:
    """How to get a set.

    Attributes:
        listener: What to call on the way; nothing by default.
        retry: How long to wait for servers, and how often to try again.
        bounds: The most that an archive may hold.
        free: Returns the free bytes on a folder's disk.
    """

    listener: Listener = field(default_factory=Listener)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    bounds: Bounds = field(default_factory=Bounds)
    free: Callable[[Path], int] = storage.free_bytes


def command(public_set: PublicSet, into: Path) -> str:
    """Return the command that gets the set."""
    where = "" if into == Path(storage.DEFAULT_FOLDER) else f" --into {shlex.quote(str(into))}"
    return f"tl-catdog data get {public_set.name}{where}"


def get_set(
    public_set: PublicSet,
    into: Path,
    files: Sequence[Path] = (),
    options: FetchOptions | None = None,
) -> InstalledSet:
    """Put a set into a folder of its name, unless it is there.

    Args:
        public_set: Which set.
        into: The folder that gets the set's folder.
        files: Its archives, if they are here already; then no network is used.
        options: How; by default in silence.

    Raises:
        UsageError: The folder holds something else, or the files aren't the set's archives.
        CatdogError: The set can't be had whole; then nothing is left but the cache.
    """
    options = options or FetchOptions()
    found = storage.find_installed(public_set, into)
    if found is not None:
        rests.tidy(public_set, into)
        return found
    storage.check_folder(public_set, into)
    cache = storage.writable_archives_folder()
    with (
        storage.on_disk(cache),
        storage.locked(cache / f"{public_set.name}.lock", options.listener),
    ):
        # Another one may have got it while this one waited.
        found = storage.find_installed(public_set, into)
        if found is not None:
            return found
        with storage.on_disk(into), storage.scratch(public_set, into) as folder:
            return _Getting(public_set, into, cache, folder, options).run(files)


@dataclass(frozen=True)
class _Getting:
    """One set on its way, through a scratch folder beside its own."""

    public_set: PublicSet
    into: Path
    cache: Path
    scratch: Path
    options: FetchOptions

    @property
    def hashes(self) -> Hashes:
        return Hashes(self.cache / "hashes.json")

    @property
    def again(self) -> str:
        return command(self.public_set, self.into)

    def run(self, files: Sequence[Path]) -> InstalledSet:
        given = self._sorted(files) if files else []
        self._check_room(fetching=not given)
        if given:
            paths = [
                self._given(*pair) for pair in zip(self.public_set.archives, given, strict=True)
            ]
        elif self.public_set.competition:
            paths = [self._from_kaggle(archive) for archive in self.public_set.archives]
        else:
            paths = [self._fetched(archive) for archive in self.public_set.archives]
        try:
            made = self._unpacked([path for path, _ in paths])
        except ArchiveError:
            if not given:
                rests.drop_archives(self.public_set)
            raise
        digests = {
            archive.name: digest
            for archive, (_, digest) in zip(self.public_set.archives, paths, strict=True)
        }
        write_json(made / SET_RECORD, storage.record_of(self.public_set, digests))
        # Before the set is there: after that, a kill would leave it without.
        recorded = [
            archive.name
            for archive in self.public_set.archives
            if self.hashes.record(archive, digests[archive.name])
        ]
        storage.publish(made, self.into / self.public_set.name)
        rests.drop_archives(self.public_set)
        return storage.read_installed(self.public_set, self.into, recorded=recorded)

    def _sorted(self, files: Sequence[Path]) -> list[Path]:
        """Return the files in the order of the set's archives, by name or else by size."""
        left = list(files)
        for path in left:
            if not path.is_file():
                raise UsageError(f"expected an archive, found no file {path}.", f"Type: ls {path}")
        archives = self.public_set.archives
        if len(left) != len(archives):
            names = listing(archive.name for archive in archives)
            words = " ".join(f"--from {archive.name}" for archive in archives)
            raise UsageError(
                f"expected {len(archives)} archives ({names}), found {len(left)}.",
                f"Type: {self.again} {words}",
            )
        if len(left) == 1:
            return left

        def fits(archive: Archive, path: Path) -> bool:
            return path.name == archive.name or path.stat().st_size == archive.size

        return [next((p for p in left if fits(archive, p)), left[0]) for archive in archives]

    def _given(self, archive: Archive, path: Path) -> tuple[Path, str]:
        """Return an archive that was given, and its hash."""
        if self.public_set.competition:
            path = unwrapped(path, archive.name, self.scratch, self.options.bounds)
        size = path.stat().st_size
        if archive.exact and size != archive.size:
            raise UsageError(
                f"expected {archive.name} of {archive.size:,} bytes, found {size:,} in {path}.",
                f"Get {archive.url}, or type: {self.again}",
            )
        digest = self._digest(path)
        self.hashes.check(archive, digest)
        return path, digest

    def _from_kaggle(self, archive: Archive) -> tuple[Path, str]:
        self.options.listener.say(f"Fetching {archive.name} from Kaggle.")
        path = kaggle.download(self.public_set.competition, archive.name, self.again)
        digest = self._digest(path)
        self.hashes.check(archive, digest)
        return path, digest

    def _fetched(self, archive: Archive) -> tuple[Path, str]:
        """Return an archive from the network, and its hash."""
        whole = self.cache / archive.name
        part = storage.partial_file_of(archive)
        for last in (False, True):
            joined = False
            if not whole.exists():
                Download(archive, part, self.options.listener, self.options.retry, self.again).run()
                joined = part.joined()
                part.finish(whole)
            digest = self._digest(whole)
            try:
                self.hashes.check(archive, digest)
            except CatdogError:
                whole.unlink()
                if last or not joined:
                    raise
                self.options.listener.say(
                    f"{archive.name}: the pieces don't fit together. Fetching it as a whole."
                )
            else:
                break
        return whole, digest

    def _digest(self, path: Path) -> str:
        total = path.stat().st_size
        return sha256_of(path, lambda done: self.options.listener.progress("checking", done, total))

    def _unpacked(self, paths: Sequence[Path]) -> Path:
        """Unpack into the scratch folder; return the set's folder there."""
        public_set, options = self.public_set, self.options
        made = self.scratch / public_set.name
        made.mkdir()
        plan = public_set.layout(paths, options.bounds)

        def progress(written: int) -> None:
            options.listener.progress("unpacking", written, max(public_set.room, written))

        images = unpack(plan.archive, made, plan.path_of, options.bounds, progress)
        if images != public_set.images:
            raise ArchiveError(plan.archive, f"{public_set.images:,} pictures", f"{images:,}")
        return made

    def _check_room(self, *, fetching: bool) -> None:
        """Make sure that there is room for the archives and the pictures.

        Raises:
            CatdogError: There isn't.
        """
        missing = self.public_set.size - storage.kept_bytes(self.public_set) if fetching else 0
        needs = [(self.cache, max(0, missing)), (self.into, self.public_set.room)]
        storage.check_room(needs, self.options.free, self.again)
