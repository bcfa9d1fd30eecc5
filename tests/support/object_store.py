"""A real S3 server on loopback, which can be told to throttle, to cut answers, to lose objects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)
PAGE = b"<!DOCTYPE html><html><body><p>Sign in<br></body></html>"
KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"
BUCKET = "pictures"

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Fault:
    """What goes wrong with requests.

    Attributes:
        kind: ``throttle``, ``cut`` (the connection breaks off), ``shorten`` (the answer says that
            it is whole, and isn't), ``refuse`` (403), ``lose`` (404) or ``page`` (somebody else
            answers, with a page of the web).
        part: Of the path of the requests that it is about.
        times: With how many of them, the next ones.
        method: Of the requests.
    """

    kind: str
    part: str = ""
    times: int = 1
    method: str = "GET"


@dataclass
class Store:
    """The server.

    Attributes:
        address: Where it listens.
        faults: What is to go wrong, the first that fits first.
        requests: Method and path of each request so far.
    """

    app: Application
    address: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append(f"{method} {path}?{environ['QUERY_STRING']}")
        fault = self._due(method, path)
        if fault is None:
            return self.app(environ, start_response)
        said = self._failed(fault, environ, start_response)
        return [] if method == "HEAD" else said  # which has no body, whatever went wrong

    def _failed(self, fault: Fault, environ: Any, start_response: Any) -> Iterable[bytes]:
        if fault.kind == "page":
            start_response("200 OK", [("Content-Type", "text/html")])
            return [PAGE]
        if fault.kind == "throttle":
            start_response("503 Slow Down", [("Content-Type", "application/xml")])
            return [SLOW_DOWN]
        if fault.kind == "refuse":
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code></Error>"]
        if fault.kind == "lose":
            start_response("404 Not Found", [("Content-Type", "application/xml")])
            return [b"<Error><Code>NoSuchKey</Code></Error>"]
        return self._cut(environ, start_response, whole_length=fault.kind == "cut")

    def _due(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.method == method and fault.part in path:
                fault.times -= 1
                return fault
        return None

    def _cut(self, environ: Any, start_response: Any, *, whole_length: bool) -> Iterable[bytes]:
        said: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], *more: Any) -> None:
            said[:] = [status, headers]

        body = b"".join(self.app(environ, keep))
        half = body[: len(body) // 2]
        length = len(body) if whole_length else len(half)
        hidden = ("content-length", "x-amz-checksum")  # not all stores have the latter
        headers = [pair for pair in said[1] if not pair[0].lower().startswith(hidden)]
        start_response(said[0], [*headers, ("Content-Length", str(length))])
        return [half]

    def count(self, start: str) -> int:
        """Return how many requests began so."""
        return sum(1 for request in self.requests if request.startswith(start))


@pytest.fixture(scope="session")
def _server() -> Iterator[Store]:
    pytest.importorskip("s3fs", reason="the package s3fs isn't installed")
    server = pytest.importorskip("moto.server", reason="the package moto[server] isn't installed")
    from werkzeug.serving import make_server

    store = Store(server.DomainDispatcherApplication(server.create_backend_app))
    listening = make_server("127.0.0.1", 0, store, threaded=True)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    store.address = f"http://127.0.0.1:{listening.server_port}"
    yield store
    listening.shutdown()
    thread.join(10)


@pytest.fixture
def object_store(_server: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An S3 server with an empty bucket ``pictures``, which the environment names."""
    import requests

    from tl_catdog.storage import remote

    for name, value in environment(_server).items():
        monkeypatch.setenv(name, value)
    _server.faults.clear()
    requests.post(f"{_server.address}/moto-api/reset", timeout=30)
    requests.put(f"{_server.address}/{BUCKET}", timeout=30, headers=_signed())
    monkeypatch.setattr(remote, "_no_hash", set())
    _server.requests.clear()
    return _server


def environment(store: Store) -> dict[str, str]:
    """Return the variables by which commands find the server."""
    return {
        "AWS_ENDPOINT_URL": store.address,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _signed() -> dict[str, str]:
    return {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request"
    }
