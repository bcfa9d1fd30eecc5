"""Stands before the application: who may ask, and what every answer says and is counted as."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import re
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.page import HEADERS

ANY = "*"
SAFE = ("GET", "HEAD", "OPTIONS")
OTHERS = ("cross-site", "same-site")
"""What browsers say of requests that another origin's page makes; ``same-site`` is another port."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{0,5})?")

FAULT = Refusal(500, "expected to answer, found a fault of this program", "Please report it.")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: Names that the server may be called by, in small letters, besides any address in
            numbers; another site's name that was pointed at it is refused.
        origins: Pages of which other sites may ask, as browsers name them; ``*`` for any.
        token: What a request has to know; None if nothing.
        root_path: Where a proxy has the server: ``/cats``; the proxy may take it off or leave it.
    """

    hosts: Collection[str]
    origins: Collection[str] = ()
    token: str | None = None
    root_path: str = ""


@dataclass
class Seen:
    """What is known of a request once it is answered.

    Attributes:
        client: The address that it came from, as a trusted proxy says it.
        method: Its method.
        path: Its path, without what follows a question mark.
        status: The answer's status; 0 if there was none.
        bytes: Of the answer's body.
        seconds: From its head to the end of the answer.
        pictures: How many pictures it brought.
        closing: What is to be given back at its end.
    """

    client: str
    method: str
    path: str
    status: int = 0
    bytes: int = 0
    seconds: float = 0.0
    pictures: int = 0
    closing: ExitStack = field(default_factory=ExitStack)


class Guard:
    """Refuses whom ``Access`` doesn't let in, and says what pages may do.

    Not by the framework's decorator, which starts tasks for each request: with 64 clients a request
    took 13.6 ms of a core instead of 11.8.

    Args:
        app: What answers the others.
        access: Who they are.
        opened: Paths that need no token.
        told: Called with each request once it is answered.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        opened: Collection[str] = (),
        told: Callable[[Seen], None] = lambda seen: None,
    ) -> None:
        self._app, self._access, self._opened, self._told = app, access, opened, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, bare = placed(scope["path"], self._access.root_path)
        seen = Seen((scope.get("client") or ("",))[0], scope["method"], bare)
        state = {**scope.get("state", {}), "seen": seen}
        scope = {**scope, "path": path, "root_path": self._access.root_path, "state": state}
        connection = state.get("connection")
        headless = scope["method"] == "HEAD"
        request = Request(scope)
        if headless:
            scope["method"] = "GET"
        allowed = self._allowed_origin(request)
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                share(headers, allowed, varies=bool(self._access.origins))
                if connection is not None and connection.sending():
                    headers["Connection"] = "close"  # the rest of its body is of no use
            elif headless:
                message = {**message, "body": b""}
            seen.bytes += len(message.get("body", b""))
            await send(message)

        try:
            with seen.closing:
                await self._answer(request, bare, allowed)(scope, receive, sending)
        except Exception as error:  # the framework's handlers have had their turn
            shown = os.environ.get("TL_CATDOG_DEBUG")
            logging.getLogger("tl_catdog.serve").error(
                "A fault in answering %s: %r",
                seen.method,
                type(error).__name__,
                exc_info=bool(shown),
            )
            if not seen.status:
                await refused(FAULT)(scope, receive, sending)
        finally:
            seen.seconds = time.perf_counter() - began
            self._told(seen)

    def _answer(self, request: Request, path: str, allowed: str | None) -> ASGIApp:
        """Return what answers a request: the application, or a refusal."""
        access = self._access
        try:
            refuse_other_names(request, access.hosts)
            if access.root_path and request.scope["path"] == access.root_path:
                return Response(status_code=308, headers={"Location": f"{access.root_path}/"})
            headers = request.headers
            if request.method == "OPTIONS" and "access-control-request-method" in headers:
                return preflight(request, allowed)
            if allowed is None and request.method not in SAFE:
                refuse_other_sites(request)
            elif not access.origins:
                refuse_embedding(request)
            if path not in self._opened:
                refuse_strangers(request, access.token)
        except Refusal as refusal:
            return refused(refusal)
        return self._app

    def _allowed_origin(self, request: Request) -> str | None:
        """Return the origin of a request's page, if it is of another site that may ask."""
        origin = request.headers.get("origin", "")
        if origin and ANY in self._access.origins:
            return ANY
        return origin if origin.lower() in self._access.origins else None


