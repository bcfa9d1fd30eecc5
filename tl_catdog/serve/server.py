"""Starting the server, and stopping it without dropping what is under way."""

from __future__ import annotations

import contextlib
import ipaddress
import math
import signal
import socket
from collections.abc import Callable

import uvicorn

from tl_catdog.errors import UsageError, shortened, shown
from tl_catdog.runs.folder import Run
from tl_catdog.serve.app import build_app
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.work import Worker

SOMEWHERE = ("192.0.2.1", 9)
"""An address that belongs to nobody (RFC 5737); nothing is sent there."""


def serve(
    run: Run,
    *,
    host: str,
    port: int,
    limits: Limits,
    reject: bool,
    ready: Callable[[str, bool], None],
) -> None:
    """Answer until a signal to stop comes, then finish what is under way.

    Args:
        run: The run that answers.
        host: The address to listen at.
        port: The port; 0 for any that is free.
        limits: What is taken.
        reject: Whether ``unsure`` is an answer.
        ready: Called with the page's address, and whether other machines can reach it.

    Raises:
        UsageError: The address or the port can't be used.
        CatdogError: The network can't be read.
    """
    listening = listen(host, port)
    worker = Worker(run, reject=reject, queue=limits.queue)
    name = socket.gethostname().lower()
    app = build_app(run, limits, worker, {"localhost", host.lower(), name, f"{name}.local"})
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=math.ceil(limits.seconds),
        server_header=False,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        """End before the server listens to signals, and again when it passes this one on."""
        server.should_exit = True

    kept = signal.signal(signal.SIGTERM, stop)
    address, port = listening.getsockname()[:2]
    bound = ipaddress.ip_address(address)
    shown = reachable(bound.version) if bound.is_unspecified else address
    ready(f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/", not bound.is_loopback)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, kept)
        worker.close()


def reachable(version: int) -> str:
    """Return this machine's address as its network sees it, or the one it has for itself."""
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(SOMEWHERE if version == 4 else ("2001:db8::1", 9))
        return str(probe.getsockname()[0])
    return "::1" if version == 6 else "127.0.0.1"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        UsageError: The address can't be used, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as kept:
        try:
            found = kept.enter_context(socket.socket(family, socket.SOCK_STREAM))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host, port))
            found.listen()  # whoever comes before the server is ready waits
        except OSError as error:
            raise UsageError(
                f"expected an address to listen at, found {shortened(host)}:{port} "
                f"({error.strerror}).",
                f"Type: tl-catdog serve --port {port + 1 if port < 65535 else 0}",
            ) from error
        except (TypeError, ValueError) as error:  # nothing that a machine could be called
            raise UsageError(
                f"expected an address to listen at, found {shown(host)}.",
                "Type: tl-catdog serve --host 127.0.0.1",
            ) from error
        kept.pop_all()
    return found
