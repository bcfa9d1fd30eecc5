"""A data folder whose files are put aside and brought back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tl_catdog.journal.journal import Journal
from tl_catdog.journal.moves import Move, Moved

ODD = os.fsdecode(b"caf\xe9 \xff\n.jpg")


class Room:
    """A data folder with files, and moves to a folder beside it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.data = base / "set"
        self.data.mkdir()
        self.journal = Journal(
            base / "set.aside", self.data, ".aside", "tl-catdog data fix set --undo"
        )

    def add(self, name: str, content: bytes) -> Move:
        """Write a file; return the move that puts it aside."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        return Move("leak", f"set/{name}", f"set.aside/leak/{name}", digest)

    def apply(self, *moves: Move) -> Moved:
        return self.journal.apply(moves, {"for": "a test"})

    def logs(self) -> list[str]:
        return sorted(path.name for path in self.journal.folder.glob("*.jsonl"))

    def files(self) -> dict[str, bytes]:
        """Return every file but the logs."""
        return {
            path.relative_to(self.base).as_posix(): path.read_bytes()
            for path in self.base.rglob("*")
            if path.is_file() and path.suffix != ".jsonl"
        }


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def rows(log: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]
