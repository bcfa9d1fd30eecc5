"""A real server in the open: a token, a proxy's path, other clients that mean ill, and its end."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.serve.conftest import Served, Start
from tests.serve.test_api import picture
from tl_catdog.prediction.answers import UNSURE

TOKEN = "0123456789abcdef"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
LIMIT = 8  # connections of a client


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "access"


@pytest.fixture(scope="module")
def server(start: Start, log: Path) -> Served:
    return start(
        *("--token", TOKEN, "--access-log", log, "--root-path", "/cats", "--max-pixels", 4),
        *("--allow-host", "cats.example.org", "--allow-origin", "https://example.org"),
        *("--max-per-client", LIMIT, "--proxy", "127.0.0.9"),
    )


def ask(served: Served, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{served.address}{path}", headers={**KNOWN, **headers}, timeout=30)


def post(
    served: Served, content: bytes, path: str = "/predict", client: str = "127.0.0.1"
) -> httpx.Response:
    """Post a picture from an address of this machine's."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=client), timeout=60) as one:
        return one.post(f"{served.address}{path}", content=content, headers=KNOWN)


@contextlib.contextmanager
def connected(served: Served, count: int, client: str) -> Iterator[list[socket.socket]]:
    place = urlsplit(served.address)
    with contextlib.ExitStack() as kept:
        found = []
        for _ in range(count):
            one = kept.enter_context(socket.socket())
            one.bind((client, 0))
            one.connect((place.hostname, place.port))
            found.append(one)
        yield found


def listens(served: Served) -> bool:
    place = urlsplit(served.address)
    try:
        socket.create_connection((place.hostname, place.port)).close()
    except OSError:
        return False
    return True


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def slow() -> bytes:
    """Return a picture that takes as long as this server allows."""
    values = np.random.default_rng(0).integers(0, 2**16, (1900, 2000)).astype(np.uint16)
    values[:, 100:] = 0  # some 400 KB
    return encoded(Image.fromarray(values), "PNG")


def test_who_knows_the_token_is_answered_below_the_proxy_s_path(server: Served) -> None:
    assert httpx.get(f"{server.address}/cats/").status_code == 200
    assert httpx.get(f"{server.address}/cats/healthz").json()["status"] == "ok"
    assert httpx.get(f"{server.address}/cats/about").status_code == 401
    assert ask(server, "/cats/about", Host="cats.example.org").status_code == 200
    assert ask(server, "/about", Host="dogs.example.org").status_code == 400
    found = ask(server, "/about", Origin="https://example.org")
    assert found.headers["access-control-allow-origin"] == "https://example.org"
    assert post(server, picture(), "/cats/predict").json()["label"]


def test_what_a_browser_cannot_show_comes_with_what_it_can(server: Served) -> None:
    image = Image.open(io.BytesIO(picture()))
    found = post(server, encoded(image.resize((900, 600)), "TIFF"), "/predict?preview=1")
    assert found.json()["preview"].startswith("data:image/jpeg;base64,")


def test_large_pictures_are_answered_and_larger_ones_refused_by_its_own_bound(
    server: Served,
) -> None:
    assert post(server, slow()).json()["error"] is None
    found = post(server, encoded(Image.new("L", (2001, 2000)), "PNG"))
    assert found.status_code == 422
    assert "4,000,000" in found.json()["error"]


def test_what_it_does_is_counted_and_logged_without_secrets(server: Served, log: Path) -> None:
    post(server, picture(), "/predict?explain=1&secret=yes")
    text = ask(server, "/metrics").text
    assert 'tl_catdog_requests_total{method="POST",route="/predict",status="200"}' in text
    assert "tl_catdog_answers_total{" in text or UNSURE in text
    place = urlsplit(server.address)
    with socket.create_connection((place.hostname, place.port)) as one:
        one.sendall(b"GET /\xff HTTP/1.1\r\n\r\n")
        while one.recv(4096):
            pass
    ask(server, "/end")
    for _ in range(100):
        if "/end" in log.read_text():
            break
        threading.Event().wait(0.05)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "client", "method", "path", "status", "ms", "bytes", "pictures"} == set(
        lines[0]
    )
    assert any(line["path"] == "/predict" and line["pictures"] == 1 for line in lines)
    assert any(line["status"] == 400 and line["method"] == "" for line in lines)
    assert TOKEN not in log.read_text()
    assert "secret" not in log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="needs several loopback addresses")
def test_others_who_mean_ill_keep_nobody_out(server: Served) -> None:
    """Silent sockets, slow bodies and forms of slow pictures, of other clients and one's own."""
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n"
    head += f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
    large = [("files", (f"{number}.png", slow())) for number in range(8)]

    def form(_: int) -> int:
        transport = httpx.HTTPTransport(local_address="127.0.0.3")
        with httpx.Client(transport=transport, timeout=60) as one:
            return one.post(f"{server.address}/predict", files=large, headers=KNOWN).status_code

    with (
        connected(server, 600, "127.0.0.2"),
        connected(server, 2 * LIMIT, "127.0.0.1"),
        connected(server, LIMIT, "127.0.0.4") as senders,
        ThreadPoolExecutor(4) as clients,
    ):
        for one in senders:
            one.sendall(head)
        forms = [clients.submit(form, number) for number in range(4)]
        for seed in range(10):
            found = post(server, picture(seed), client="127.0.0.5")
            assert found.status_code == 200
        assert post(server, picture()).status_code == 200
        full = post(server, picture(), client="127.0.0.4")  # its own places are all taken
        assert full.status_code in (200, 503)
        assert {one.result() for one in forms} <= {200, 503}
    text = ask(server, "/metrics").text
    assert 'tl_catdog_connections_closed_total{reason="gave_way"}' in text


def test_a_proxy_s_word_on_a_client_is_believed_and_nobody_else_s(
    server: Served, log: Path
) -> None:
    if sys.platform != "linux":
        pytest.skip("needs several loopback addresses")
    for client, path in (("127.0.0.9", "/by-proxy"), ("127.0.0.5", "/by-itself")):
        with httpx.Client(transport=httpx.HTTPTransport(local_address=client)) as one:
            one.get(f"{server.address}{path}", headers={"X-Forwarded-For": "198.51.100.7"})
    for _ in range(100):
        if "/by-itself" in log.read_text():
            break
        threading.Event().wait(0.05)
    of = {line["path"]: line["client"] for line in map(json.loads, log.read_text().splitlines())}
    assert of["/by-proxy"] == "198.51.100.7"
    assert of["/by-itself"] == "127.0.0.5"


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C can't be sent to one process there")
def test_the_second_ctrl_c_ends_it_at_once_without_a_traceback(start: Start) -> None:
    served = start()
    place = urlsplit(served.address)
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
    with socket.create_connection((place.hostname, place.port)) as sender:
        sender.sendall(head)
        served.process.send_signal(signal.SIGINT)
        while listens(served):
            threading.Event().wait(0.05)
        served.process.send_signal(signal.SIGINT)
        out, said = served.process.communicate(timeout=60)
    assert served.process.returncode == 130
    assert "Traceback" not in said + out
