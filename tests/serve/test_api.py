"""What programs send and get, well-meant or not."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

import tl_catdog.serve
from tests.conftest import Cli, Trained
from tests.serve.conftest import Served, Start
from tests.support.hostile_bytes import png
from tl_catdog.drawings import draw


def picture(seed: int = 0, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    draw("cat", seed=seed, size=96).image.save(out, kind)
    return out.getvalue()


def post(
    served: Served, content: bytes, kind: str = "image/jpeg", **headers: str
) -> httpx.Response:
    return httpx.post(
        f"{served.address}/predict",
        content=content,
        headers={"Content-Type": kind, **headers},
        timeout=60,
    )


def assert_alive(served: Served) -> None:
    assert httpx.get(f"{served.address}/healthz").json()["status"] == "ok"
    assert post(served, picture()).status_code == 200


def test_it_answers_as_predict_prints(served: Served, tmp_path: Path, cli: Cli) -> None:
    files = [tmp_path / f"{n}.jpg" for n in range(3)]
    for n, file in enumerate(files):
        file.write_bytes(picture(n))
    outcome = cli("predict", *files, "--run", "cats-dogs", "--reject", "--json")
    wanted = [json.loads(line) for line in outcome.out.splitlines()]
    (row,) = (json.loads(post(served, files[0].read_bytes()).content),)
    assert row == {**wanted[0], "path": None}
    sent = [("files", (file.name, file.read_bytes())) for file in files]
    rows = httpx.post(f"{served.address}/predict", files=sent, timeout=60).json()["answers"]
    assert rows == [{**row, "path": Path(row["path"]).name} for row in wanted]


def test_explain_adds_where_it_looks(served: Served) -> None:
    row = httpx.post(f"{served.address}/predict?explain=1", content=picture()).json()
    assert row["heat"].startswith("data:image/png;base64,")
    assert row["looks"]


def test_a_bad_picture_among_others_is_named_and_they_are_answered(served: Served) -> None:
    sent = [
        ("files", ("a.jpg", picture())),
        ("files", ("b.jpg", b"text")),
        ("files", ("c.jpg", b"")),
    ]
    good, bad, empty = httpx.post(f"{served.address}/predict", files=sent).json()["answers"]
    assert good["error"] is None
    assert "not a JPEG" in bad["error"]
    assert empty["error"] == "the file is empty"
    assert bad["label"] is None


HUGE = png(50_000, 50_000, 8, 2)


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"hello", "text/plain", 415, "expected a picture"),
        (b"{}", "application/json", 415, "expected a picture"),
        (b"", "image/jpeg", 400, "found nothing"),
        (b"hello", "image/jpeg", 422, "not a JPEG"),
        (picture()[:900], "image/jpeg", 422, ""),
        (HUGE, "image/png", 422, "pixels"),
        (b"x", "multipart/form-data", 400, "boundary"),
        (b"x" * 100, "multipart/form-data; boundary=b", 400, "form"),
        (b"--b\r\nbad\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b", 400, "form"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 400, "files"),
        (b"--b\r\n" * 5000, "multipart/form-data; boundary=b", 400, "form"),
    ],
)
def test_wrong_bodies_get_a_reason(
    served: Served, content: bytes, kind: str, status: int, words: str
) -> None:
    response = post(served, content, kind)
    assert response.status_code == status, response.text
    assert words in response.json()["error"]
    assert_alive(served)


def test_bounds_hold_whatever_a_request_says_of_its_length(start: Start) -> None:
    served = start("--max-mb", 1, "--max-files", 3)
    large = np.random.default_rng(0).bytes(2 * 2**20)
    assert post(served, large).status_code == 413

    def parts() -> object:
        for start in range(0, len(large), 2**16):
            yield large[start : start + 2**16]

    try:
        chunked = httpx.post(f"{served.address}/predict", content=parts())  # type: ignore[arg-type]
        assert chunked.status_code == 413
    except httpx.WriteError:
        pass  # it closes the connection while the rest is still being sent
    many = [("files", (f"{n}.jpg", picture())) for n in range(4)]
    response = httpx.post(f"{served.address}/predict", files=many)
    assert response.status_code == 413
    assert "Too many files" in response.json()["error"]
    assert_alive(served)


def test_a_slow_sender_is_sent_away_and_a_silent_one_does_no_harm(start: Start) -> None:
    served = start("--timeout", 1)
    place = urlsplit(served.address)
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
    with (
        socket.create_connection((place.hostname, place.port)) as slow,
        socket.create_connection((place.hostname, place.port)),  # sends nothing at all
    ):
        slow.sendall(head)
        answer = slow.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408")
    assert_alive(served)


def test_a_request_that_ends_early_does_no_harm(served: Served) -> None:
    place = urlsplit(served.address)
    for _ in range(20):
        with socket.create_connection((place.hostname, place.port)) as one:
            one.sendall(
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"
            )
    assert_alive(served)


@pytest.mark.parametrize("junk", [b"\x00" * 1000, b"GET / HTTP/9\r\n\r\n", b"A" * 200_000])
def test_what_is_no_request_at_all_does_no_harm(served: Served, junk: bytes) -> None:
    place = urlsplit(served.address)
    with socket.create_connection((place.hostname, place.port)) as one:
        try:
            one.sendall(junk)
            one.shutdown(socket.SHUT_WR)
            while one.recv(4096):
                pass
        except OSError:
            pass  # it hung up
    assert_alive(served)


def test_other_sites_are_refused(served: Served) -> None:
    response = post(served, picture(), Origin="http://evil.example")
    assert response.status_code == 403
    assert post(served, picture(), Origin=served.address).status_code == 200
    for name in ("evil.example", "evil.example:8000", "[", "127.0.0.1.evil.example"):
        response = post(served, picture(), Host=name)
        assert response.status_code == 400
        assert "Host" in response.json()["error"]
    assert "access-control-allow-origin" not in response.headers


def test_a_full_queue_says_when_to_come_again(start: Start) -> None:
    served = start("--max-queue", 2)
    two = [("files", (f"{n}.jpg", picture(n))) for n in range(2)]

    def send(_: int) -> httpx.Response:
        return httpx.post(f"{served.address}/predict", files=two, timeout=60)

    with ThreadPoolExecutor(16) as clients:
        found = list(clients.map(send, range(48)))
    assert {response.status_code for response in found} == {200, 503}
    assert {r.headers["retry-after"] for r in found if r.status_code == 503} == {"1"}
    assert_alive(served)


def test_more_pictures_than_may_wait_are_too_many(start: Start) -> None:
    served = start("--max-queue", 2)
    many = [("files", (f"{n}.jpg", picture())) for n in range(3)]
    response = httpx.post(f"{served.address}/predict", files=many)
    assert response.status_code == 413
    assert "Too many files" in response.json()["error"]


def test_a_name_of_half_characters_is_no_fault(served: Served) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="\\ud800.jpg"\r\n\r\n'
        + picture()
        + b"\r\n--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b; charset=unicode_escape"
    response = post(served, form, kind)
    assert response.status_code == 200, response.text
    assert response.json()["answers"][0]["path"] == "?.jpg"
    assert_alive(served)


def test_other_machines_are_let_in_only_if_asked_to(start: Start) -> None:
    served = start("--host", "0.0.0.0", "--timeout", 0.5)
    address = urlsplit(served.address)
    assert address.hostname != "0.0.0.0"
    here = f"http://127.0.0.1:{address.port}"
    assert httpx.get(f"{here}/healthz").status_code == 200
    assert httpx.get(f"{here}/healthz", headers={"Host": "evil.example"}).status_code == 400
    code, said = served.stop()
    assert code == 0
    assert "no password" in said


def test_64_clients_at_once_get_the_right_answers(served: Served) -> None:
    pictures = [picture(n) for n in range(8)]
    alone = [post(served, data).json() for data in pictures]
    with ThreadPoolExecutor(64) as clients:
        together = list(clients.map(lambda n: post(served, pictures[n % 8]), range(192)))
    assert {response.status_code for response in together} == {200}
    assert [response.json() for response in together] == alone * 24


@pytest.mark.slow
def test_memory_stays_flat(served: Served) -> None:
    data = picture()

    def many() -> int:
        with httpx.Client() as client, ThreadPoolExecutor(4) as clients:
            send = lambda _: client.post(f"{served.address}/predict", content=data)  # noqa: E731
            assert {r.status_code for r in clients.map(send, range(300))} == {200}
        return served.memory()

    first = many()
    assert max(many() for _ in range(2)) < first + 20 * 2**20


def test_stopping_finishes_what_is_under_way(start: Start) -> None:
    served = start()
    files = [("files", (f"{n}.jpg", picture(n % 3))) for n in range(60)]
    sent = threading.Event()
    found: list[httpx.Response] = []

    def ask() -> None:
        sent.set()
        found.append(httpx.post(f"{served.address}/predict", files=files, timeout=60))

    asking = threading.Thread(target=ask)
    asking.start()
    sent.wait()
    given_up = time.monotonic() + 30
    while not any(
        item.status == psutil.CONN_ESTABLISHED
        for item in psutil.Process(served.process.pid).net_connections()
    ):
        assert time.monotonic() < given_up, "nobody was let in"
        time.sleep(0.01)
    code, said = served.stop()
    asking.join()
    assert code == 0, said
    assert "Traceback" not in said
    assert [response.status_code for response in found] == [200]
    assert len(found[0].json()["answers"]) == 60


def test_a_run_of_ones_own_is_served(start: Start, trained: Trained) -> None:
    served = start(run=trained.runs_dir / "small")
    about = httpx.get(f"{served.address}/about").json()
    assert about["classes"] == ["ant", "bee"]
    assert about["accuracy"]["n"] == 18
    data = next(trained.data.glob("test/*/*")).read_bytes()
    row = httpx.post(f"{served.address}/predict?explain=1", content=data).json()
    assert set(row["probabilities"]) == {"ant", "bee"}


def test_without_its_packages_it_says_what_to_install(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    # What it is imported anew as must not stay: others patch the modules they have imported.
    monkeypatch.setattr(tl_catdog, "serve", tl_catdog.serve)
    for name in [name for name in sys.modules if name.startswith("tl_catdog.serve")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette.formparsers", None)
    outcome = cli("serve", "--run", "cats-dogs", "--port", 0)
    assert outcome.code == 2
    assert "pip install 'tl-catdog[serve]'" in outcome.err


def test_the_description_of_the_api_is_there(served: Served) -> None:
    found = httpx.get(f"{served.address}/openapi.json").json()
    assert "multipart/form-data" in found["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert "POST /predict" in httpx.get(f"{served.address}/docs").text


def test_pictures_of_pillow_decode_the_same(served: Served) -> None:
    """A lossless picture gets the same answer whatever holds it."""
    image = Image.open(io.BytesIO(picture(1)))
    rows = []
    for kind in ("PNG", "BMP"):
        out = io.BytesIO()
        image.save(out, kind)
        rows.append(post(served, out.getvalue(), "application/octet-stream").json())
    assert rows[0] == rows[1]
