"""The server of the page that teaches: it opens the folder, learns beside, and ends tidily."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from tl_catdog.errors import CatdogError
from tl_catdog.serve import hosting, opening
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.door import Door, Network
from tl_catdog.serve.guard import Access
from tl_catdog.serve.listening import listen
from tl_catdog.teach.app import build_app
from tl_catdog.teach.changing import refused
from tl_catdog.teach.grouping import Grouping
from tl_catdog.teach.intake import sweep
from tl_catdog.teach.job import RUNNING
from tl_catdog.teach.keeping import Keeping
from tl_catdog.teach.learner import Learner
from tl_catdog.teach.looking import Looker
from tl_catdog.teach.news import News
from tl_catdog.teach.room import MUCH, room_of
from tl_catdog.teach.site import Site
from tl_catdog.teach.state import State
from tl_catdog.teach.thumbs import Thumbs
from tl_catdog.teach.trial import Trial
from tl_catdog.teach.uploads import Bound

GRACE = 10.0
"""Seconds for what is under way at the end: an upload that takes longer is sent anew."""


@dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        host: The address to listen at.
        port: The port; 0 for any that is free.
        access: Who may ask; the names that the machine has are added.
        bound: What an upload may be.
        runs_dir: Where runs go.
        proxies: Whose word on a client's address is believed.
        access_log: The file where each request's line goes, or ``-``; None for no log.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    access: Access = field(default_factory=lambda: Access(hosts=()))
    bound: Bound = field(default_factory=Bound)
    runs_dir: Path = Path("models")
    proxies: Sequence[Network] = ()
    access_log: str | None = None


def teach(
    folder: Path,
    options: Options,
    ready: Callable[[str, bool], None],
    tell: Callable[[str], None] = lambda words: None,
) -> None:
    """Let a page teach a classifier from a folder until a signal to stop comes.

    Args:
        folder: The folder; made where it isn't there, but the one above it is.
        options: How.
        ready: Called with the page's address, and whether other machines can reach it.
        tell: Told a line at a time what else there is to know: what goes on from before, what takes
            much room, what is stopped at the end, and how to go on with it.

    Raises:
        UsageError: The folder can't be taught from, another server has it, or the address or the
            port can't be used.
        CatdogError: The folder can't be written to.
    """
    listening = listen(options.host, options.port, "teach")
    with contextlib.ExitStack() as ended:
        ended.callback(listening.close)
        try:
            folder.mkdir()
        except OSError as error:  # where it is there, or nowhere, whatever opens it says more
            if folder.parent.is_dir() and not os.path.lexists(folder):
                raise refused(error, f"to make {folder}") from error
        state = State.open(folder, aside=True)
        ended.callback(state.close)
        log = ended.enter_context(opening.log_of(options.access_log, "teach"))
        sweep(state.root / ".teach" / "incoming")
        keeping = Keeping(folder, options.runs_dir)
        news = News(lambda: _look(state, keeping, news))
        keeping.on_end = news.tell
        looker = Looker()
        learner = Learner(state, news.tell, looker)
        thumbs = Thumbs()
        trial = Trial(looker.config)
        site = Site(state, learner, trial, thumbs, news, keeping, options.bound)
        ended.callback(site.close)
        ended.callback(keeping.close, tell)
        learner.start()
        ended.callback(learner.close)
        grouping = Grouping(state)
        grouping.start()
        ended.callback(grouping.close)
        watcher = _Watcher(state, news)
        ended.callback(watcher.close)
        for end in (state.end_waits, watcher.end, grouping.end, learner.end):
            ended.callback(end)  # the last one first: all end at the same time, then are waited for

        def build(access: Access, door: Door, told: hosting.Told) -> FastAPI:
            return build_app(site, access, told)

        def ending() -> None:
            site.end()
            news.end()

        def opened(address: str, others: bool) -> None:
            site.address, site.others = address, others
            ready(address, others)
            for job in keeping.jobs():
                if job.state == RUNNING:
                    tell(f"{job.kind} {job.run}, which an earlier server began, goes on.")
            if (room := room_of(folder)).bytes >= MUCH:
                tell(room.words())

        hosting.host(
            listening,
            build,
            name=options.host,
            limits=Limits(seconds=options.bound.seconds),
            ready=opened,
            access=options.access,
            proxies=options.proxies,
            log=log,
            ending=ending,
            grace=GRACE,
        )
        with hosting.at_once():
            ended.close()


def _look(state: State, keeping: Keeping, news: News) -> None:
    """Look what others did to the folder, and how far a job is."""
    if keeping.moved_on():
        news.tell()
    state.refresh()


class _Watcher:
    """Tells pages of whatever changes the state, and reads pictures that it doesn't know yet."""

    def __init__(self, state: State, news: News) -> None:
        self._state, self._news = state, news
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ask it to end."""
        self._end.set()

    def close(self) -> None:
        """End."""
        self.end()
        self._thread.join(2)

    def _run(self) -> None:
        version = self._state.version
        while not self._end.is_set():
            with contextlib.suppress(OSError, CatdogError):  # the next request says it
                while not self._end.is_set() and self._state.read_some():
                    self._news.tell()
            now = self._state.wait(version, 0.5)
            if now != version:
                version = now
                self._news.tell()
