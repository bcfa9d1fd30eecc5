"""A folder that is taught: one lock, one version, every change in the journal before it is made.

The folder is the truth; the journal in ``.teach`` says what was done, so that it can be finished
after a kill, undone and done again. Nothing is ever deleted: what is removed lies in
``.teach/removed``.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tl_catdog.data.digest import file_digest, file_digests
from tl_catdog.errors import UsageError, shown
from tl_catdog.files import naming
from tl_catdog.scratch import Lock, hold
from tl_catdog.teach.adding import Incoming, Source, arrived, sweep
from tl_catdog.teach.changing import refused
from tl_catdog.teach.classes import ClassChanges
from tl_catdog.teach.folder import Key
from tl_catdog.teach.history import History
from tl_catdog.teach.items import Added, All, Changed, ClassInfo, Item, Snapshot, pictures
from tl_catdog.teach.layout import check_layout
from tl_catdog.teach.names import burst_name
from tl_catdog.teach.steps import FILE, INCOMING, MARKS, OWN, REMOVED, Step, execute, sync_all
from tl_catdog.teach.table import Found

R = TypeVar("R")

FEW = 64  # new pictures that are read in a row


class State(ClassChanges):
    """A folder at hand. ``open`` makes it; all of its methods may be called by any thread."""

    def __init__(self, root: Path, history: History, lock: Lock) -> None:
        super().__init__(root, history)
        self._lock = lock
        self._snapshot: Snapshot | None = None
        self._notes: list[str] = []
        self._ending = False

    @classmethod
    def open(cls, root: Path, *, aside: bool = False) -> State:
        """Take a folder in hand: finish what a kill cut off, and look what is there.

        Args:
            root: The folder; it has one folder for each class, or none yet.
            aside: Whether new pictures, but for a few, are left to ``read_some``, so that nobody
                waits until thousands are read.

        Raises:
            UsageError: There is no such folder, it has another layout, or somebody teaches it now.
            CatdogError: It can't be read or written.
        """
        root = root.absolute()
        own = root / OWN
        if not root.is_dir():
            there = os.path.lexists(root)
            raise UsageError(
                f"expected a folder, found {'a file' if there else 'none'}: {root}.",
                "Name a folder" if there else f"Type: mkdir {shlex.quote(str(root))}",
            )
        for ours in (own, root / REMOVED, root / INCOMING):
            if ours.is_symlink():
                raise UsageError(f"expected a folder, found a link: {ours}.", "Move it away")
        known = own.is_dir()
        try:
            own.mkdir(exist_ok=True)
            try:
                check_layout(root, known=known)
            except UsageError:
                if not known:
                    own.rmdir()
                raise
            lock = hold(own)
            if lock is None:
                raise UsageError(
                    f"expected a folder that nobody teaches now, found one that is: {root}.",
                    "Use the page that is open, or end that command first",
                )
            with naming(own):
                state = cls(root, History(own), lock)
                if aside:
                    state._most = FEW
                state._begin(FEW if aside else None)
        except OSError as error:
            raise refused(error, f"to teach {root}") from error
        return state

    def _begin(self, most: int | None) -> None:
        for _, steps in self._history.read():
            self._marks.take(steps)
        self._notes += self._history.notes
        self._finish(self._history.unfinished)
        self._disk.look(most=most)
        self._table.synchronise()
        self._disk.keep_hashes()
        sweep(self.root)

    def _finish(self, steps: Sequence[Step]) -> None:
        """Finish a change that a kill has cut off, or find it done."""
        for step in steps:
            source = self.root / step.source
            there = step.kind == FILE and os.path.lexists(source)
            done = not (there and step.sha256) or file_digest(source) == step.sha256
            try:
                done = done and execute(self.root, step)
            except OSError:
                done = False
            if not done:
                where = step.source or step.target
                self._notes.append(f"The last change was cut off, and {where} left as it is.")
        if steps:
            sync_all(self.root, steps)
            self._history.found_done()

    def close(self) -> None:
        """Let go of the folder; calling it again does nothing."""
        with self._changed:
            self._disk.keep_hashes()
            self._history.close()
            self._lock.release()

    def notes(self) -> tuple[str, ...]:
        """Return what is to be told of the folder and its journal, a sentence each."""
        left = len(self._disk.waiting)
        waiting = f"{pictures(left)} still to be read." if left else ""
        return tuple(filter(None, (self._trouble, *self._notes, waiting)))

    def read_some(self, seconds: float = 1.0) -> bool:
        """Read pictures that wait to be, for some seconds; others may ask for things meanwhile.

        Returns:
            Whether there were any.

        Raises:
            CatdogError: The folder can't be listed any more.
        """
        with self._changed:
            waiting = list(self._disk.waiting.items())
        until, found = time.monotonic() + seconds, dict[Key, str]()
        for start in range(0, len(waiting), FEW):
            some = waiting[start : start + FEW]
            digests = file_digests([self.root / place for place, _ in some])
            found |= zip((key for _, key in some), digests, strict=True)
            if self._ending or time.monotonic() > until:
                break
        if found:
            with self._changed:
                self._disk.know(found)
                self.refresh()
                if not self._disk.waiting:
                    self._disk.keep_hashes()
        return bool(found)

    def classes(self) -> list[ClassInfo]:
        """Return the classes, sorted, with how many pictures they have."""
        with self._changed:
            return self._table.classes()

    def items(self, label: str | All | None, offset: int = 0, limit: int = 100) -> list[Item]:
        """Return some pictures of a class, of none, or of all, by their places."""
        with self._changed:
            view = self._table.view(label)
            return view[max(offset, 0) : max(offset, 0) + max(limit, 0)]

    def number(self, label: str | All | None) -> int:
        """Return how many pictures a class has, or have none, or there are."""
        with self._changed:
            return len(self._table.view(label))

    def item(self, id: str) -> Item:
        """Return a picture.

        Raises:
            UsageError: There is none of that id.
        """
        with self._changed:
            item = self._table.items.get(id)
        if item is None:
            raise UsageError(f"expected a picture, found none of the id {shown(id)}.", "Reload")
        return item

    def snapshot(self) -> Snapshot:
        """Return what there is now; it stays as it is."""
        with self._changed:
            if self._snapshot is None or self._snapshot.version != self.version:
                self._snapshot = self._table.snapshot(self.version)
            return self._snapshot

    def wait(self, since: int, seconds: float) -> int:
        """Return the version as soon as it is another than ``since``, or when time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending or self.version != since, max(seconds, 0.0))
            return self.version

    def end_waits(self) -> None:
        """Let nobody wait any longer, now or later: whoever does is about to end."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def once(self, tab: str, request: int, work: Callable[[], R]) -> R | Changed:
        """Do what a page asks for; what it asks for again is answered as it was, and not done.

        Whoever loses the connection can't know whether a request came through, so the journal
        keeps its number with what it did: that holds over a kill, too.

        Args:
            tab: Which page asks.
            request: The number of this among all that it asks for, growing; 0 for none.
            work: What does it, by one change at most.

        Raises:
            UsageError: The page has asked for something else since.
            CatdogError: Others have changed the journal.
        """
        with self._changed:
            try:
                done = self._history.answered(tab, request) if request else None
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise self._journal_changed() from error
            if done is not None:
                number, words, steps = done
                return Changed(number, self.version, words, self._about(steps))
            self._request = request
            try:
                return work()
            finally:
                self._request = 0

    def _about(self, steps: Iterable[Step]) -> tuple[str, ...]:
        """Return the pictures that steps were about, as far as they are where these put them."""
        ids: list[str] = []
        for step in steps:
            if step.kind in MARKS:
                ids += self._table.of_content(step.sha256)
            elif (id := self._table.at.get(step.target)) is not None:
                ids.append(id)
        return tuple(dict.fromkeys(ids))

    def set_found(self, found: Found) -> None:
        """Take what was found out of pictures: groups, copies, broken ones."""
        with self._changed:
            if self._table.learn(found):
                self._tell()

    def add(
        self,
        files: Iterable[tuple[str, Source]],
        label: str | None = None,
        burst: str | None = None,
        tab: str = "",
    ) -> Added:
        """Add pictures to a class, or to those without one.

        What is the same as a picture that is there, byte for byte, isn't added again; where that
        has no class, it gets the one named. Files are written aside first, which holds up nobody.

        Args:
            files: The name and the bytes of each, or its file: one below ``.teach`` is moved,
                others are copied.
            label: The class, or None.
            burst: A name for those taken in a row, which stay together.
            tab: Who asks.

        Raises:
            UsageError: There is no such class, or it can't be a burst's name.
            CatdogError: The disk refuses; then nothing was added.
        """
        below = burst_name(burst)
        with self._changed:
            self._plan().folder_of(label)  # before anything is written
        there: list[Incoming] = []
        refusals: list[tuple[str, str]] = []
        try:
            for name, source in files:
                try:
                    there.append(arrived(self.root, name, source))
                except ValueError as error:
                    refusals.append((name, str(error)))
            with self._changed:
                plan = self._plan()
                folder = "/".join(filter(None, (plan.folder_of(label), below)))
                known: list[tuple[str, str]] = []
                new: dict[str, Incoming] = {}
                for one in there:
                    if ids := self._table.of_content(one.sha256):
                        known.append((one.given, ids[0]))
                        item = self._table.items[ids[0]]
                        if label is not None and item.label is None and item.id not in plan.ids:
                            plan.move(item, plan.folder_of(label))  # so it has that class now
                    elif one.sha256 in new:
                        known.append((one.given, self._table.id_for(one.sha256)))
                    else:
                        new[one.sha256] = one
                for one in new.values():
                    place = plan.free(f"{folder}/{one.name}")
                    plan.add(Step(FILE, one.place, place, one.sha256))
                where = "without a class" if label is None else f"of {label}"
                words = f"{pictures(len(new))} {where} added"
                changed = self._do("add", tab, words, plan)
            return Added(changed, tuple(known), tuple(refusals))
        except OSError as error:
            raise refused(error, f"to add pictures to {self.root}") from error
        finally:
            for one in there:
                with suppress(OSError):
                    (self.root / one.place).unlink(missing_ok=True)
