"""Moves of files that can be undone: each is in a log on the disk before it is made.

Nothing is ever deleted or overwritten, and moves that were cut off at any time can be undone. A log
is taken for what a stranger may have written: what it asks for stays within the data and what was
put aside, each file has to be the one that it names, and all is checked before the first is moved.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.files import naming
from tl_catdog.journal.log import DATA, FIRST, LARGEST, PLANNED, read_log, write_line
from tl_catdog.journal.moves import Area, Move, Moved, is_reserve, may_be_at, why_another
from tl_catdog.journal.renames import rename_to_free
from tl_catdog.scratch import hold, sync_folder

APPLIED, UNDONE = "applied", "undone"
LOG = re.compile(rf"^({APPLIED}|{UNDONE})-(?P<number>[0-9]{{1,200}})\.jsonl$")
BACK = "keep"  # the action of a move that puts a file back


@dataclass(frozen=True)
class Journal:
    """The logs of what was moved for one purpose.

    Attributes:
        folder: Where they are.
        data: The folder of pictures; paths of moves are relative to its parent.
        aside: The end of the name of the folder beside it for what is put aside. Folders in it that
            are empty again after an ``undo`` are removed.
        undo_command: What a user types to have the last moves undone.
    """

    folder: Path
    data: Path
    aside: str
    undo_command: str

    @property
    def area(self) -> Area:
        """What files may be moved in."""
        return Area(self.data, self.data.with_name(self.data.name + self.aside))

    def apply(self, moves: Sequence[Move], about: Mapping[str, str]) -> Moved:
        """Move files.

        Args:
            moves: What to move where, in this order.
            about: What else the log says in its first line.

        Raises:
            CatdogError: A file isn't where it should be, or its place is taken: then nothing is
                moved. Or it can't be moved: those before it have been.
        """
        area = self.area
        if not moves:
            return Moved(area.base, (), None)
        with self._alone():
            moves = [self._as_it_is(move) for move in moves]
            self._check_plan(moves)
            log = self.folder / f"{APPLIED}-{self._last() + 1}.jsonl"
            made = 0
            try:
                with naming(log):
                    log.parent.mkdir(exist_ok=True)
                    with log.open("x", encoding="utf-8") as file:
                        sync_folder(log.parent)
                        write_line(file, {**about, DATA: str(self.data), PLANNED: len(moves)})
                        for move in moves:
                            write_line(file, move.row())
                            _move(*area.paths(move))
                            made += 1
            except OSError as error:
                raise CatdogError(
                    f"expected to move {len(moves)} pictures, found that one can't be "
                    f"({_reason(error)}).",
                    f"To put back those before it ({made}), type: {self.undo_command}",
                ) from error
        return Moved(area.base, tuple(moves), log)

    def _as_it_is(self, move: Move) -> Move:
        """Return a move that says what its file points to, if it is a link."""
        source, _ = self.area.paths(move)
        link = str(source.readlink()) if source.is_symlink() else ""
        return Move(move.action, move.source, move.target, move.digest, link)

    def _check_plan(self, moves: Sequence[Move]) -> None:
        """Make sure that moves can be made, and be undone.

        Raises:
            CatdogError: One can't.
        """
        area = self.area
        _, problem = area.problem(enumerate(moves, FIRST)) or (0, None)
        if self.folder.is_symlink():
            problem = f"a link: {self.folder}"
        if sum(len(move.source) + len(move.target) for move in moves) > LARGEST // 8:
            problem = "more at once than a log can hold"
        for move in moves:
            source, target = area.paths(move)
            problem = problem or area.on_the_way(source) or area.on_the_way(target)
            if not problem and not os.path.lexists(source):
                problem = f"{source} gone"
            if not problem and os.path.lexists(target):
                problem = f"{target} taken"
        if problem:
            raise CatdogError(
                f"expected to move {len(moves)} pictures, found that one can't be ({problem}); "
                "nothing was moved.",
                "Put that right, then type the command again",
            )

    @property
    def has_moved(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._logs(APPLIED))

    def check_finished(self) -> None:
        """Make sure that the newest ``apply``, or its ``undo``, wasn't stopped before its end.

        Raises:
            CatdogError: It was; undoing goes on from there.
        """
        if self._was_cut_off():
            raise CatdogError(
                f"expected the pictures of {self.data} where they belong, found that moving them "
                "was stopped half-way.",
                f"To put back those that were moved, type: {self.undo_command}; then type the "
                "command again",
            )

    def _was_cut_off(self) -> bool:
        logs = self._logs(APPLIED)
        if not logs:
            return False
        try:
            log = read_log(logs[max(logs)], self.area)
            if log.planned is None:
                return False
            if len(log.moves) < log.planned:
                return True
            source, target = self.area.paths(log.moves[-1])
            return may_be_at(source, log.moves[-1]) and not may_be_at(target, log.moves[-1])
        except (CatdogError, OSError, IndexError):
            return False  # then ``undo`` says what is wrong with it

    def undo(self) -> Moved:
        """Put back, in reverse order, what the newest ``apply`` moved that wasn't undone.

        Raises:
            UsageError: There is nothing to undo.
            CatdogError: The log isn't one of moves within the data, a file is gone or changed, or
                something else is where it was: then nothing is moved. Or a file can't be moved;
                those before it have been.
        """
        with self._alone():
            logs = self._logs(APPLIED)
            if not logs:
                raise UsageError(
                    f"expected something to undo, found no log of it in {self.folder}.",
                    f"Type: {self.undo_command.removesuffix(' --undo')}",
                )
            number, log = max(logs.items())
            moves = read_log(log, self.area).moves
            self._check_undo(log, moves)
            try:
                done = [self._put_back(move) for move in reversed(moves)]
                log = log.rename(log.with_name(f"{UNDONE}-{number}.jsonl"))
            except OSError as error:
                raise CatdogError(
                    f"expected to move {len(moves)} pictures back, found that one can't be "
                    f"({_reason(error)}).",
                    f"Put that right, then type: {self.undo_command}",
                ) from error
        return Moved(self.area.base, tuple(filter(None, done)), log)

    def _put_back(self, move: Move) -> Move | None:
        """Put a file back, and remove what was made for it; return the move that did it.

        Raises:
            OSError: It can't be moved.
        """
        source, target = self.area.paths(move)
        back = None
        if may_be_at(target, move) and not may_be_at(source, move):
            _move(target, source)
            back = Move(BACK, move.target, move.source, move.digest, move.link)
        elif os.path.lexists(target) and is_reserve(target):  # the move was cut off
            target.unlink()
        self._drop_empty(target.parent)
        return back

    def _check_undo(self, log: Path, moves: Sequence[Move]) -> None:
        """Make sure that all moves of a log can be undone.

        Raises:
            CatdogError: One can't.
        """
        wrong = []
        for line, move in reversed(list(enumerate(moves, FIRST))):
            if problem := self._obstacle(move):
                wrong.append((line, problem))
        if self.folder.is_symlink():
            wrong.append((1, f"a link: {self.folder}"))
        if wrong:
            more = f" and {len(wrong) - 1} more such" if len(wrong) > 1 else ""
            line, problem = wrong[0]
            raise CatdogError(
                "expected each picture where it was put and its old path free, found "
                f"{problem}{more}; nothing was moved.",
                f"Put that right, or take its line, {line}, out of {log}",
            )

    def _obstacle(self, move: Move) -> str | None:
        """Return why a move can't be undone; one that was never made needs no undoing."""
        source, target = self.area.paths(move)
        for path in (source, target):
            if problem := self.area.on_the_way(path):
                return problem
        if target.parent == self.folder and LOG.match(target.name):
            return f"a log: {target}"
        if not may_be_at(source, move):
            if not may_be_at(target, move):
                return f"{target} gone"
            problem = why_another(target, move)
            return f"{target} {problem}" if problem else None
        if not os.path.lexists(target):
            return None
        # Two empty files are one that was about to be moved, and the file that reserves its path.
        if not is_reserve(target):
            return f"{source} taken"
        problem = why_another(source, move)
        return f"{source} {problem}" if problem else None

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other commands from moving pictures of the same data meanwhile.

        Raises:
            CatdogError: Another one does so now.
        """
        place = self.data.resolve()
        if not place.is_dir():
            yield
            return
        lock = hold(place)
        if lock is None:
            raise CatdogError(
                f"expected that no other command moves the pictures of {self.data}, found one.",
                "Wait until it has ended, then type the command again",
            )
        try:
            yield
        finally:
            lock.release()

    def _logs(self, state: str) -> dict[int, Path]:
        """Return the logs that are ``applied`` or ``undone``, by their numbers."""
        names = [entry.name for entry in self.folder.iterdir()] if self.folder.is_dir() else []
        found = (match for name in names if (match := LOG.match(name)))
        return {
            int(match["number"]): self.folder / match[0] for match in found if match[1] == state
        }

    def _last(self) -> int:
        return max([0, *self._logs(APPLIED), *self._logs(UNDONE)])

    def _drop_empty(self, folder: Path) -> None:
        """Remove a folder for what is put aside that holds nothing any more, and those above it."""
        with contextlib.suppress(OSError):  # not empty
            while folder.is_relative_to(self.area.aside):
                with contextlib.suppress(FileNotFoundError):  # a kill came before it, or after
                    folder.rmdir()
                folder = folder.parent


def _reason(error: OSError) -> str:
    """Return what the system says, and where, without its number."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _move(source: Path, target: Path) -> None:
    """Move a file.

    Raises:
        OSError: It can't be moved, or there is something at the target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    rename_to_free(source, target)
