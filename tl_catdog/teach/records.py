"""What is known of jobs on the disk: what was begun, whether it goes on, and how it ended.

Each has files in ``.teach/jobs``: ``3.json`` says what was begun, ``3.log`` what it said; the
process itself writes ``3.pid`` and ``3.end`` (``child.py``). They are read as a stranger's: no path
comes from them, and no process is touched that isn't the one that was begun.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from tl_catdog.data.reading import read_file
from tl_catdog.errors import UsageError
from tl_catdog.files import write_json
from tl_catdog.runs import rules
from tl_catdog.teach.child import END, PROCESS

KINDS = ("train", "export", "report", "compare")
FORMATS = ("onnx", "onnx-uint8", "litert", "litert-int8", "keras", "savedmodel", "triton")
MOST = 65_536  # bytes of a file
DRIFT = 5.0
"""Seconds by which a process's start may read differently, as the clock was set meanwhile."""
NUMBER = re.compile(r"[1-9][0-9]{0,8}")

_word = rules.text(4096)
_record = rules.record(
    {
        "kind": rules.one_of(*KINDS),
        "run": rules.matching(r"(?!\.{1,2}$)[^/\\\x00]{1,255}", "a run's name"),
        "words": rules.items(_word, least=1, most=100),
        "format": rules.one_of("", *FORMATS),
        "folder": rules.text(),
        "began": rules.real(0, 2**40),
        "stopped": rules.flag,
    },
    {"asked": rules.text(100)},
)


@dataclass(frozen=True)
class Record:
    """What was begun.

    Attributes:
        kind: The command.
        run: The run that it makes, or is about.
        words: What is typed after ``tl-catdog``.
        format: Of an export; else empty.
        folder: The working folder then.
        began: When, in seconds since 1970.
        stopped: Whether it was asked to end.
        asked: Which request began it, as ``Working.once`` has it; empty where that isn't known.
    """

    kind: str
    run: str
    words: tuple[str, ...]
    format: str
    folder: str
    began: float
    stopped: bool = False
    asked: str = ""


class Records:
    """The files of jobs.

    Args:
        folder: ``.teach/jobs``; made when something is begun.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield the jobs that there are, the oldest first; what is none is passed over."""
        with contextlib.suppress(OSError):
            if self._linked():
                return
            stems = [path.stem for path in self.folder.iterdir() if path.suffix == ".json"]
            for number in sorted(int(stem) for stem in stems if NUMBER.fullmatch(stem)):
                with contextlib.suppress(OSError, rules.WrongValueError):
                    value = rules.from_json(self._content(number, ".json"))
                    _record(value)
                    value["words"] = tuple(value["words"])
                    names = Record.__dataclass_fields__
                    yield number, Record(**{key: value[key] for key in names if key in value})

    def begin(self, record: Record) -> int:
        """Write down what is about to begin, with an empty log; return its number.

        Raises:
            UsageError: The folder is a link.
            OSError: It can't be written.
        """
        if self._linked():
            raise UsageError(f"expected a folder, found a link: {self.folder}.", "Move it away")
        self.folder.mkdir(exist_ok=True)  # not those above: the folder may have vanished
        taken = [int(path.stem) for path in self.folder.iterdir() if NUMBER.fullmatch(path.stem)]
        number = 1 + max(taken, default=0)
        self.log(number).open("xb").close()
        self.write(number, record)
        return number

    def write(self, number: int, record: Record) -> None:
        """Write down what was begun.

        Raises:
            OSError: It can't be written.
        """
        write_json(self.folder / f"{number}.json", asdict(record), follow=False)

    def log(self, number: int) -> Path:
        """Return where what a job says goes."""
        return self.folder / f"{number}.log"

    def forget(self, number: int) -> None:
        """Remove a job's files."""
        for suffix in (".log", PROCESS, END, ".json"):
            with contextlib.suppress(OSError):
                (self.folder / f"{number}{suffix}").unlink(missing_ok=True)

    def code(self, number: int) -> int | None:
        """Return with which exit code a job ended; None if it goes on, or was killed."""
        try:
            return int(self._content(number, END))
        except (OSError, ValueError):
            return None

    def ended(self, number: int) -> float:
        """Return when a job ended, or said something for the last time, in seconds since 1970."""
        for suffix in (END, ".log"):
            with contextlib.suppress(OSError):
                return (self.folder / f"{number}{suffix}").lstat().st_mtime
        return time.time()

    def process(self, number: int, record: Record) -> Any:
        """Return the process of a job that goes on, as psutil has it; None if it ended.

        Numbers of processes are given anew: it has to have begun when it says, with the same words.
        """
        try:
            pid, began = self._content(number, PROCESS).split()
            process = psutil.Process(int(pid))
            same = abs(process.create_time() - float(began)) < DRIFT
            words = process.cmdline()[-len(record.words) :]
            if same and words == list(record.words) and process.status() != psutil.STATUS_ZOMBIE:
                return process
        except (OSError, ValueError, OverflowError, psutil.Error):
            pass
        return None

    def _linked(self) -> bool:
        return self.folder.is_symlink() or self.folder.parent.is_symlink()

    def _content(self, number: int, suffix: str) -> bytes:
        path = self.folder / f"{number}{suffix}"
        if path.is_symlink():
            raise OSError(f"{path} is a link")
        return read_file(path, MOST)


def here() -> str:
    """Return the working folder, as records name it."""
    return str(Path.cwd())
