"""The API without a server: who is refused, with which status, and what an answer holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import httpx
import pytest

from tests.support.asked_app import HOSTS, Send, StubWorker
from tl_catdog.runs.folder import Run
from tl_catdog.serve.app import PIECE, build_app
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.guard import Access
from tl_catdog.serve.page import HEADERS
from tl_catdog.serve.work import Worker


@pytest.mark.parametrize(
    ("method", "path", "host", "status"),
    [
        ("GET", "/", "localhost", 200),
        ("GET", "/nothing", "localhost", 404),
        ("POST", "/predict", "localhost", 400),
        ("GET", "/healthz", "evil.example", 400),
    ],
)
def test_every_response_says_what_a_page_may_do(
    send: Send, method: str, path: str, host: str, status: int
) -> None:
    found = send(method, path, headers={"Host": host})
    assert found.status_code == status
    assert {name: found.headers[name] for name in HEADERS} == HEADERS
    policy = dict(
        item.strip().split(" ", 1) for item in found.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"


def form(*texts: str) -> dict[str, Any]:
    return {"files": [("files", (f"{text}.jpg", text.encode())) for text in texts]}


@pytest.mark.parametrize(
    ("options", "limits", "status", "headers"),
    [
        ({"content": b"12345"}, Limits(body=4), 413, {"connection": "close"}),
        (form("a", "b", "c"), Limits(files=2), 413, {"connection": "close"}),
        ({"content": b"full"}, Limits(), 503, {"retry-after": "1"}),
        ({"content": b"slow"}, Limits(seconds=0.05), 503, {"retry-after": "1"}),
        ({"content": b"12345"}, Limits(total=4), 503, {"retry-after": "1"}),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, Limits(), 415, {}),
        ({"content": b"x", "headers": {"Origin": "http://evil.example"}}, Limits(), 403, {}),
        ({"content": b""}, Limits(), 400, {}),
    ],
)
def test_what_is_refused_gets_its_status_a_reason_and_a_hint(
    send: Send,
    options: dict[str, Any],
    limits: Limits,
    status: int,
    headers: Mapping[str, str],
) -> None:
    found = send("POST", "/predict", limits=limits, **options)
    assert found.status_code == status
    assert set(found.json()) == {"error", "hint"}
    assert all(found.json().values())
    special = ("connection", "retry-after")
    assert {name: found.headers[name] for name in special if name in found.headers} == headers


def test_a_request_gives_its_bytes_back(bare_run: Run, worker: StubWorker) -> None:
    app = build_app(bare_run, Limits(total=6), cast("Worker", worker), Access(HOSTS))

    async def ask(content: bytes) -> int:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
            return (await at.post("/predict", content=content)).status_code

    found = [asyncio.run(ask(content)) for content in (b"full", b"1234567", b"bad", b"123456")]
    assert found == [503, 503, 422, 200]


def test_one_picture_is_a_row_and_a_form_is_a_list_in_order(send: Send) -> None:
    row = {"path": None, "label": "cat", "probabilities": {"cat": 1.0}, "error": None}
    assert send("POST", "/predict", content=b"cat").json() == row
    rows = send("POST", "/predict", **form("dog", "bad", "cat"))
    assert rows.status_code == 200
    assert list(rows.json()) == ["answers"]
    found = rows.json()["answers"]
    assert [item["path"] for item in found] == ["dog.jpg", "bad.jpg", "cat.jpg"]
    assert [item["label"] for item in found] == ["dog", None, "cat"]
    (only,) = send("POST", "/predict", **form("cat")).json()["answers"]
    assert only == {**row, "path": "cat.jpg"}


def test_a_picture_that_cannot_be_read_is_422_with_its_row(send: Send) -> None:
    found = send("POST", "/predict", content=b"bad")
    assert found.status_code == 422
    assert found.json()["error"] == "no picture"


@pytest.mark.parametrize(
    ("text", "heat", "looks"),
    [("cat", "data:cat", "the middle"), ("cold", "data:cold", None), ("bad", None, None)],
)
def test_heat_is_told_only_when_asked_for(
    send: Send, worker: StubWorker, text: str, heat: str | None, looks: str | None
) -> None:
    told = send("POST", "/predict?explain=1", content=text).json()
    assert (told["heat"], told["looks"]) == (heat, looks)
    for path in ("/predict", "/predict?explain=0"):
        assert not {"heat", "looks"} & set(send("POST", path, content=text).json())
    assert [wish.explain for wish in worker.wishes] == [True, False, False]


def test_which_run_answers_is_told(send: Send) -> None:
    assert send("GET", "/about").json()["run"] == "mine"
    assert send("GET", "/healthz").json() == {"status": "ok", "run": "mine"}


def test_a_preview_is_told_only_when_asked_for(send: Send) -> None:
    assert send("POST", "/predict?preview=1", content=b"cat").json()["preview"] == "data:small cat"
    assert send("POST", "/predict?preview=1", content=b"bad").json()["preview"] is None
    assert "preview" not in send("POST", "/predict", content=b"cat").json()


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing", 404, None),
        ("POST", "/healthz", 405, "GET, HEAD"),
        ("DELETE", "/", 405, "GET, HEAD"),
        ("GET", "/predict", 405, "POST"),
        ("PUT", "/predict", 405, "POST"),
        ("POST", "/predict?explain=maybe", 422, None),
    ],
)
def test_errors_of_the_framework_have_the_form_of_all_others(
    send: Send, method: str, path: str, status: int, allow: str | None
) -> None:
    found = send(method, path)
    assert found.status_code == status
    assert set(found.json()) == {"error", "hint"}
    assert all(found.json().values())
    assert found.headers.get("allow") == allow


def test_a_fault_of_ours_is_said_in_that_form_and_no_more(
    send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    found = send("POST", "/predict", content=b"fault")
    assert found.status_code == 500
    assert set(found.json()) == {"error", "hint"}
    assert "secret" not in found.text
    assert "RuntimeError" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/about", "/metrics", "/openapi.json", "/docs"])
def test_what_can_be_read_can_be_asked_for_by_its_head_alone(send: Send, path: str) -> None:
    whole, head = send("GET", path), send("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    if path != "/metrics":  # which has counted the first meanwhile
        assert head.headers["content-length"] == str(len(whole.content))


def test_a_long_answer_is_sent_in_pieces_of_the_length_that_it_says(
    bare_run: Run, worker: StubWorker
) -> None:
    """Its room is kept until it is read, as a piece is sent once the one before was taken."""
    app = build_app(bare_run, Limits(), cast("Worker", worker), Access(HOSTS))
    text = b"x" * (3 * PIECE)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": text, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        **{"type": "http", "method": "POST", "path": "/predict", "query_string": b""},
        "headers": [(b"host", b"localhost")],
    }
    asyncio.run(app(scope, receive, send))
    start, *pieces = sent
    bodies = [piece["body"] for piece in pieces]
    assert len(bodies) > 3
    assert max(len(body) for body in bodies) <= PIECE
    assert dict(start["headers"])[b"content-length"] == str(len(b"".join(bodies))).encode()
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]


def test_the_description_says_where_it_is_and_that_a_token_is_asked_for(send: Send) -> None:
    plain = send("GET", "/openapi.json").json()
    assert "security" not in plain
    token = "t" * 16
    access = Access(HOSTS, token=token, root_path="/cats")
    headers = {"Authorization": f"Bearer {token}"}
    found = send("GET", "/cats/openapi.json", access=access, headers=headers).json()
    assert found["servers"] == [{"url": "/cats"}]
    assert found["security"] == [{"token": []}]
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
