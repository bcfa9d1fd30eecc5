"""Starting the server, and stopping it without dropping what is under way."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import TextIO
from urllib.parse import quote

import uvicorn

from tl_catdog.runs.folder import Run
from tl_catdog.serve.access_log import AccessLog
from tl_catdog.serve.app import build_app
from tl_catdog.serve.bodies import Limits, Refusal
from tl_catdog.serve.connections import Connection, Patience
from tl_catdog.serve.door import Door, Network
from tl_catdog.serve.guard import Access, Seen
from tl_catdog.serve.listening import listen, reachable
from tl_catdog.serve.work import Worker

KEPT = 5  # seconds for which a connection is kept for another request


class Server(uvicorn.Server):
    """uvicorn's, which ends at the first signal when all is answered, and at the second at once.

    uvicorn's own raises a signal anew once it has ended, and shows the tracebacks of what it
    stopped.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End."""
        if self.should_exit:
            end_at_once(sig)
        self.should_exit = True


def end_at_once(number: int) -> None:
    """End this program as if a signal had, though threads are at work; nothing is being written."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(128 + number)


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
    access = access or Access(hosts=())
    worker = Worker(run, reject=reject, queue=limits.queue, max_pixels=limits.max_pixels)
    own = socket.gethostname().lower()
    hosts = {"localhost", host.lower(), own, f"{own}.local", *access.hosts}
    door = Door(limits.connections, limits.each, proxies)
    lines = AccessLog(log) if log else None
    told = lines.write if lines else lambda seen: None
    app = build_app(run, limits, worker, replace(access, hosts=hosts), door, told)
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
        timeout_graceful_shutdown=math.ceil(limits.seconds),
        server_header=False,
    )
    if not os.environ.get("TL_CATDOG_DEBUG"):
        # What strangers send and close could fill a disk.
        for name, level in (("uvicorn", 50), ("python_multipart", 50), ("asyncio", 40)):
            logging.getLogger(name).setLevel(level)
    server = Server(config)

    def stop(number: int, frame: FrameType | None) -> None:
        """End before the server listens to signals, and after it does no more."""
        server.handle_exit(number, frame)

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    ready(*opened(listening, access.token))
    try:
        server.run(sockets=[listening])
    finally:
        worker.close()
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
