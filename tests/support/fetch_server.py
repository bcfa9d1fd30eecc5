"""A real HTTP server on this machine that can be told to misbehave, request by request."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ETAG = '"one"'


@dataclass
class Site:
    """What is served, what goes wrong with the next requests, and what was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    script: list[Answer] = field(default_factory=list)
    always: Answer | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [headers.get("Range") for _, headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append((self.path, dict(self.headers)))
        self.close_connection = True
        steps = self.site.script
        answer = steps.pop(0) if steps else self.site.always or honest
        answer(self, self.site.files.get(self.path, b""))

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass

    def hang_up(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Connection": "close"}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def wanted(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """What an honest server answers: status, headers, body."""
        if self.path not in self.site.files:
            return 404, {"Content-Length": "0"}, b""
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(span[1]) if span and self.headers.get("If-Range") == ETAG else 0
        headers = {"ETag": ETAG, "Accept-Ranges": "bytes", "Content-Type": "application/zip"}
        headers["Content-Length"] = str(len(data) - start)
        if not start:
            return 200, headers, data
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return 206, headers, data[start:]


Answer = Callable[[Handler, bytes], None]


def honest(to: Handler, data: bytes) -> None:
    status, headers, body = to.wanted(data)
    to.begin(status, headers)
    to.wfile.write(body)


def cut_before_headers(to: Handler, data: bytes) -> None:
    to.hang_up()


def cut_in_headers(to: Handler, data: bytes) -> None:
    to.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    to.wfile.flush()
    to.hang_up()


def cut_after(count: int) -> Answer:
    def answer(to: Handler, data: bytes) -> None:
        status, headers, body = to.wanted(data)
        to.begin(status, headers)
        to.wfile.write(body[:count])
        to.wfile.flush()
        to.hang_up()

    return answer


def ignoring_ranges(to: Handler, data: bytes) -> None:
    to.begin(200, {"ETag": ETAG, "Content-Length": str(len(data))})
    to.wfile.write(data)


def claiming(difference: int) -> Answer:
    """Announces more or fewer bytes than there are, and sends those that there are."""

    def answer(to: Handler, data: bytes) -> None:
        to.begin(200, {"ETag": ETAG, "Content-Length": str(len(data) + difference)})
        to.wfile.write(data)

    return answer


def chunked(difference: int) -> Answer:
    """Announces no length, and sends more or fewer bytes than there are."""

    def answer(to: Handler, data: bytes) -> None:
        body = data[:difference] if difference < 0 else data + bytes(difference)
        to.begin(200, {"ETag": ETAG, "Transfer-Encoding": "chunked"})
        to.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    return answer


def wrong_bytes(to: Handler, data: bytes) -> None:
    status, headers, body = to.wanted(data)
    to.begin(status, headers)
    to.wfile.write(bytes(byte ^ 255 for byte in body))


def page(to: Handler, data: bytes) -> None:
    body = b"<html>Log in first</html>"
    to.begin(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))})
    to.wfile.write(body)


def stalling_after(count: int) -> Answer:
    def answer(to: Handler, data: bytes) -> None:
        if count >= 0:
            status, headers, body = to.wanted(data)
            to.begin(status, headers)
            to.wfile.write(body[:count])
            to.wfile.flush()
        to.site.over.wait(30)

    return answer


def status(code: int, **headers: str) -> Answer:
    def answer(to: Handler, data: bytes) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        to.begin(code, {**named, "Content-Length": "0"})

    return answer


def redirect(target: str) -> Answer:
    return status(302, Location=target)


def another_version(to: Handler, data: bytes) -> None:
    """Continues, though what it continues has changed."""
    _, headers, body = to.wanted(data)
    to.begin(206, {**headers, "ETag": '"two"'})
    to.wfile.write(body)


def from_elsewhere(to: Handler, data: bytes) -> None:
    """Continues from another byte than the one asked for."""
    part = {"Content-Range": f"bytes 7-{len(data) - 1}/{len(data)}", "ETag": ETAG}
    to.begin(206, {**part, "Content-Length": str(len(data) - 7)})
    to.wfile.write(data[7:])


def without_content_range(to: Handler, data: bytes) -> None:
    _, headers, body = to.wanted(data)
    headers.pop("Content-Range", None)
    to.begin(206, headers)
    to.wfile.write(body)


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Site]:
    """Serve on a free port; with a certificate and its key in one file, encrypted."""
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"site": site}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    site.address = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
