"""Learns in the background, always what the folder is now: changes meanwhile make one lesson.

A lesson is told at once with the head and its guesses, then with what it is worth; now and then a
third time, with a better C and what more labels should gain. What a change makes wrong of a lesson
that is being learned comes with the next one. Head and figures are never broken off, so that
whoever labels a picture a second gets figures, too; the third part is put off for a change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from threadpoolctl import threadpool_limits

from tl_catdog.errors import CatdogError
from tl_catdog.teach.heads import Store
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.learned import Learned, Learning
from tl_catdog.teach.lessons import Lesson, Memory
from tl_catdog.teach.looking import CHUNK, Looker
from tl_catdog.teach.unsure import Familiar

WAIT = 1.0  # seconds between two looks at whether all this is to end
BETWEEN = 2.0  # seconds of looking at pictures before those that are there are learned again


class Folder(Protocol):
    """What the learner asks of ``state.State``."""

    def snapshot(self) -> Snapshot:
        """Return the folder at this moment."""

    def wait(self, since: int, seconds: float) -> int:
        """Return the version once it is greater than ``since``, or after so many seconds."""


class Learner:
    """Follows a folder in a thread of its own.

    Args:
        folder: The folder.
        on_change: Called in that thread after each publication.
        looker: Computes features.
    """

    def __init__(
        self,
        folder: Folder,
        on_change: Callable[[], None] | None = None,
        looker: Looker | None = None,
    ) -> None:
        self._folder, self._on_change = folder, on_change
        self._looker = Looker() if looker is None else looker
        self._store = Store()
        self._memory = Memory(familiar=Familiar(self._looker.strangers))
        self._unread: dict[str, str] = {}
        self._stuck: dict[str, int] = {}
        self._latest: Learned | None = None
        self._status = Learning()
        self._changed = threading.Condition()
        self._version = 0
        self._failure: str | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def end(self) -> None:
        """Ask it to end; what is being learned isn't told any more."""
        self._end.set()

    def close(self, seconds: float = 10.0) -> None:
        """End within some seconds."""
        self.end()
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def version(self) -> int:
        """How often something was told; grows."""
        return self._version

    @property
    def failure(self) -> str | None:
        """Why nothing is learned any more, in one line; None while all is well."""
        return self._failure

    def latest(self) -> Learned | None:
        """Return what was learned last, or None."""
        return self._latest

    def status(self) -> Learning:
        """Return what it is doing."""
        return self._status

    def wait(self, since: int, seconds: float) -> int:
        """Return ``version`` once it is greater than ``since``, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._version > since, seconds)
        return self._version

    def _run(self) -> None:
        try:
            with self._looker, threadpool_limits(1):
                while not self._end.is_set():
                    self._try()
        except Exception as error:  # or the page would wait for ever
            self._fail(_line(error))

    def _try(self) -> None:
        """Do a step; what goes wrong is told, and tried again once the folder has changed."""
        try:
            self._step()
        except Exception as error:
            self._fail(_line(error))
            failed = self._folder.snapshot().version
            while not self._end.is_set() and self._folder.wait(failed, WAIT) <= failed:
                pass
        else:
            self._failure = None

    def _step(self) -> None:
        """Look at what is new and learn, or wait for a change."""
        pictures = self._folder.snapshot()
        lacking = self._lacking(pictures)
        learned = self._latest
        if not lacking and learned is not None and learned.judged >= pictures.version:
            self._tell(Learning(), None)
            self._folder.wait(pictures.version, WAIT)
            return
        until = time.monotonic() + BETWEEN
        while lacking and time.monotonic() < until and not self._end.is_set():
            self._look(lacking[:CHUNK], pictures.version)
            lacking = lacking[CHUNK:]
            done = sum(item.sha256 in self._store for item in pictures.items)
            self._tell(Learning("looking", done, len(pictures.items)), None)
        self._learn(self._folder.snapshot())

    def _lacking(self, pictures: Snapshot) -> list[Item]:
        """Return the pictures to look at, those with a class first."""
        fresh: dict[str, Item] = {}
        for item in pictures.items:
            known = item.sha256 in self._store or item.sha256 in self._unread or item.broken
            if not known and self._stuck.get(item.sha256, -1) < pictures.version:
                fresh.setdefault(item.sha256, item)
        return sorted(fresh.values(), key=lambda item: item.label is None)

    def _look(self, some: list[Item], version: int) -> None:
        found = self._looker.look(some)
        if len(found.digests):
            self._store.add(found.digests, found.features)
        self._unread |= found.broken
        for item in some:
            if item.sha256 not in self._store and item.sha256 not in self._unread:
                self._stuck[item.sha256] = version  # until the folder has changed

    def _learn(self, pictures: Snapshot) -> None:
        self._store.settle()
        self._tell(Learning("learning", len(self._store), len(pictures.items)), None)
        lesson = Lesson(pictures, self._store, dict(self._unread), self._memory)
        first = lesson.first(self._latest)
        self._tell(self._status, first)
        if self._end.is_set():
            return
        found = lesson.figures(first)
        lacking, due = self._lacking(pictures), lesson.due
        idle = self._status if lacking else Learning()
        more = bool(lacking) and lacking[0].label is not None  # labels that come in a moment
        self._tell(self._status if due else idle, found)
        if due:
            told = lesson.deeper(found, lambda: not more and self._newest(pictures.version))
            if told is not None:
                self._tell(idle, told)

    def _newest(self, version: int) -> bool:
        """Return whether the folder is still the same, and this isn't to end."""
        return not self._end.is_set() and self._folder.wait(version, 0.0) <= version

    def _tell(self, status: Learning, learned: Learned | None) -> None:
        if self._end.is_set() or (status == self._status and learned is None):
            return
        with self._changed:
            self._status = status
            if learned is not None:
                self._latest = learned
            self._version += 1
            self._changed.notify_all()
        if self._on_change is not None:
            self._on_change()

    def _fail(self, message: str) -> None:
        self._failure = message
        with self._changed:
            self._version += 1
            self._changed.notify_all()
        if self._on_change is not None:
            self._on_change()


def _line(error: Exception) -> str:
    """Return what went wrong, in one line."""
    if isinstance(error, CatdogError):
        return error.message
    return " ".join(f"{type(error).__name__}: {error}".split())
