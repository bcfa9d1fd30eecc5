"""The loop that a server runs in: its connections, its signals, and an end that drops nothing."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import TextIO
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI

from tl_catdog.serve.access_log import AccessLog
from tl_catdog.serve.bodies import Limits, Refusal
from tl_catdog.serve.connections import Connection, Patience
from tl_catdog.serve.door import Door, Network
from tl_catdog.serve.guard import Access, Seen
from tl_catdog.serve.listening import reachable

KEPT = 5  # seconds for which a connection is kept for another request

Told = Callable[[Seen], None]
Build = Callable[[Access, Door, Told], FastAPI]
"""Makes an application of who may ask, the connections, and what is told of each request; its
``state.told`` is told of those that are refused before they can be read."""


class Server(uvicorn.Server):
    """uvicorn's, which ends at the first signal when all is answered, and at the second at once.

    uvicorn's own raises a signal anew once it has ended, and shows the tracebacks of what it
    stopped.
    """

    ending: Callable[[], None] = staticmethod(lambda: None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End."""
        if self.should_exit:
            end_at_once(sig)
        self.should_exit = True
        self.ending()


def end_at_once(number: int) -> None:
    """End this program as if a signal had, though threads are at work; nothing is being written."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(128 + number)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Let any further signal end this program at once, while what was begun is put in order."""

    def stop(number: int, frame: FrameType | None) -> None:
        end_at_once(number)

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def host(
    listening: socket.socket,
    build: Build,
    *,
    name: str,
    limits: Limits,
    ready: Callable[[str, bool], None],
    access: Access | None = None,
    proxies: Sequence[Network] = (),
    log: TextIO | None = None,
    ending: Callable[[], None] = lambda: None,
    grace: float | None = None,
) -> None:
    """Answer until a signal to stop comes, then finish what is under way; a second one ends it.

    Args:
        listening: Where requests come.
        build: Makes what answers them.
        name: The address that was asked for; it may be called by it.
        limits: What is taken.
        ready: Called with the page's address, and whether other machines can reach it.
        access: Who may ask; the names that the machine has are added.
        proxies: Whose word on a client's address is believed.
        log: Where each request's line goes.
        ending: Called at the first signal, also in its handler: answers that wait for something to
            happen wait no longer.
        grace: Seconds for what is under way then; by default as long as an answer may take.
    """
    access = access or Access(hosts=())
    own = socket.gethostname().lower()
    hosts = {"localhost", name.lower(), own, f"{own}.local", *access.hosts}
    door = Door(limits.connections, limits.each, proxies)
    lines = AccessLog(log) if log else None
    app = build(replace(access, hosts=hosts), door, lines.write if lines else lambda seen: None)
    config = uvicorn.Config(
        app,
        http=partial(  # type: ignore[arg-type]  # what makes a protocol is as good as its class
            Connection,
            door=door,
            patience=Patience(body=limits.seconds),
            refused=partial(_tell, app.state.told),
        ),
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=[address_of(network) for network in proxies],
        timeout_keep_alive=KEPT,
        timeout_graceful_shutdown=math.ceil(limits.seconds if grace is None else grace),
        server_header=False,
    )
    if not os.environ.get("TL_CATDOG_DEBUG"):
        # What strangers send and close could fill a disk.
        for logger, level in (("uvicorn", 50), ("python_multipart", 50), ("asyncio", 40)):
            logging.getLogger(logger).setLevel(level)
    server = Server(config)
    server.ending = ending

    def stop(number: int, frame: FrameType | None) -> None:
        """End before the server listens to signals, and after it does no more."""
        server.handle_exit(number, frame)

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    ready(*opened(listening, access.token))
    try:
        server.run(sockets=[listening])
    finally:
        if lines:
            lines.close()
        for number, handler in kept.items():
            signal.signal(number, handler)


def opened(listening: socket.socket, token: str | None) -> tuple[str, bool]:
    """Return the page's address, and whether other machines can reach it.

    The token is behind a ``#``, which browsers keep to themselves.
    """
    address, port = listening.getsockname()[:2]
    bound = ipaddress.ip_address(address.partition("%")[0])
    shown = reachable(bound.version) if bound.is_unspecified else address
    shown = f"[{shown.replace('%', '%25')}]" if ":" in shown else shown
    secret = f"#token={quote(token, safe='')}" if token else ""
    return f"http://{shown}:{port}/{secret}", not bound.is_loopback


def address_of(network: Network) -> str:
    """Return a network as uvicorn takes it: one address by itself.

    >>> address_of(ipaddress.ip_network("10.0.0.1")), address_of(ipaddress.ip_network("10.0.0.0/8"))
    ('10.0.0.1', '10.0.0.0/8')
    """
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _tell(told: Callable[[Seen], None], address: str, refusal: Refusal) -> None:
    """Count and log a request that was refused before it could be read."""
    told(Seen(address, "", "", refusal.status))
