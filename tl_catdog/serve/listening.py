"""The socket that a server listens at, and what is said where there can be none."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys

from tl_catdog.errors import UsageError, shortened, shown

SOMEWHERE = ("192.0.2.1", 9)
"""An address that belongs to nobody (RFC 5737); nothing is sent there."""

PRIVILEGED = 1024


def reachable(version: int) -> str:
    """Return this machine's address as its network sees it, or the one it has for itself."""
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(SOMEWHERE if version == 4 else ("2001:db8::1", 9))
        return str(probe.getsockname()[0])
    return "::1" if version == 6 else "127.0.0.1"


def listen(host: str, port: int, command: str = "serve") -> socket.socket:
    """Return a socket that listens at an address.

    Args:
        host: An address, of IPv6 with or without brackets and with a scope where it needs one, or
            a name of this machine.
        port: The port; 0 for any that is free.
        command: What is typed to listen elsewhere, in errors.

    Raises:
        UsageError: The address can't be used, or the port is taken.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        if not bare.strip():
            raise ValueError("no address")  # the system would take it for all of them
        found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, TypeError, ValueError) as error:
        raise _no_address(host, command) from error
    family, kind, protocol, _, address = min(found, key=lambda item: item[0] != socket.AF_INET)
    with contextlib.ExitStack() as kept:
        try:
            listening = kept.enter_context(socket.socket(family, kind, protocol))
            claim(listening, bare)
            listening.bind(address)
            listening.listen()  # whoever comes before the server is ready waits
        except OSError as error:
            raise _refused(host, port, error, command) from error
        kept.pop_all()
    return listening


def claim(listening: socket.socket, host: str) -> None:
    """Say that nobody else may have the port while this socket has it.

    On Windows SO_REUSEADDR would let any other program have it as well; elsewhere it only means a
    port that was just given back.
    """
    if sys.platform == "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":  # of both kinds of addresses, whatever the system's habit is
        with contextlib.suppress(OSError, AttributeError):
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _no_address(host: str, command: str) -> UsageError:
    if host.lower().startswith("fe80:") and "%" not in host:
        return UsageError(
            f"expected the network interface with an address that is its own, found {shown(host)}.",
            f"Type: tl-catdog {command} --host {shortened(host)}%eth0",
        )
    return UsageError(
        f"expected an address of this machine to listen at, found {shown(host)}.",
        f"Type: tl-catdog {command} --host 127.0.0.1 (0.0.0.0 for all its addresses).",
    )


def _refused(host: str, port: int, error: OSError, command: str) -> UsageError:
    """Return what is said where an address can't be listened at: what is wrong, not just a port."""
    place = f"{shortened(host)}:{port}"
    windows = getattr(error, "winerror", None)
    if error.errno == errno.EADDRINUSE or windows == 10048:
        return UsageError(
            f"expected a free port, found that {place} is taken by another program.",
            f"Type: tl-catdog {command} --port {port + 1 if port < 65535 else 0}",
        )
    if error.errno in (errno.EACCES, errno.EPERM) or windows == 10013:
        why = "which the system keeps for others" if port < PRIVILEGED else "which is not allowed"
        return UsageError(
            f"expected a port that this user may have, found {place}, {why}.",
            f"Type: tl-catdog {command} --port 8000",
        )
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL) or windows == 10049:
        return _no_address(host, command)
    return UsageError(
        f"expected an address to listen at, found {place} ({error.strerror or error}).",
        f"Type: tl-catdog {command} --host 127.0.0.1 --port 0",
    )
