"""Changes of a folder that is taught: planned, written down, done, and put back where they fail."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tl_catdog.errors import CatdogError
from tl_catdog.teach.folder import Disk
from tl_catdog.teach.history import REDO, UNDO, History
from tl_catdog.teach.items import Changed, Conflict, pictures
from tl_catdog.teach.marks import SET, Marks
from tl_catdog.teach.plans import Plan, conflicts
from tl_catdog.teach.steps import (
    ANSWER,
    FILE,
    KEEP,
    MARKS,
    OWN,
    SKIP,
    Entry,
    Step,
    execute,
    sync_all,
)
from tl_catdog.teach.table import Table

THOROUGH = 15.0
"""Seconds between two looks at every picture: 0.15 s for 10,000 of them."""

MOST = 256
"""New pictures of others that are read at a time, while whoever asks for something waits."""


class Changing:
    """What changes a folder, and may be undone.

    Args:
        root: The folder.
        history: Its journal.

    Attributes:
        version: Grows with each change.
    """

    def __init__(self, root: Path, history: History) -> None:
        self.root = root
        self.version = 1
        self._history = history
        self._marks = Marks()
        self._disk = Disk(root)
        self._table = Table(root, self._disk, self._marks)
        self._changed = threading.Condition(threading.RLock())
        self._looked = time.monotonic()
        self._request = 0
        self._trouble = ""
        self._most = MOST

    def _journal_changed(self) -> CatdogError:
        return CatdogError(
            f"expected the journal as it was, found that others changed {self._history.path}.",
            "End this command and type it again",
        )

    def refresh(self, *, thorough: bool = False) -> bool:
        """Notice what others changed on the disk; return whether they did.

        Args:
            thorough: Look at each picture: one may have been written anew in its place. That is
                done every ``THOROUGH`` seconds at any rate.

        Raises:
            CatdogError: The folder can't be listed any more.
        """
        with self._changed:
            try:
                now = time.monotonic()
                if thorough or now - self._looked > THOROUGH:
                    thorough, self._looked = True, now
                changed = self._disk.look(thorough=thorough, most=self._most)
            except OSError as error:
                wrong = refused(error, f"to look into {self.root}")
                self._say_trouble(wrong.message)
                raise wrong from error
            self._say_trouble("")
            if changed:
                self._table.synchronise()
                self._tell()
            return changed

    def _say_trouble(self, words: str) -> None:
        """Have pages told why the folder can't be looked into; nothing once it can be again."""
        if words != self._trouble:
            self._trouble = words
            self._tell()

    def _read_all(self) -> None:
        """Read what waits: who changes a whole class has to know all of it."""
        self.refresh()
        if self._disk.waiting:
            self._disk.look()
            self._table.synchronise()

    def _tell(self) -> None:
        self.version += 1
        self._changed.notify_all()

    def _plan(self) -> Plan:
        return Plan(self._table, self._history.next_number)

    def label(
        self,
        ids: Iterable[str],
        label: str | None,
        seen: Mapping[str, str] | None = None,
        tab: str = "",
    ) -> Changed | Conflict:
        """Give pictures a class, or take it: move them into its folder.

        Args:
            ids: The pictures.
            label: The class, or None.
            seen: The ``mark`` of each that the page saw; None where it doesn't matter.
            tab: Who asks.

        Returns:
            What was done; or what the pictures are now, where one isn't what was seen.

        Raises:
            UsageError: There is no such class.
            CatdogError: The disk refuses.
        """
        with self._changed:
            ids = list(dict.fromkeys(ids))
            if now := conflicts(self._table, ids, seen):
                return Conflict(self.version, now)
            plan = self._plan()
            folder = plan.folder_of(label)
            for item in map(self._table.items.__getitem__, ids):
                if item.label != label or (label is None and "/" not in item.place):
                    answer = item.label is None and label is not None and item.given
                    if plan.move(item, folder) and answer and item.sha256:
                        plan.add(Step(ANSWER, "", SET, item.sha256))
            what = "without a class" if label is None else label
            return self._do("label", tab, f"{pictures(len(plan.ids))}: {what}", plan)

    def remove(
        self, ids: Iterable[str], seen: Mapping[str, str] | None = None, tab: str = ""
    ) -> Changed | Conflict:
        """Put pictures aside, into ``.teach/removed``; see ``label``."""
        with self._changed:
            ids = list(dict.fromkeys(ids))
            if now := conflicts(self._table, ids, seen):
                return Conflict(self.version, now)
            plan = self._plan()
            for id in ids:
                plan.put_aside(self._table.items[id])
            return self._do("remove", tab, f"{pictures(len(plan.ids))} removed", plan)

    def skip(self, ids: Iterable[str], tab: str = "") -> Changed | Conflict:
        """Note that the user doesn't want to be asked of pictures again; see ``label``."""
        return self._mark(SKIP, ids, tab)

    def keep(self, ids: Iterable[str], tab: str = "") -> Changed | Conflict:
        """Note that the user said that pictures have the right class; see ``label``."""
        return self._mark(KEEP, ids, tab)

    def _mark(self, kind: str, ids: Iterable[str], tab: str) -> Changed | Conflict:
        with self._changed:
            ids = list(dict.fromkeys(ids))
            if now := conflicts(self._table, ids, None):
                return Conflict(self.version, now)
            plan = self._plan()
            for id in ids:
                item = self._table.items[id]
                # Whoever skips a picture of a class isn't asked of it again while it is in that.
                mark = KEEP if item.label is not None else kind
                value = SET if mark == SKIP else item.label or ""
                before = self._marks.value(mark, item.sha256)
                if not item.sha256:
                    plan.left[id] = item.broken
                elif before != value:
                    plan.add(Step(mark, before, value, item.sha256), id)
            one = len(plan.ids) == 1
            done = "skipped" if kind == SKIP else f"kept as {'it is' if one else 'they are'}"
            return self._do(kind, tab, f"{pictures(len(plan.ids))} {done}", plan)

    def undo(self, tab: str = "") -> Changed | None:
        """Take back the newest change of a tab, or of an earlier process; None: there is none.

        What others have moved since stays where it is, which is said.

        Raises:
            CatdogError: The disk refuses.
        """
        with self._changed:
            return self._again(UNDO, self._history.to_undo(tab), tab)

    def redo(self, tab: str = "") -> Changed | None:
        """Do again what a tab undid last; None: there is none, or it did something else since.

        Raises:
            CatdogError: The disk refuses.
        """
        with self._changed:
            return self._again(REDO, self._history.to_redo(tab), tab)

    def _again(self, operation: str, entry: Entry | None, tab: str) -> Changed | None:
        if entry is None:
            return None
        try:
            steps = self._history.steps(entry)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._journal_changed() from error
        if not all(self._is_known(step) for step in steps):
            self.refresh()
        plan = self._plan()
        plan.take_back(steps)
        return self._do(operation, tab, entry.words, plan, of=entry.number)

    def _is_known(self, step: Step) -> bool:
        """Return whether what a step has moved is where it put it, without listing folders."""
        if step.kind == FILE:
            return step.target.startswith(f"{OWN}/") or self._disk.is_as_seen(step.target)
        return step.kind in MARKS

    def _do(self, operation: str, tab: str, words: str, plan: Plan, of: int = 0) -> Changed:
        """Write a change down, do it, and take note of it.

        Raises:
            CatdogError: The disk refuses, or others changed the journal; all is as it was then.
        """
        if not plan.steps and not of:
            return Changed(0, self.version, words, (), plan.left)
        if not self._history.is_as_written():
            raise self._journal_changed()
        made: list[Step] = []
        written = False
        try:
            number = self._history.write(operation, tab, words, plan.steps, of, self._request)
            written = True
            for step in plan.steps:
                if not execute(self.root, step):
                    self._elsewhere(step, operation)
                made.append(step)
        except OSError as error:
            whole = self._put_back(made, written=written)
            raise refused(error, f"to change {self.root}", whole=whole) from error
        sync_all(self.root, plan.steps)
        self._history.done()
        ids = self._take(plan)
        self._tell()
        return Changed(number, self.version, words, ids, plan.left)

    def _elsewhere(self, step: Step, operation: str) -> None:
        """Refuse a change whose picture others have moved meanwhile; an undo does without it."""
        if operation not in (UNDO, REDO):
            place = self.root / (step.source or step.target)
            raise FileNotFoundError(2, "others have moved it meanwhile", str(place))

    def _put_back(self, made: Sequence[Step], *, written: bool) -> bool:
        """Put back what a failed change has done, and take its line out of the journal; or not."""
        back = True
        for step in reversed(made):
            try:
                execute(self.root, step.reversed())
            except OSError:
                back = False
        if written and not (back and self._history.take_back()):
            self._history.done()  # a half of it, which undo takes back as far as it goes
        with suppress(CatdogError):
            self.refresh()
        return back

    def _take(self, plan: Plan) -> tuple[str, ...]:
        """Take note of what was done; return the pictures that it was about."""
        self._marks.take(plan.steps)
        ids = list(plan.ids)
        for step in plan.steps:
            if step.kind == FILE:
                self._disk.move(step.source, step.target, step.sha256)
                self._table.move(step.source, step.target, step.sha256)
                if (id := self._table.at.get(step.target)) is not None:
                    ids.append(id)
            elif step.kind in MARKS:
                self._table.renew(self._table.of_content(step.sha256))
        if any(step.kind not in (FILE, *MARKS) for step in plan.steps):
            with suppress(OSError):
                self._disk.look()
            self._table.synchronise()
        return tuple(dict.fromkeys(ids))


def refused(error: OSError, what: str, *, whole: bool = True) -> CatdogError:
    """Return the error of a disk that refuses something, in one line.

    Args:
        error: The system's.
        what: What was expected to work, such as "to change pets".
        whole: Whether nothing is changed; else undo takes back what is.
    """
    now = "all is as it was" if whole else "a part of it is done, which undo takes back"
    where = f": {os.fsdecode(error.filename)}" if error.filename else ""
    return CatdogError(
        f"expected {what}, found that it can't be done ({error.strerror or error}{where}); {now}.",
        "Make room or get the right to write there, then do it again",
    )
