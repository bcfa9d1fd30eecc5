"""Finds copies among a folder's pictures in the background, and tells the state of them."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from tl_catdog.errors import CatdogError
from tl_catdog.teach import compared
from tl_catdog.teach.groups import Groups
from tl_catdog.teach.items import Snapshot
from tl_catdog.teach.table import Found

FEW, MANY = 32, 256  # pictures that are looked at in a row, where few wait and where many do
TOLD = 2.0  # seconds between two times that the state is told, while many wait
SELDOM = 10.0  # the same where all that is new is that pictures were compared
AGAIN = 30.0  # seconds until it is tried again, where there was no room
WAITS = 1.0  # seconds after which it is seen that this shall end


class Folder(Protocol):
    """What is asked of ``state.State``."""

    def snapshot(self) -> Snapshot:
        """Return the pictures."""

    def wait(self, since: int, seconds: float) -> int:
        """Wait for a change."""

    def set_found(self, found: Found) -> None:
        """Take what was found out."""


class Grouping:
    """A thread that compares new pictures with those that are known.

    Args:
        folder: Whose pictures.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._groups = Groups(compared.read(folder.snapshot().root))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="grouping", daemon=True)
        self.error = ""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Ask it to end."""
        self._ends.set()

    def close(self) -> None:
        """End after the pictures that it is at; calling it again does nothing."""
        self.end()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        version = -1
        while not self._ends.is_set():
            try:
                if self.error:
                    self._groups = Groups(compared.read(self._folder.snapshot().root))
                version = self._once(version)
                self.error = ""
            except CatdogError as error:  # no room for thumbnails: no figure until there is
                self.error, version = str(error), -1
                self._ends.wait(AGAIN)
        self._keep(self._folder.snapshot(), ending=True)

    def _once(self, before: int) -> int:
        """Look at what is new, tell of it, and wait for the next change; return the version."""
        snapshot = self._folder.snapshot()
        if snapshot.version != before:
            self.catch_up(snapshot)  # telling may be a change itself; once more tells nothing new
        self._folder.wait(snapshot.version, WAITS)
        return snapshot.version

    def catch_up(self, snapshot: Snapshot) -> None:
        """Look at the pictures of a snapshot that are new, and tell what they are copies of."""
        told = time.monotonic()
        waiting = self._groups.unknown(snapshot.items)
        while waiting and not self._ends.is_set():
            number = MANY if len(waiting) > MANY else FEW
            some, waiting = waiting[:number], waiting[number:]
            news = self._groups.look(some)
            if waiting and time.monotonic() - told > (TOLD if news else SELDOM):
                self._folder.set_found(self._groups.found(self._folder.snapshot().items))
                told = time.monotonic()
            self._keep(snapshot)
        snapshot = self._folder.snapshot()
        self._folder.set_found(self._groups.found(snapshot.items))
        self._keep(snapshot)

    def _keep(self, snapshot: Snapshot, *, ending: bool = False) -> None:
        kept = self._groups.kept(snapshot.items, ending=ending)
        if kept is not None:
            kept.write(snapshot.root)
