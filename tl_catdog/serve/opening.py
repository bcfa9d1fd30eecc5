"""Checks what is asked for when a server is opened to others: names, sites, a token, a proxy."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from tl_catdog.errors import UsageError, shown
from tl_catdog.serve.door import Network
from tl_catdog.serve.guard import ANY

AUTO = "auto"
STANDARD_ERROR = "-"
VARIABLE = "TL_CATDOG_TOKEN"
SHORTEST, LONGEST = 16, 256

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_-]{1,63})*")
_ROOT = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def token_of(
    given: str | None, environment: Mapping[str, str], command: str = "serve"
) -> str | None:
    """Return the token to ask for; None if none was given.

    Args:
        given: The option's value; ``auto`` for a new one.
        environment: Holds ``TL_CATDOG_TOKEN``, where other users' lists of processes don't show it.
        command: What is typed, in errors.

    Raises:
        UsageError: It is no token, or easily guessed.
    """
    where = "--token"
    if given is None:
        given, where = environment.get(VARIABLE), VARIABLE
    if given is None:
        return None
    if given == AUTO:
        return secrets.token_urlsafe(24)
    if not SHORTEST <= len(given) <= LONGEST or not _TOKEN.fullmatch(given):
        raise UsageError(  # never repeated: it may be a secret with a slip in it
            f"expected {SHORTEST} to {LONGEST} letters, digits and -._~+/ as {where}, found others"
            " or another number of them.",
            f"Type: tl-catdog {command} --token auto",
        )
    return given


def name_of(given: str, command: str = "serve") -> str:
    """Return a name that the server may be called by.

    >>> name_of("Cats.Example.org.")
    'cats.example.org'

    Raises:
        UsageError: It is none.
    """
    name = given.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"expected a name without http:// and port as --allow-host, found {shown(given)}.",
            f"Type: tl-catdog {command} --allow-host cats.example.org",
        )
    return name


def is_own(host: str) -> bool:
    """Return whether an address to listen at is one that no other machine can reach.

    >>> [is_own(host) for host in ("127.0.0.1", "[::1]", "localhost", "0.0.0.0", "box", "")]
    [True, True, True, False, False, False]
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare.partition("%")[0]).is_loopback
    except ValueError:
        return False


def origin_of(given: str) -> str:
    """Return a site whose pages may ask, as browsers name it.

    >>> origin_of("https://Example.org:443/"), origin_of("http://localhost:3000"), origin_of("*")
    ('https://example.org', 'http://localhost:3000', '*')

    Raises:
        UsageError: It is none.
    """
    if given == ANY:
        return given
    try:
        parts = urlsplit(given.lower())
        port, name = parts.port, parts.hostname or ""
        bare = parts._replace(scheme="", netloc="", path=parts.path.removesuffix("/")).geturl()
        address = ipaddress.ip_address(name) if ":" in name else None
        right = parts.scheme in ("http", "https") and not bare and "@" not in parts.netloc
    except ValueError:
        right = False
    if not right or not (address or _NAME.fullmatch(name)):
        raise UsageError(
            f"expected a site without a path as --allow-origin, found {shown(given)}.",
            "Type: tl-catdog serve --allow-origin https://example.org",
        )
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{name}]" if address else name
    return f"{parts.scheme}://{host}" + ("" if port in (None, usual) else f":{port}")


def root_of(given: str, command: str = "serve") -> str:
    """Return where a proxy has the server.

    >>> root_of("/"), root_of("/cats/"), root_of("/a/b")
    ('', '/cats', '/a/b')

    Raises:
        UsageError: It is no path.
    """
    root = given.removesuffix("/")
    if given and (not root or _ROOT.fullmatch(root)) and ".." not in root.split("/"):
        return root
    raise UsageError(
        f"expected a path that begins with / as --root-path, found {shown(given)}.",
        f"Type: tl-catdog {command} --root-path /cats",
    )


def proxy_of(given: str, command: str = "serve") -> Network:
    """Return whose word on a client's address is believed.

    >>> str(proxy_of("127.0.0.1")), str(proxy_of("10.0.0.0/8"))
    ('127.0.0.1/32', '10.0.0.0/8')

    Raises:
        UsageError: It is neither an address nor a network.
    """
    try:
        return ipaddress.ip_network(given)
    except ValueError as error:
        raise UsageError(
            f"expected an address or a network as --proxy, found {shown(given)}.",
            f"Type: tl-catdog {command} --proxy 127.0.0.1",
        ) from error


@contextlib.contextmanager
def log_of(given: str | None, command: str = "serve") -> Iterator[TextIO | None]:
    """Open what requests are logged to; lines are added to a file that there is.

    Args:
        given: The option's value: a file, ``-`` for standard error, or None for no log.
        command: What is typed, in errors.

    Raises:
        UsageError: It can't be written to.
    """
    if given is None or given == STANDARD_ERROR:
        yield None if given is None else sys.stderr
        return
    with contextlib.ExitStack() as kept:
        try:
            file = kept.enter_context(Path(given).open("a", encoding="ascii"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"expected a file to add lines to as --access-log, found {shown(given)} "
                f"({getattr(error, 'strerror', None) or error}).",
                f"Type: tl-catdog {command} --access-log -",
            ) from error
        yield file
