"""Getting a public picture set: fetch, verify, unpack, publish; all of it or nothing."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.fetch import kaggle
from tl_catdog.fetch import storage as places
from tl_catdog.fetch.archive import ArchiveError, Bounds, unpack, unwrapped
from tl_catdog.fetch.catalogue import Archive, PublicSet
from tl_catdog.fetch.download import Download
from tl_catdog.fetch.hashes import Hashes, sha256_of
from tl_catdog.fetch.progress import Listener
from tl_catdog.fetch.retry import RetryPolicy
from tl_catdog.fetch.storage import InstalledSet
from tl_catdog.files import SET_RECORD, write_json


@dataclass(frozen=True)
class Means:
    """What getting a set makes use of; tests give their own."""

    listener: Listener = field(default_factory=Listener)
    patience: RetryPolicy = field(default_factory=RetryPolicy)
    bounds: Bounds = field(default_factory=Bounds)
    free: Callable[[Path], int] = places.free_bytes


def command(public_set: PublicSet, into: Path) -> str:
    """Return the command that gets the set."""
    where = "" if into == Path(places.USUAL) else f" --into {shlex.quote(str(into))}"
    return f"tl-catdog data get {public_set.name}{where}"


def get_set(
    public_set: PublicSet, into: Path, files: Sequence[Path] = (), means: Means | None = None
) -> InstalledSet:
    """Put a set into a folder of its name, unless it is there.

    Args:
        source: Which set.
        into: The folder that gets the set's folder.
        files: Its archives, if they are here already; then no network is used.
        means: How; default: patiently and in silence.

    Raises:
        UsageError: The folder holds something else, or the files aren't the set's archives.
        CatdogError: The set can't be had whole; then nothing is left but the cache.
    """
    means = means or Means()
    found = places.present(public_set, into)
    if found is not None:
        return found
    places.check_free(public_set, into)
    cache = places.archives_folder()
    with places.on_disk(cache), places.locked(cache / f"{public_set.name}.lock", means.listener):
        # Another one may have got it while this one waited.
        found = places.present(public_set, into)
        if found is not None:
            return found
        with places.on_disk(into), places.scratch(public_set, into) as folder:
            return _Getting(public_set, into, cache, folder, means).run(files)


@dataclass(frozen=True)
class _Getting:
    """One set on its way, through a scratch folder beside its place."""

    public_set: PublicSet
    into: Path
    cache: Path
    scratch: Path
    means: Means

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
                self._forget()
            raise
        digests = {
            archive.name: digest
            for archive, (_, digest) in zip(self.public_set.archives, paths, strict=True)
        }
        write_json(made / SET_RECORD, places.record_of(self.public_set, digests))
        places.publish(made, self.into / self.public_set.name)
        recorded = [
            archive.name
            for archive in self.public_set.archives
            if self.hashes.record(archive, digests[archive.name])
        ]
        self._forget()
        return places.got(self.public_set, self.into, recorded=recorded)

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
            path = unwrapped(path, archive.name, self.scratch, self.means.bounds)
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
        self.means.listener.say(f"Fetching {archive.name} from Kaggle.")
        path = kaggle.download(self.public_set.competition, archive.name, self.again)
        digest = self._digest(path)
        self.hashes.check(archive, digest)
        return path, digest

    def _fetched(self, archive: Archive) -> tuple[Path, str]:
        """Return an archive from the network, and its hash."""
        whole = self.cache / archive.name
        part = places.partial_file_of(archive)
        for last in (False, True):
            joined = False
            if not whole.exists():
                Download(archive, part, self.means.listener, self.means.patience, self.again).run()
                joined = part.joined()
                part.finish(whole)
            digest = self._digest(whole)
            try:
                self.hashes.check(archive, digest)
            except CatdogError:
                whole.unlink()
                if last or not joined:
                    raise
                self.means.listener.say(
                    f"{archive.name}: the pieces don't fit together. Fetching it as a whole."
                )
            else:
                break
        return whole, digest

    def _digest(self, path: Path) -> str:
        total = path.stat().st_size
        return sha256_of(path, lambda done: self.means.listener.progress("checking", done, total))

    def _unpacked(self, paths: Sequence[Path]) -> Path:
        """Unpack into the scratch folder; return the set's folder there."""
        public_set, means = self.public_set, self.means
        made = self.scratch / public_set.name
        made.mkdir()
        plan = public_set.layout(paths, means.bounds)

        def progress(written: int) -> None:
            means.listener.progress("unpacking", written, max(public_set.room, written))

        images = unpack(plan.archive, made, plan.place, means.bounds, progress)
        if images != public_set.images:
            raise ArchiveError(plan.archive, f"{public_set.images:,} pictures", f"{images:,}")
        return made

    def _check_room(self, *, fetching: bool) -> None:
        """Make sure that there is room for the archives and the pictures.

        Raises:
            CatdogError: There isn't.
        """
        missing = self.public_set.size - places.kept_bytes(self.public_set) if fetching else 0
        needs = [(self.cache, max(0, missing)), (self.into, self.public_set.room)]
        places.check_room(needs, self.means.free, self.again)

    def _forget(self) -> None:
        """Drop the archives from our cache: they have done their work, or can't."""
        for archive in self.public_set.archives:
            (self.cache / archive.name).unlink(missing_ok=True)
            places.partial_file_of(archive).drop()
