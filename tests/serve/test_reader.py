"""Requests that could be read in two ways, or have no answer here."""

from __future__ import annotations

import h11
import pytest

from tl_catdog.serve.reader import (
    FREE_CHUNKS,
    MAX_HEAD,
    MAX_HEADERS,
    MAX_TARGET,
    SMALL_CHUNK,
    StrictReader,
)

HOST = b"Host: localhost\r\n"
POST = b"POST /predict HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes) -> list[object]:
    """Return the events of bytes that come in pieces."""
    reader, found = StrictReader(), []
    for piece in pieces:
        reader.receive_data(piece)
        while (event := reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            found.append(event)
    return found


def refused(*pieces: bytes) -> int:
    """Return the status with which they are refused; 0 if they aren't."""
    reader = StrictReader()
    try:
        for piece in pieces:
            reader.receive_data(piece)
            while reader.next_event() not in (h11.NEED_DATA, h11.PAUSED):
                pass
    except h11.RemoteProtocolError:
        assert reader.refusal.error
        assert reader.refusal.hint
        return reader.refusal.status
    return 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", 0),
        (b"Content-Length: 0\r\n", 0),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        (b"Content-Length: 5\r\ncontent-length: 6\r\n", 400),
        (b"Content-Length: 5, 5\r\n", 400),
        (b"Content-Length: +5\r\n", 400),
        (b"Content-Length : 5\r\n", 400),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501),
        (b"X: a\r\n b\r\n", 400),
        (b"X: a\r\n\tb\r\n", 400),
        (b"X: a\nY: b\r\n", 400),
        (b"X: a\rY: b\r\n", 400),
        (b"X: a\0b\r\n", 400),
        (HOST, 400),
        (b"Expect: 100-continue\r\n", 0),
        (b"Expect: another\r\n", 417),
        (b"Connection: Upgrade\r\nUpgrade: websocket\r\n", 400),
        (b"Connection: Upgrade\r\nUpgrade: h2c\r\n", 0),
        (b"X: y\r\n" * (MAX_HEADERS - 1), 0),
        (b"X: y\r\n" * (MAX_HEADERS + 1), 431),
        (b"X: " + b"y" * MAX_HEAD + b"\r\n", 431),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(headers: bytes, status: int) -> None:
    whole = POST + headers + b"\r\n"
    assert refused(whole) == status
    half = len(whole) // 2
    assert refused(whole[:half], whole[half:]) == status
    assert refused(*(whole[at : at + 7] for at in range(0, len(whole), 7))) == status


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.1", 0),
        (b"GET /a?b=c%20d HTTP/1.0", 0),
        (b"GET http://localhost/ HTTP/1.1", 400),
        (b"OPTIONS * HTTP/1.1", 400),
        (b"CONNECT localhost:1 HTTP/1.1", 400),
        (b"GET /a#b HTTP/1.1", 400),
        (b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1", 414),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/11", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"\x16\x03\x01\x02\x00\x01", 400),
    ],
)
def test_other_targets_and_versions_are_refused(line: bytes, status: int) -> None:
    assert refused(line + b"\r\n" + HOST + b"\r\n") == status


def test_a_request_without_a_host_is_refused() -> None:
    assert refused(b"GET / HTTP/1.1\r\n\r\n") == 400


def test_http_1_0_has_no_chunks() -> None:
    assert refused(b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n") == 400


@pytest.mark.parametrize("chunk", [b"zz\r\nhello\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloXX"])
def test_broken_chunks_are_refused(chunk: bytes) -> None:
    assert refused(CHUNKED, chunk) == 400


def test_many_small_chunks_are_refused_and_large_ones_are_not() -> None:
    assert refused(CHUNKED, b"1\r\nx\r\n" * FREE_CHUNKS) == 0
    assert refused(CHUNKED, b"1\r\nx\r\n" * (FREE_CHUNKS + 10)) == 400
    large = b"%x\r\n" % SMALL_CHUNK + b"x" * SMALL_CHUNK + b"\r\n"
    assert refused(CHUNKED, large * (3 * FREE_CHUNKS)) == 0


def test_each_request_of_a_connection_is_looked_at_anew() -> None:
    reader = StrictReader()
    plain = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    reader.receive_data(plain + b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n")
    assert isinstance(reader.next_event(), h11.Request)
    assert isinstance(reader.next_event(), h11.EndOfMessage)
    assert reader.next_event() is h11.PAUSED
    reader.send(h11.Response(status_code=204, headers=[]))
    reader.send(h11.EndOfMessage())
    reader.start_next_cycle()
    with pytest.raises(h11.RemoteProtocolError):
        reader.next_event()


def test_a_body_comes_as_it_was_sent() -> None:
    body = b"5;name=value\r\nhello\r\n3\r\nyou\r\n0\r\nTrailer: x\r\n\r\n"
    events = read(CHUNKED, body[:7], body[7:])
    assert b"".join(event.data for event in events if isinstance(event, h11.Data)) == b"helloyou"
