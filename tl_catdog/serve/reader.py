"""Reading requests strictly: what could be read in two ways, or never ends, is refused."""

from __future__ import annotations

import re
from typing import Any

import h11

from tl_catdog.serve.bodies import Refusal

MAX_HEAD = 32 * 1024
MAX_HEADERS = 100
MAX_TARGET = 8 * 1024

SMALL_CHUNK, FREE_CHUNKS = 256, 1024
"""So many bytes a chunk must have on average beyond the first ones: each costs the server some ten
microseconds, so that a megabyte in chunks of one byte would hold it up for ten seconds."""

TOO_LARGE = Refusal(
    431,
    f"expected a head of at most {MAX_HEAD // 1024} KiB and {MAX_HEADERS} headers, found more",
    "Send fewer headers.",
)
BROKEN = Refusal(400, "expected a request of HTTP/1.1, found a broken one", "Use an HTTP client.")
CODING = Refusal(
    501,
    "expected a body with a length or in chunks, found another coding",
    "Leave it to the client.",
)
TWO_WAYS = Refusal(
    400,
    "expected one length of the body, or chunks, found several",
    "Leave it to the client, and look for a proxy that adds one.",
)
HOSTS = Refusal(400, "expected one Host, found none or several", "Use an HTTP client.")
SECURE = Refusal(
    400,
    "expected a request as it is, found one for TLS",
    "Use http:// in the address, or put a proxy with TLS in front.",
)
LINES = Refusal(
    400, "expected a header a line, found a line that goes on or ends oddly", "Use an HTTP client."
)

TLS = b"\x16"
"""The first byte that a browser sends where it was given https://."""

_END = re.compile(rb"\n\r?\n")
_ODD = re.compile(rb"\n[ \t]|(?<!\r)\n|\r(?!\n)|\0")
_LENGTHS = re.compile(rb"\ncontent-length[ \t]*:([^\n]*)", re.IGNORECASE)


class RefusedError(h11.RemoteProtocolError):
    """A request that isn't answered as it stands."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error, error_status_hint=refusal.status)
        self.refusal = refusal


def refusal_of(error: h11.RemoteProtocolError) -> Refusal:
    """Return what is said of a request that can't be read; nothing of it is repeated."""
    if isinstance(error, RefusedError):
        return error.refusal
    if "Host: header" in str(error):
        return HOSTS
    return {431: TOO_LARGE, 501: CODING}.get(error.error_status_hint, BROKEN)


class StrictReader(h11.Connection):
    """Reads requests as h11 does, which is strict, and refuses what a proxy could read otherwise.

    Those are requests with both a length and chunks, with several lengths, or with headers that go
    on in the next line; besides, what this server has no answer to.

    Attributes:
        refusal: Why the last request couldn't be read.
    """

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEAD)
        self.refusal = BROKEN
        self._looked = 0
        self._chunks = self._bytes = 0

    def next_event(self) -> Any:
        """Return h11's next event.

        Raises:
            h11.RemoteProtocolError: The request is refused; ``refusal`` says why.
        """
        try:
            if self.their_state is h11.IDLE:
                self._look_at_head()
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._chunks = self._bytes = self._looked = 0
                refuse_odd(event)
            elif isinstance(event, h11.Data):
                self._count(event)
        except h11.RemoteProtocolError as error:
            self.refusal = refusal_of(error)
            raise
        return event

    def _look_at_head(self) -> None:
        data, _ = self.trailing_data
        if data[:1] == TLS:
            raise RefusedError(SECURE)
        found = _END.search(data, max(0, self._looked - 3))
        self._looked = len(data)
        if found is None:
            return
        head = data[: found.end()]
        if _ODD.search(head):
            raise RefusedError(LINES)
        if len(head) > MAX_HEAD or head.count(b"\n") > MAX_HEADERS + 2:
            raise RefusedError(TOO_LARGE)
        lengths = _LENGTHS.findall(head)
        if len(lengths) > 1 or any(b"," in length for length in lengths):
            raise RefusedError(TWO_WAYS)

    def _count(self, event: h11.Data) -> None:
        self._chunks += event.chunk_start
        self._bytes += len(event.data)
        if (self._chunks - FREE_CHUNKS) * SMALL_CHUNK > self._bytes:
            raise RefusedError(
                Refusal(400, "expected fewer, larger chunks", "Send it in pieces of some KiB.")
            )


def refuse_odd(request: h11.Request) -> None:
    """Refuse a request that has no answer here, or two.

    Raises:
        RefusedError: It has.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers:
        headers[name] = value
    target, version = request.target, request.http_version
    refusal = None
    if version not in (b"1.1", b"1.0"):
        refusal = Refusal(505, "expected HTTP/1.1, found another version", "Use HTTP/1.1.")
    elif b"transfer-encoding" in headers and (b"content-length" in headers or version == b"1.0"):
        refusal = TWO_WAYS
    elif len(target) > MAX_TARGET:
        refusal = Refusal(
            414, f"expected an address of at most {MAX_TARGET:,} letters, found more", "Shorten it."
        )
    elif not target.startswith(b"/") or b"#" in target:
        refusal = Refusal(
            400, "expected a path that begins with /, found another target", "Ask for /."
        )
    elif b"expect" in headers and headers[b"expect"].strip().lower() != b"100-continue":
        refusal = Refusal(
            417, "expected 100-continue as Expect, found another", "Leave Expect out."
        )
    elif b"websocket" in headers.get(b"upgrade", b"").lower():
        refusal = Refusal(
            400, "expected a plain request, found one for a WebSocket", "Leave Upgrade out."
        )
    if refusal is not None:
        raise RefusedError(refusal)
