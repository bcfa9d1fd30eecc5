"""The server that answers for one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from fastapi import FastAPI

from tl_catdog.runs.folder import Run
from tl_catdog.serve import hosting
from tl_catdog.serve.app import build_app
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.door import Door, Network
from tl_catdog.serve.guard import Access
from tl_catdog.serve.listening import listen
from tl_catdog.serve.work import Worker


def serve(
    run: Run,
    *,
    host: str,
    port: int,
    limits: Limits,
    reject: bool,
    ready: Callable[[str, bool], None],
    access: Access | None = None,
    proxies: Sequence[Network] = (),
    log: TextIO | None = None,
) -> None:
    """Answer until a signal to stop comes, then finish what is under way; a second one ends it.

    Args:
        run: The run that answers.
        host: The address to listen at.
        port: The port; 0 for any that is free.
        limits: What is taken.
        reject: Whether ``unsure`` is an answer.
        ready: Called with the page's address, and whether other machines can reach it.
        access: Who may ask; the names that the machine has are added.
        proxies: Whose word on a client's address is believed.
        log: Where each request's line goes.

    Raises:
        UsageError: The address or the port can't be used.
        CatdogError: The network can't be read.
    """
    listening = listen(host, port)
    worker = Worker(run, reject=reject, queue=limits.queue, max_pixels=limits.max_pixels)

    def build(access: Access, door: Door, told: hosting.Told) -> FastAPI:
        return build_app(run, limits, worker, access, door, told)

    try:
        hosting.host(
            listening,
            build,
            name=host,
            limits=limits,
            ready=ready,
            access=access,
            proxies=proxies,
            log=log,
        )
    finally:
        worker.close()
