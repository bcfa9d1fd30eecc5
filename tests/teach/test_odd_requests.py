"""No request makes the server fail, whichever route it is for: each is asked for odd things."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from tests.teach.sites import Asked, StubLearner, learned, opened, picture
from tl_catdog.serve.guard import Access
from tl_catdog.teach.app import build_app
from tl_catdog.teach.keeping import Keeping

QUERIES = (
    "since=1&offset=0&limit=500&size=1&count=20&class=%00&kind=..&folders=1&burst=%2e%2e&tab=a%0ab",
    "since=-1&offset=99999999999999999999&limit=x&size=&count=%D9%A3&class=&name=%ff&tab=t",
    "since=1&limit=0&count=0&offset=1000000000&class=cats&kind=check&explain=2",
)
BODIES = (
    b"",
    b"[" * 100_000,
    b'{"ids": ["../x"], "seen": {"a": 1}, "tab": "\\ud800", "name": NaN, "request": 1e999}',
    b'{"name": "..", "from": "cats", "to": "a/b", "label": "dogs", "run": "-x", "format": "x"}',
    b'{"ids": ["a"], "label": "cats", "runs": ["a", "b"], "word": "../..", "tab": "t"}',
    b'--x\r\nContent-Disposition: form-data; filename="../a.png"\r\n\r\nGIF89a',
)
KINDS = ("application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/html")


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(Keeping, "start", lambda *_: "1")  # no command is begun
    with opened(tmp_path / "pets") as found:
        found.site.keeping = Keeping(tmp_path / "pets", tmp_path / "models", tmp_path / "exports")
        assert isinstance(found.site.learner, StubLearner)
        found.site.learner.found = learned("cats", "dogs")
        found.done("classes", name="cats")
        found.add(1, 2, label="cats")
        yield found


def test_every_route_answers_whatever_it_is_asked(ask: Asked) -> None:
    app = build_app(ask.site, Access({"localhost"}))
    (id, *_) = [item.id for item in ask.site.state.snapshot().items]
    routes = [route for route in app.routes if isinstance(route, Route)]
    told: list[str] = []

    async def work() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
            for route in routes:
                for number in range(12):
                    method = "POST" if "POST" in (route.methods or ()) else "GET"
                    name = (id, "%2e%2e%2f%00", "é" * 200)[number % 3]
                    path = route.path.replace("{id}", name)
                    answer = await at.request(
                        "DELETE" if number == 11 else method,
                        f"{path}?{QUERIES[number % 3]}",
                        content=BODIES[number % 6] if method == "POST" else b"",
                        headers={"Content-Type": KINDS[number % 4], "Range": "bytes=9-"},
                    )
                    said = answer.text if answer.status_code >= 400 else ""
                    if answer.status_code >= 500 or "\n" in said or len(said) > 1000:
                        told.append(f"{method} {path} {number}: {answer.status_code} {said[:200]}")

    asyncio.run(work())
    assert len(routes) > 50  # the page's files among them
    assert told == []
    root = ask.site.state.root
    assert {path.name for path in root.iterdir()} <= {".teach", "cats", "unlabelled"}
    assert list(ask.site.incoming.iterdir()) == []
    assert ask("POST", "/teach/pictures", content=picture(9)).status_code == 200


def test_every_route_but_the_page_s_files_needs_the_token(ask: Asked) -> None:
    app = build_app(ask.site, Access({"localhost"}, token="0123456789abcdef"))
    routes = [route for route in app.routes if isinstance(route, Route)]

    async def work() -> set[str]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
            answers = [(await at.request("OPTIONS", route.path), route) for route in routes]
        return {route.path for answer, route in answers if answer.status_code != 401}

    opened = asyncio.run(work())
    assert {path for path in opened if "." not in path} == {"/", "/healthz"}
    assert not any(path.startswith("/teach/") for path in opened)
