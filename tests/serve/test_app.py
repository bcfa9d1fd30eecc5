"""The API without a server: who is refused, with which status, and what an answer holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx
import pytest
from starlette.requests import Request

from tests.conftest import paint_set
from tests.support.made_up import made_up_run
from tl_catdog.prediction.answers import Prediction, apply_policy
from tl_catdog.prediction.predictor import Answer
from tl_catdog.runs.folder import Run
from tl_catdog.serve.app import build_app, refuse_other_names, refuse_other_sites
from tl_catdog.serve.bodies import Limits, Refusal
from tl_catdog.serve.heat import Heatmap
from tl_catdog.serve.page import HEADERS
from tl_catdog.serve.work import QueueFullError, Worker

HOSTS = {"localhost", "mybox"}


class StubWorker:
    """Answers with a picture's own text as its label; some texts stand for trouble."""

    def __init__(self) -> None:
        self.explained: list[bool] = []
        self.policy = None

    async def answer(
        self, images: list[bytes], *, explain: bool = False
    ) -> list[tuple[Prediction, Heatmap | None]]:
        self.explained.append(explain)
        if b"full" in images:
            raise QueueFullError
        if b"slow" in images:
            await asyncio.sleep(20)
        return [self._one(data.decode(), explain) for data in images]

    def _one(self, text: str, explain: bool) -> tuple[Prediction, Heatmap | None]:
        if text == "bad":
            return apply_policy(Answer(None, None, None, "not a picture"), None), None
        heatmap = Heatmap(f"data:{text}", None if text == "cold" else "the middle")
        answer = Answer(None, text, {text: 1.0}, None)
        return apply_policy(answer, None), heatmap if explain else None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("served")
    data = paint_set(folder / "set", {"train": 2, "validation": 3, "test": 4})
    return made_up_run(data, folder / "runs")


Send = Callable[..., httpx.Response]


@pytest.fixture
def worker() -> StubWorker:
    return StubWorker()


@pytest.fixture
def send(run: Run, worker: StubWorker) -> Send:
    """Send one request to an application of its own, whose limits may differ."""

    def sending(
        method: str, path: str, *, limits: Limits | None = None, **options: Any
    ) -> httpx.Response:
        app = build_app(run, limits or Limits(), cast("Worker", worker), HOSTS)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
                return await at.request(method, path, **options)

        return asyncio.run(ask())

    return sending


def request_with(**headers: str) -> Request:
    given = [(name.encode(), text.encode()) for name, text in headers.items()]
    return Request({"type": "http", "headers": given})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "mybox:1", "127.0.0.1", "192.0.2.7:8000", "[::1]:8000"],
)
def test_addresses_and_the_server_s_own_names_are_let_in(host: str) -> None:
    refuse_other_names(request_with(host=host), HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        *("", "[", "127.1", "evil.example", "evil.example:80", "xlocalhost"),
        *("localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example"),
    ],
)
def test_any_other_name_is_refused(host: str) -> None:
    with pytest.raises(Refusal) as caught:
        refuse_other_names(request_with(host=host), HOSTS)
    assert caught.value.status == 400


def test_a_request_without_a_host_is_refused() -> None:
    with pytest.raises(Refusal):
        refuse_other_names(request_with(), HOSTS)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8000"},
        {"host": "localhost:8000", "origin": "http://localhost:8000"},
        {"host": "localhost:8000", "origin": "https://localhost:8000"},
    ],
)
def test_requests_of_programs_and_of_the_page_itself_are_let_in(headers: dict[str, str]) -> None:
    refuse_other_sites(request_with(**headers))


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://localhost", "http://localhost:8001", "localhost:8000"],
)
def test_pages_of_other_sites_are_refused(origin: str) -> None:
    with pytest.raises(Refusal) as caught:
        refuse_other_sites(request_with(host="localhost:8000", origin=origin))
    assert caught.value.status == 403


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


def test_a_request_gives_its_bytes_back(run: Run, worker: StubWorker) -> None:
    app = build_app(run, Limits(total=6), cast("Worker", worker), HOSTS)

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
    assert found.json()["error"] == "not a picture"


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
    assert worker.explained == [True, False, False]


def test_which_run_answers_is_told(send: Send) -> None:
    assert send("GET", "/about").json()["run"] == "mine"
    assert send("GET", "/healthz").json() == {"status": "ok", "run": "mine"}
