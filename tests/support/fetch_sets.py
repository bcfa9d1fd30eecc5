"""Tiny archives in the shape of the public ones, and getting them."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.fetch_server import Site
from tl_catdog.fetch import storage
from tl_catdog.fetch.archive import Bounds
from tl_catdog.fetch.catalogue import FILTERED, Archive, PublicSet
from tl_catdog.fetch.getting import FetchOptions, get_set
from tl_catdog.fetch.progress import Listener
from tl_catdog.fetch.retry import RetryPolicy
from tl_catdog.files import SET_RECORD

Files = dict[str, bytes]


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


FEW: Files = {
    f"cats_and_dogs_filtered/{split}/{label}/{number}.jpg": noise(9_000, number + 10 * place)
    for place, (split, label) in enumerate(
        (split, label) for split in ("train", "validation") for label in ("cats", "dogs")
    )
    for number in range(3)
}
EXTRA: Files = {"cats_and_dogs_filtered/vectorize.py": b"print('not a picture')"}


def zipped(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            # Of no time, so that the same files always make the same archive.
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def tarred(files: Files, *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        for info in more:
            file.addfile(info, io.BytesIO(bytes(info.size)))
    return out.getvalue()


def placed(name: str) -> str:
    return name.removeprefix("cats_and_dogs_filtered/")


@dataclass
class Shop:
    """A server, a folder, and what was said and waited."""

    site: Site
    into: Path
    said: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    retry: RetryPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.retry = RetryPolicy(
            connect_timeout=5,
            read_timeout=0.4,
            tries=4,
            first_wait=1,
            longest_wait=3,
            longest_retry_after=60,
            sleep=self.waits.append,
        )

    def source(
        self, data: bytes | None = None, *, name: str = "few.zip", pinned: bool = True
    ) -> PublicSet:
        """Put a set on the server."""
        data = zipped(FEW | EXTRA) if data is None else data
        self.site.files[f"/sets/{name}"] = data
        sha256 = hashlib.sha256(data).hexdigest() if pinned else ""
        archive = Archive(name, f"{self.site.address}/sets/{name}", len(data), sha256)
        return replace(FILTERED, archives=(archive,), images=len(FEW), room=len(data))

    def get(self, source: PublicSet, *files: Path, **other: Any) -> storage.InstalledSet:
        options = FetchOptions(Listener(say=self.said.append), self.retry, Bounds())
        return get_set(source, self.into, files, replace(options, **other))

    def is_right(self) -> bool:
        """Whether the folder holds the tiny set, whole, and nothing lies beside it."""
        folder = self.into / "filtered"
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name != SET_RECORD
        }
        wanted = {placed(name): data for name, data in FEW.items()}
        return found == wanted and [path.name for path in self.into.iterdir()] == ["filtered"]

    def is_empty(self) -> bool:
        return not self.into.exists()

    def cached(self) -> set[str]:
        """What the cache holds, but for the lock."""
        return {p.name for p in storage.archives_folder().iterdir() if p.suffix != ".lock"}
