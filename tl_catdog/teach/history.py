"""The journal: what was changed in a folder, a line each, on the disk before it is done.

``.teach/journal.jsonl``. A line says what it is, who asked for it and its steps; a short one after
it says that it was done. So after a kill the last change is finished or found done, and all can
be undone and done again, by later processes as well. Read as what a stranger may have written.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tl_catdog.errors import CatdogError
from tl_catdog.teach.repeats import Repeats
from tl_catdog.teach.steps import Entry, Step, step_of

JOURNAL, BROKEN = "journal.jsonl", "journal-broken.txt"
LINE = 2**26  # bytes of a line; a change of 100,000 pictures has some 30 MB
UNDO, REDO = "undo", "redo"
OPERATIONS = frozenset(
    ("add", "label", "remove", "skip", "keep", "class", "rename", "remove-class", UNDO, REDO)
)
TEXT = 400  # characters of a line's words, and of a tab


class History:
    """The journal of a folder.

    Args:
        folder: ``.teach``.

    Raises:
        OSError: It can't be read or written.
        CatdogError: The journal is no regular file.

    Attributes:
        notes: What is to be told of it, a sentence each.
        unfinished: The steps of the last change, where nothing says that they were done.
        old: The number of the last line when it was opened: who did that doesn't matter any more.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL
        self.notes: list[str] = []
        self.unfinished: tuple[Step, ...] = ()
        self._entries: dict[int, Entry] = {}
        self._undone: list[Entry] = []
        self._repeats = Repeats()
        self._number = self._size = self.old = 0
        self._file = _opened(self.path, os.O_RDWR)

    def close(self) -> None:
        """Close the file; calling it again does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self) -> Iterator[tuple[Entry, tuple[Step, ...]]]:
        """Yield each line's change and its steps, an undo's among them, in their order.

        Lines that are none are told of in ``notes`` and stay where they are; one that was cut off
        was never begun, and is put aside.

        Raises:
            OSError: The file can't be read, or the rest of a line not put aside.
        """
        wrong: list[int] = []
        with open(self._file, "rb", closefd=False) as file:
            line = b""
            for number, line in enumerate(iter(lambda: file.readline(LINE), b""), 1):
                if not line.endswith(b"\n"):
                    if len(line) < LINE:
                        break
                    wrong.append(number)
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LINE)
                        self._size += len(line)
                try:
                    found = self._take(line, self._size)
                except (ValueError, RecursionError):
                    found = None
                    wrong.append(number)
                if found is not None:
                    yield found
                self._size += len(line)
        self.old = self._number
        if wrong:
            self.notes.append(
                f"Line {wrong[0]} of {self.path} is none of a journal"
                + (f", nor are {len(wrong) - 1} more" if len(wrong) > 1 else "")
                + "; what they may have changed can't be undone here."
            )
        if os.fstat(self._file).st_size > self._size:
            self._put_aside(line)

    def _put_aside(self, rest: bytes) -> None:
        file = _opened(self.path.parent / BROKEN, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, rest[:TEXT] + b"\n")
        finally:
            os.close(file)
        os.ftruncate(self._file, self._size)
        self.notes.append(
            f"The last line of {self.path} was cut off before its change began; it is left out."
        )

    def _take(self, line: bytes, offset: int) -> tuple[Entry, tuple[Step, ...]] | None:
        """Take a line; None for one that says that the change before it was done.

        Raises:
            ValueError: It is none of a journal.
        """
        row = json.loads(line.decode("utf-8"))
        if not isinstance(row, dict):
            raise ValueError("no object")
        if "done" in row:
            if row["done"] != self._number:
                raise ValueError("another number")
            self.unfinished = ()
            return None
        number, operation, of = row.get("number"), row.get("op"), row.get("of", 0)
        tab, words, steps = row.get("tab"), row.get("words"), row.get("steps")
        if type(number) is not int or not self._number < number < 2**53:
            raise ValueError("no number")
        if operation not in OPERATIONS or not isinstance(steps, list):
            raise ValueError("no change")
        if not (isinstance(tab, str) and isinstance(words, str) and len(tab + words) <= 2 * TEXT):
            raise ValueError("no words")
        if operation in (UNDO, REDO) and (type(of) is not int or of not in self._entries):
            raise ValueError("an undo of nothing")
        taken = tuple(map(step_of, steps))
        self.unfinished = taken
        old = row.get("old", 0)
        entry = Entry(number, tab, operation, words, offset)
        self._repeats.heard(tab, row.get("request"), offset)
        return self._enter(entry, of, old if type(old) is int else 0), taken

    def _enter(self, entry: Entry, of: int, old: int) -> Entry:
        """Count an entry among those that can be undone, or again.

        Args:
            entry: The entry.
            of: Which one it undoes or does again.
            old: ``self.old`` when it was written.
        """
        self._number = entry.number
        if entry.operation not in (UNDO, REDO):
            self._entries[entry.number] = entry
            self._undone = [
                other for other in self._undone if other.tab != entry.tab and other.number > old
            ]
            return entry
        about = self._entries[of]
        about.line = entry.line
        about.undone = entry.operation == UNDO
        if about in self._undone:
            self._undone.remove(about)
        if about.undone:
            self._undone.append(about)
        return entry

    def write(
        self,
        operation: str,
        tab: str,
        words: str,
        steps: Sequence[Step],
        of: int = 0,
        request: int = 0,
    ) -> int:
        """Write down a change that is about to be made; it is on the disk when this returns.

        Args: as ``Entry`` has them; ``of`` is the change that is undone or done again, and
        ``request`` the number that the page gave this, or 0. Returns its number.

        Raises:
            OSError: The disk is full, or broken; then the journal is as it was.
        """
        number = self._number + 1
        row: dict[str, Any] = {
            "number": number,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "tab": tab[:TEXT],
            "op": operation,
            "words": words[:TEXT],
            "old": self.old,
            "steps": [step.row() for step in steps],
        }
        row |= {key: value for key, value in (("of", of), ("request", request)) if value}
        line = json.dumps(row).encode() + b"\n"
        if len(line) > LINE:
            raise OSError(errno.EFBIG, "more pictures at once than a journal's line can hold")
        self._before = self._size
        self._append(line, synced=True)
        self._of, self._request = of, request
        self._pending = Entry(number, row["tab"], operation, row["words"], self._before)
        return number

    def done(self) -> None:
        """Say that what was written last is done. Not synced: else it is found done."""
        self._enter(self._pending, self._of, self.old)
        self._repeats.heard(self._pending.tab, self._request, self._pending.line)
        self.found_done()

    def found_done(self) -> None:
        """Say that the change that a kill had cut off is done."""
        self.unfinished = ()
        with suppress(OSError):
            self._append(json.dumps({"done": self._number}).encode() + b"\n", synced=False)

    def is_as_written(self) -> bool:
        """Return whether nobody else has written to the journal, or removed it."""
        return (status := os.fstat(self._file)).st_size == self._size and status.st_nlink > 0

    @property
    def next_number(self) -> int:
        """The number that the next change will have."""
        return self._number + 1

    def take_back(self) -> bool:
        """Take out what was written last, since it couldn't be done; return whether that is so."""
        try:
            os.ftruncate(self._file, self._before)
        except OSError:
            return False
        self._size = self._before
        with suppress(OSError):
            os.fsync(self._file)
        return True

    def _append(self, line: bytes, *, synced: bool) -> None:
        try:
            os.lseek(self._file, self._size, os.SEEK_SET)
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            if synced:
                os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)

    def to_undo(self, tab: str) -> Entry | None:
        """Return the newest change of a tab, or of an earlier process, that isn't undone."""
        for entry in reversed(self._entries.values()):
            if not entry.undone and self._is_of(entry, tab):
                return entry
        return None

    def to_redo(self, tab: str) -> Entry | None:
        """Return what of that was undone last, unless something else was done since."""
        for entry in reversed(self._undone):
            if self._is_of(entry, tab):
                return entry
        return None

    def _is_of(self, entry: Entry, tab: str) -> bool:
        return entry.tab == tab or entry.number <= self.old

    def steps(self, entry: Entry) -> tuple[Step, ...]:
        """Return the steps of the newest line about a change.

        Raises:
            OSError: The journal can't be read.
            ValueError: Others have changed it.
        """
        return tuple(map(step_of, self._row(entry.line)["steps"]))

    def answered(self, tab: str, request: int) -> tuple[int, str, tuple[Step, ...]] | None:
        """Return what a request has done: the change's number, its words and steps; None if new.

        Raises:
            UsageError: It comes too late; see ``Repeats.line``.
            OSError: The journal can't be read.
            ValueError: Others have changed it.
        """
        line = self._repeats.line(tab, request)
        if line is None:
            return None
        row = self._row(line)
        return row["number"], row["words"], tuple(map(step_of, row["steps"]))

    def _row(self, line: int) -> Any:
        with open(self._file, "rb", closefd=False) as file:
            file.seek(line)
            return json.loads(file.readline(LINE).decode("utf-8"))


def _opened(path: Path, flags: int) -> int:
    """Open a file of the journal's, which a stranger may have put there; made where there is none.

    Raises:
        OSError: It can't be opened.
        CatdogError: It is a link, or no regular file.
    """
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        file = os.open(path, flags | os.O_CREAT, 0o666)
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
    raise CatdogError(
        f"expected a journal, found something else than a regular file: {path}.",
        "Move it away, then type the command again",
    )
