"""A connection of the server: how long it may wait for what, and how it says no.

uvicorn reads and answers requests; it has no limit of time for a head, for a client that doesn't
read its answer, or for the end of a body once the server is to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.door import Door, Wait, client_of, is_within
from tl_catdog.serve.page import HEADERS
from tl_catdog.serve.reader import StrictReader

BUSY = Refusal(503, "too many connections at once", "Close some, or try again in a second.")
SLOW_HEAD = Refusal(408, "expected a request's head sooner", "Send it again.")
SLOW_BODY = Refusal(408, "expected a body of at least 1 KiB a second", "Send it again.")
ENDED = Refusal(400, "the request ended early", "Send it again.")
STOPPING = Refusal(503, "the server is about to end", "Send it again later.")
PROXYS_NEXT = 75  # seconds: proxies keep connections for a minute, and must be the first to close
SLOWEST = 1024  # bytes of a body a second, after ``Patience.head``


@dataclass(frozen=True)
class Patience:
    """How many seconds a connection may take.

    Attributes:
        head: For a request's head; then its body has to come with ``SLOWEST``.
        body: For a body in all, and for reading an answer.
        stop: For a body, or reading an answer, once the server is to end.
        farewell: For reading why it is closed.
    """

    head: float = 10.0
    body: float = 60.0
    stop: float = 5.0
    farewell: float = 2.0


def answer_of(refusal: Refusal) -> bytes:
    """Return a refusal as the bytes of a response, for where there is no request to answer."""
    body = json.dumps({"error": refusal.error, "hint": refusal.hint}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **HEADERS,
    }
    if refusal.status == 503:
        headers["Retry-After"] = "1"
    head = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + body


class Parting:
    """A transport that, where a body is still being sent, closes only once that was read.

    Otherwise the system would tell the other side of a broken connection, and it would never see
    the answer that says why.
    """

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self._transport, self._connection = transport, connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close, or part."""
        if self._connection.hears():
            self._connection.part()
        else:
            self._transport.close()


class Connection(H11Protocol):
    """One connection.

    Args:
        door: All of them.
        patience: How long it may take.
        refused: Told of what is refused before there is a request to answer.
        given: What uvicorn gives.
    """

    def __init__(
        self,
        *,
        door: Door,
        patience: Patience,
        refused: Callable[[str, Refusal], None] = lambda address, refusal: None,
        **given: Any,
    ) -> None:
        given["app_state"] = {**given["app_state"], "connection": self}
        super().__init__(**given)
        self.conn = self._reader = StrictReader()
        self.key, self.exempt, self.lost = "", False, False
        self._door, self._patience, self._tell = door, patience, refused
        self._since = self.loop.time()
        self._got = 0  # bytes since then
        self._begun = True  # whether a head is being waited for, not the next request
        self._parting = self._refused = False
        self._stopping: float | None = None
        self._unread: float | None = None
        self._real: asyncio.Transport

    # What uvicorn and asyncio call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or say that it can't be."""
        real = self._real = cast("asyncio.Transport", transport)
        super().connection_made(cast("asyncio.Transport", Parting(real, self)))
        address = self.client[0] if self.client else ""
        self.key = client_of(address)
        self.exempt = is_within(address, self._door.proxies)
        if self.exempt:
            self.timeout_keep_alive = PROXYS_NEXT
        if self._door.let_in(self, self.loop):
            return
        self._refused = True
        if self._door.say_farewell(self):
            self.refuse(BUSY)
        else:
            real.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.lost = True
        self._door.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        if self._parting:
            return
        self._got += len(data)
        if not self._begun and self._is_idle():
            self._begin(begun=True, got=len(data))
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._begin(begun=False)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio has it so
        """Answer whoever has said all and still listens; return whether to stay."""
        if self._parting:
            return False
        if self._is_idle():
            if self._begun and self._got:
                self.refuse(ENDED)  # half a head
            return False
        if self.cycle.more_body:
            self.refuse(ENDED)
            return False
        self.cycle.keep_alive = False
        return True

    def send_400_response(self, msg: str) -> None:
        """Say in the documented form why a request can't be read."""
        self.refuse(self._reader.refusal)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if self._parting:
            self.server_state.total_requests += 1
            return
        cycle = self.cycle
        super().on_response_complete()
        if not self._parting:
            more = bool(self.conn.trailing_data[0])
            self._begin(begun=more and self.cycle is cycle, got=int(more))

    def shutdown(self) -> None:
        """Finish what is under way, for the server is to end."""
        self._stopping = self.loop.time()
        if self._is_idle() and not self._parting:
            self.transport.close()
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def timeout_keep_alive_handler(self) -> None:
        """Close it: no other request has come."""
        self.transport.close()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Never: such requests are refused."""

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: whoever offers another protocol may be answered in this one."""

    # What the door asks

    def sending(self) -> bool:
        """Return whether the request's body is still to come, at least in part."""
        return self.cycle is not None and self.cycle.more_body

    def waiting(self) -> Wait:
        """Return what it waits for."""
        if self._parting:
            return Wait.FAREWELL
        unread = self._real.get_write_buffer_size() > 0
        if self._is_idle():
            if unread:
                return Wait.READER
            return Wait.HEAD if self._begun else Wait.NEXT
        if self.cycle.response_started:
            return Wait.READER if unread else Wait.ANSWER
        return Wait.BODY if self.cycle.more_body else Wait.ANSWER

    def age(self) -> float:
        """Return for how many seconds it has waited."""
        return self.loop.time() - self._since

    def check(self, now: float) -> None:
        """Close it if it has waited for too long."""
        wait, allowed = self.waiting(), self._patience
        age = now - self._since
        if wait != Wait.READER:
            self._unread = None
        elif self._unread is None:
            self._unread = now
        ending = self._stopping is not None and now - self._stopping > allowed.stop
        if wait == Wait.FAREWELL:
            if age > allowed.farewell / (1 if self._stopping is None else 4):
                self.hang_up()
        elif wait == Wait.READER:
            if ending or now - (self._unread or now) > allowed.body:
                self._slow()
                self.hang_up()
        elif wait == Wait.HEAD:
            if age > allowed.head:
                self._slow()
                if self._got:
                    self.refuse(SLOW_HEAD)
                else:
                    self.hang_up()
        elif wait == Wait.BODY:
            if ending:
                self.refuse(STOPPING)
            elif self._got < SLOWEST * (age - allowed.head) or age > allowed.body + 1:
                self._slow()
                self.refuse(SLOW_BODY)

    def hang_up(self) -> None:
        """Close it at once."""
        self.transport.abort()

    # How it ends

    def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, whatever the request was, and part."""
        if self._parting or self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            if self.cycle.response_started:
                self.hang_up()
                return
            self.cycle.disconnected = True  # whatever it answers comes too late
            self.cycle.message_event.set()
        self._tell(self.client[0] if self.client else "", refusal)
        self.transport.write(answer_of(refusal))
        self.part()

    def hears(self) -> bool:
        """Return whether the other side may still be sending."""
        return (self._refused or self.sending()) and not self.transport.is_closing()

    def part(self) -> None:
        """Send nothing more, and close once the other side has, or soon."""
        self._parting = True
        self._begin(begun=False)
        self._unset_keepalive_if_required()
        with contextlib.suppress(OSError, RuntimeError, NotImplementedError):
            self.transport.write_eof()
        with contextlib.suppress(RuntimeError):
            self.transport.resume_reading()

    def _slow(self) -> None:
        self._door.turned_away["slow"] += 1

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _begin(self, *, begun: bool, got: int = 0) -> None:
        self._begun, self._got, self._since = begun, got, self.loop.time()
