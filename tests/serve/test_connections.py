"""How long a connection may wait for what, and how it is told why it ends; on real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
import uvicorn

from tl_catdog.serve import connections
from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.connections import Connection, Patience, answer_of
from tl_catdog.serve.door import Door, client_of

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"

HASTY = Patience(head=0.3, body=0.6, stop=0.2, farewell=0.3)

LONG = b"x" * 2**20


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, unless it is refused unread, and answer with its length or at length."""
    size, path = 0, scope["path"]
    while path != "/refuse":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    headers = [(b"connection", b"close")] if path == "/refuse" else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(64 if path == "/long" else 0):
        await send({"type": "http.response.body", "body": LONG, "more_body": True})
    await send({"type": "http.response.body", "body": str(size).encode()})


class Room:
    """A server of one process, whose connections are at hand."""

    def __init__(self, door: Door, patience: Patience) -> None:
        self.door, self.patience = door, patience
        self.made: list[Connection] = []
        self.told: list[tuple[str, Refusal]] = []

    def make(self, **given: Any) -> Connection:
        def refused(address: str, refusal: Refusal) -> None:
            self.told.append((address, refusal))

        made = Connection(door=self.door, patience=self.patience, refused=refused, **given)
        self.made.append(made)
        return made

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=2**16)

    async def ask(self, *pieces: bytes, end: bool = False) -> bytes:
        """Send pieces; return all that comes until the other side closes."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.05)
        if end:
            writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            return b"reset"
        finally:
            writer.close()

    def run(self, steps: Callable[[Room], Awaitable[None]]) -> None:
        """Serve, and do some steps meanwhile."""

        async def both() -> None:
            config = uvicorn.Config(app, http=self.make, ws="none", log_config=None)  # type: ignore[arg-type]
            config.load()
            state = uvicorn.server.ServerState()
            make = partial(self.make, config=config, server_state=state, app_state={})
            server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            await asyncio.wait_for(steps(self), 30)
            server.close()

        asyncio.run(both())


@pytest.fixture
def room() -> Room:
    return Room(Door(8, 4), HASTY)


def status(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def said(answer: bytes) -> dict[str, str]:
    found: dict[str, str] = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert set(found) == {"error", "hint"}
    return found


def test_whoever_says_nothing_is_sent_away(room: Room) -> None:
    async def steps(room: Room) -> None:
        assert await room.ask() == b""
        assert room.door.turned_away["slow"] == 1

    room.run(steps)


def test_a_head_that_comes_letter_by_letter_is_not_waited_for(room: Room) -> None:
    async def steps(room: Room) -> None:
        answer = await room.ask(*(GET[at : at + 1] for at in range(8)))
        assert status(answer) == 408
        assert said(answer)
        assert room.told[0][1].status == 408

    room.run(steps)


def test_another_request_s_head_has_to_come_as_well(room: Room) -> None:
    async def steps(room: Room) -> None:
        answers = await room.ask(GET, b"GET / HT")
        assert answers.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in answers

    room.run(steps)


@pytest.mark.parametrize("pieces", [[POST], [POST, b"x" * 50]])
def test_a_body_that_comes_too_slowly_is_not_waited_for(
    room: Room, pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SLOWEST", 10_000)

    async def steps(room: Room) -> None:
        answer = await room.ask(*pieces)
        assert status(answer) == 408
        assert said(answer)

    room.run(steps)


def test_a_body_that_comes_in_time_is_answered(room: Room) -> None:
    async def steps(room: Room) -> None:
        body = [b"x" * 25_000] * 4
        answer = await room.ask(POST, *body, end=True)
        assert status(answer) == 200
        assert answer.endswith(b"100000\r\n0\r\n\r\n")

    room.run(steps)


def test_whoever_has_said_all_and_listens_on_is_answered(room: Room) -> None:
    async def steps(room: Room) -> None:
        assert status(await room.ask(GET, end=True)) == 200
        assert await room.ask(end=True) == b""
        for half in (GET[:-5], POST + b"half"):
            answer = await room.ask(half, end=True)
            assert status(answer) == 400
            assert "early" in said(answer)["error"]

    room.run(steps)


def test_requests_that_come_together_are_answered_one_after_the_other(room: Room) -> None:
    async def steps(room: Room) -> None:
        answers = await room.ask(GET * 5, end=True)
        assert answers.count(b"HTTP/1.1 200") >= 1
        reader, writer = await room.connect()
        writer.write(GET * 5)
        for _ in range(5):
            await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    room.run(steps)


def test_an_answer_is_seen_though_the_rest_of_the_body_was_not_wanted(room: Room) -> None:
    """A connection that is closed while the other side sends would be reset, answer and all."""

    async def steps(room: Room) -> None:
        head = b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 9000000\r\n\r\n"
        answer = await room.ask(head, *[b"x" * 500_000] * 4)
        assert status(answer) == 200

    room.run(steps)


def test_whoever_does_not_read_an_answer_is_sent_away(room: Room) -> None:
    async def steps(room: Room) -> None:
        reader, writer = await room.connect()
        writer.write(b"GET /long HTTP/1.1\r\n" + HOST + b"\r\n")
        while not room.made or not room.made[0].lost:
            await asyncio.sleep(0.05)
        assert room.door.turned_away["slow"] == 1
        del reader
        writer.close()

    room.run(steps)


def test_too_many_are_told_so_and_the_silent_give_way(room: Room) -> None:
    room.patience = Patience(farewell=0.3)

    async def steps(room: Room) -> None:
        silent = [await room.connect() for _ in range(9)]
        assert status(await room.ask(GET, end=True)) == 200
        busy = [await room.connect() for _ in range(4)]
        for _, writer in busy:
            writer.write(POST)
        await asyncio.sleep(0.1)
        answer = await room.ask(GET)
        assert status(answer) == 503
        assert b"Retry-After: 1" in answer
        assert said(answer)
        for _, writer in [*silent, *busy]:
            writer.close()

    room.run(steps)


def test_a_server_that_is_to_end_does_not_wait_for_a_slow_body(room: Room) -> None:
    room.patience = Patience(stop=0.2, farewell=0.2)

    async def steps(room: Room) -> None:
        asked = asyncio.create_task(room.ask(POST))
        idle = asyncio.create_task(room.ask())
        while len(room.made) < 2 or not any(made.sending() for made in room.made):
            await asyncio.sleep(0.02)
        for made in room.made:
            made.shutdown()
        answer = await asked
        assert status(answer) == 503
        assert said(answer)
        assert await idle == b""

    room.run(steps)


def test_nothing_that_is_refused_is_repeated(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    async def steps(room: Room) -> None:
        for junk in (b"\x16\x03\x01secret", b"GET /secret HTTP/9\r\n\r\n", b"secret\r\n\r\n"):
            answer = await room.ask(junk + b"\r\n\r\n")
            assert status(answer) in (400, 505)
            assert b"secret" not in answer
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        assert status(await room.ask(GET[:-2] + upgrade + b"\r\n")) == 400

    room.run(steps)
    assert "secret" not in caplog.text


def test_a_refusal_has_the_form_and_the_headers_of_all_answers() -> None:
    answer = answer_of(Refusal(503, "full", "Wait."))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert json.loads(body) == {"error": "full", "hint": "Wait."}
    for line in (b"Connection: close", b"Retry-After: 1", b"X-Content-Type-Options: nosniff"):
        assert line in head.split(b"\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert client_of("127.0.0.1") == "127.0.0.1"