def placed(path: str, root: str) -> tuple[str, str]:
    """Return a path with where a proxy has the server, as ASGI has it, and without.

    >>> placed("/about", ""), placed("/about", "/cats"), placed("/cats/about", "/cats")
    (('/about', '/about'), ('/cats/about', '/about'), ('/cats/about', '/about'))
    >>> placed("/cats", "/cats"), placed("/catsup", "/cats")
    (('/cats', ''), ('/cats/catsup', '/catsup'))
    """
    if path == root or (root and path.startswith(f"{root}/")):
        return path, path.removeprefix(root)
    return root + path, path


def share(headers: MutableHeaders, allowed: str | None, *, varies: bool) -> None:
    """Say which other site's page may read an answer; never with a browser's credentials."""
    if allowed is not None:
        headers["Access-Control-Allow-Origin"] = allowed
        headers["Access-Control-Expose-Headers"] = "Retry-After, WWW-Authenticate"
    if varies:
        headers.add_vary_header("Origin")


def preflight(request: Request, allowed: str | None) -> Response:
    """Answer a browser that asks whether another site's page may ask.

    Raises:
        Refusal: It may not.
    """
    if allowed is None:
        refuse_other_sites(request)
    headers = {
        "Access-Control-Allow-Methods": "GET, HEAD, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    if "access-control-request-private-network" in request.headers:
        headers["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=headers)


def refused(refusal: Refusal) -> Response:
    """Return a refusal as a response."""
    headers = {"Retry-After": "1"} if refusal.status == 503 else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = f'Bearer realm="tl-catdog"{refusal.detail}'
    if refusal.status in (408, 413):
        headers["Connection"] = "close"
    found = {"error": refusal.error, "hint": refusal.hint}
    return JSONResponse(found, refusal.status, headers)


def refuse_strangers(request: Request, token: str | None) -> None:
    """Refuse whoever doesn't know the token.

    Raises:
        Refusal: The request has none, or another; how much of it is right can't be told from the
            time that this takes.
    """
    if token is None:
        return
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Refusal(
            401, "expected a token, found none", "Send it as Authorization: Bearer TOKEN."
        )
    if not hmac.compare_digest(given.strip().encode("latin-1"), token.encode("latin-1")):
        raise Refusal(
            401,
            "expected the server's token, found another",
            "Ask whoever started the server.",
            ', error="invalid_token"',
        )


def refuse_other_names(request: Request, hosts: Collection[str]) -> None:
    """Refuse a request to a name that isn't this server's, as a site may point its own at it.

    Raises:
        Refusal: The name is neither an address in numbers nor one of ``hosts``.
    """
    found = _HOST.fullmatch(request.headers.get("host", "").lower())
    name = found["name"].removesuffix(".") if found else ""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        if not name or name not in hosts:
            raise Refusal(
                400,
                "expected this server's name as Host, found another",
                "Use its address, or start it with --allow-host NAME.",
            ) from None


def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site sends in the name of whoever looks at it.

    Raises:
        Refusal: The request says that it comes from there.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site in OTHERS or (origin and origin.partition("://")[2] != headers.get("host")):
        raise Refusal(
            403,
            "expected a request of this page, found another site's",
            "Open / here, or start serve with --allow-origin URL.",
        )


def refuse_embedding(request: Request) -> None:
    """Refuse what another site's page loads, but for the page itself when somebody opens it.

    Browsers tell where a request comes from if it goes to this machine, or over HTTPS. Nothing that
    is loaded so changes anything, and its bytes stay hidden from that page. But how large a picture
    is, or whether there is one, could be seen, and connections held that are needed here.

    Raises:
        Refusal: The request says that it comes from there.
    """
    headers = request.headers
    opens = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    if headers.get("sec-fetch-site") in OTHERS and opens != ("navigate", "document"):
        raise Refusal(403, "expected a request of this page, found another site's", "Open / here.")
