"""A folder with all that a command needs, put back as it was as often as wanted."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.gate import Gate
from tests.faults.process import Done, run, start

Step = tuple[object, ...] | Callable[[Path], None]
"""What makes a world: words of tl-catdog, or a function of its folder."""
Body = Callable[..., None]

OWN_BUSINESS = re.compile(
    r"^home/.cache/tl-catdog/(features\.sqlite.*|.*\.lock)$|^home/(?!\.cache)"
)
"""What may come and go: the feature cache's files, and other programs' files."""

TEXTS = {".html", ".json", ".md"}
TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
"""The time of day, which no two files of such kinds have in common."""

Snapshot = dict[str, str]
"""What each path below a folder holds: the SHA-256 of a file, or what else it is."""


class BrokenWorldError(Exception):
    """A world can't be made: then nothing can be said."""


@dataclass
class World:
    """A folder ``world`` for commands to work in, beside copies of how it was.

    Attributes:
        place: Holds both.
        more: Variables for all commands.
        known: What commands do here when nothing happens, by their names; see ``kills.expect``.
    """

    place: Path
    more: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def root(self) -> Path:
        """The working folder, the same for each command: runs remember where pictures are."""
        return self.place / "world"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that keep commands within this folder."""
        home = self.root / "home"
        return {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), **self.more}

    def make(self, steps: Sequence[Step]) -> None:
        """Put the folder into the state that some steps lead to; they are taken only once."""
        key = hashlib.sha256(repr([_name(step) for step in steps]).encode()).hexdigest()[:12]
        kept = self.place / key
        if not kept.exists():
            if steps:
                self.make(steps[:-1])
                self._take(steps[-1])
            else:
                self._empty()
                (self.root / "home").mkdir()
            self.keep(key)
        self.put_back(key)

    def keep(self, key: str) -> None:
        """Keep a copy of the folder."""
        shutil.copytree(self.root, self.place / key, symlinks=True)

    def put_back(self, key: str) -> None:
        """Make the folder what a copy holds."""
        self._empty()
        shutil.copytree(self.place / key, self.root, symlinks=True, dirs_exist_ok=True)

    def _empty(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True, exist_ok=True)

    def _take(self, step: Step) -> None:
        if callable(step):
            step(self.root)
            return
        done = self.type(step)
        if done.code:
            raise BrokenWorldError(f"{step}: exit code {done.code}: {done.err[-500:]}")

    def type(self, words: Sequence[object], body: Body | None = None, **more: float) -> Done:
        """Type a command in the folder, unharmed."""
        return run(words, self.root, self.environment, None, body, **more)

    def watch(self, words: Sequence[object], gate: Gate, body: Body | None = None) -> Done:
        """Type a command whose changes ask a gate."""
        return start(words, self.root, self.environment, gate, body).wait()

    def size(self) -> int:
        """Return how many bytes all files in the folder hold."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    def snapshot(self) -> Snapshot:
        """Return what is in the folder."""
        return snapshot(self.root)


def _name(step: Step) -> object:
    return f"{step.__module__}.{step.__qualname__}" if callable(step) else step


def snapshot(root: Path) -> Snapshot:
    """Return what is in a folder; what may come and go is left out."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if not OWN_BUSINESS.match(relative):
                found[relative] = content(path)
    return found


def content(path: Path) -> str:
    """Return what is at a path: the SHA-256 of a file, or what else it is."""
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        data = path.read_bytes()
        return hashlib.sha256(TIME.sub(b"", data) if path.suffix in TEXTS else data).hexdigest()
    if stat.S_ISLNK(mode):
        return f"link to {path.readlink()}"
    return "folder" if stat.S_ISDIR(mode) else "special"


def difference(found: Snapshot, wanted: Sequence[Snapshot], ignored: str = "") -> list[str]:
    """Return in which paths a folder differs from how it should be.

    What differs between the wanted ones, such as what holds the time, may be anything.
    """
    first = wanted[0]
    skip = re.compile(ignored or r"(?!)")
    said = [f"is there: {path}" for path in found if path not in first and not skip.match(path)]
    for path, held in first.items():
        if skip.match(path):
            continue
        if path not in found:
            said.append(f"isn't there: {path}")
        elif found[path] != held and all(other.get(path) == held for other in wanted):
            said.append(f"holds something else: {path}")
    return sorted(said)
