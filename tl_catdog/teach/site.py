"""What the routes of the page work on: the folder, what was learned, what shows and tries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tl_catdog.cores import usable_cores
from tl_catdog.serve.bodies import Budget, Refusal
from tl_catdog.teach.intake import INCOMING, sweep
from tl_catdog.teach.items import Item
from tl_catdog.teach.keeping import Keeping
from tl_catdog.teach.learned import Learned, Learning
from tl_catdog.teach.news import News
from tl_catdog.teach.state import State
from tl_catdog.teach.thumbs import Thumbs
from tl_catdog.teach.trial import Trial
from tl_catdog.teach.uploads import Bound

R = TypeVar("R")

MEMORY = 384 * 2**20
"""Bytes of requests at hand, but for uploads, which go to files: of which two may be the largest
pictures to try."""


class Follower(Protocol):
    """What the page asks of ``learner.Learner``."""

    @property
    def failure(self) -> str | None:
        """Why nothing is learned any more."""

    def latest(self) -> Learned | None:
        """Return what was learned last."""

    def status(self) -> Learning:
        """Return what it is doing."""


@dataclass
class Site:
    """All of it.

    Attributes:
        state: The folder.
        learner: What learns of it.
        trial: What tries it.
        thumbs: What shows it.
        news: What tells pages of changes.
        keeping: What keeps it as a run; None where that isn't there.
        bound: What an upload may be.
        address: The page's, once it is known, for the code that a phone reads.
        others: Whether other machines can reach it.
    """

    state: State
    learner: Follower
    trial: Trial
    thumbs: Thumbs
    news: News
    keeping: Keeping | None = None
    bound: Bound = field(default_factory=Bound)
    address: str = ""
    others: bool = False

    def __post_init__(self) -> None:
        self._show = ThreadPoolExecutor(usable_cores(), thread_name_prefix="show")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="slow")
        self._try = ThreadPoolExecutor(1, thread_name_prefix="try")
        self._add = ThreadPoolExecutor(2, thread_name_prefix="add")
        self._unpack = ThreadPoolExecutor(1, thread_name_prefix="unpack")
        self._change = ThreadPoolExecutor(4, thread_name_prefix="change")
        self._ending = self._ended = False
        self.budget = Budget(MEMORY)

    @property
    def incoming(self) -> Path:
        """Where uploads wait."""
        return self.state.root / ".teach" / INCOMING

    async def doing(self, work: Callable[[], R]) -> R:
        """Do something with the state, in a thread; it takes a moment, whatever it is."""
        return await asyncio.get_running_loop().run_in_executor(self._change, work)

    async def showing(self, work: Callable[[], R]) -> R:
        """Decode something that is quickly decoded, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._show, work)

    async def slowly(self, work: Callable[[], R]) -> R:
        """Decode something that takes long, one at a time: a core is left to all others."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, work)

    async def trying(self, work: Callable[[], R]) -> R:
        """Try something, one at a time: the first one loads the network."""
        return await asyncio.get_running_loop().run_in_executor(self._try, work)

    async def adding(self, work: Callable[[], R], *, archives: bool) -> R:
        """Do something with an upload. One with archives, which may take minutes, holds up none of
        the others but such.
        """
        pool = self._unpack if archives else self._add
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    def end(self) -> None:
        """Let what may take minutes not be gone on with; also from a signal's handler."""
        self._ending = True

    def going_on(self, *, archives: bool) -> None:
        """Do nothing, unless this ends: then uploads with archives aren't gone on with; nor are
        others, once it is closed.

        Raises:
            Refusal: This one isn't.
        """
        if self._ended or (archives and self._ending):
            raise Refusal(503, "the server is about to end", "Send it again later.")

    def shown(self, item: Item) -> dict[str, Any]:
        """Return what the page is told of a picture, with what the head takes it for."""
        learned = self.learner.latest()
        found = item.to_json()
        if learned is not None:
            found["guesses"] = [list(pair) for pair in learned.guesses(item.id)]
            found["broken"] = found["broken"] or learned.broken.get(item.id, "")
        else:
            found["guesses"] = []
        return found

    def close(self) -> None:
        """End what is under way; of uploads nothing is left but what was added."""
        self._ending = self._ended = True
        for pool in (self._show, self._slow, self._try):
            pool.shutdown(cancel_futures=True)
        for pool in (self._unpack, self._add, self._change):
            pool.shutdown()
        sweep(self.incoming)
        self.thumbs.close()
