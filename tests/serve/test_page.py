"""The page's files: sent as what they are, each of them, and no others."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from tl_catdog.serve.page import page_routes, static_files
from tl_catdog.serve.samples import about_samples, sample


def got(path: str, method: str = "GET") -> httpx.Response:
    """Ask an application that has nothing but the page."""
    app = FastAPI(docs_url=None, redoc_url=None)
    page_routes(app, ["cats", "dogs"])

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
            return await at.request(method, path)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/app.js", "text/javascript; charset=utf-8", "predict"),
        ("/style.css", "text/css; charset=utf-8", "{"),
        ("/docs", "text/html; charset=utf-8", "POST /predict"),
    ],
)
def test_the_page_s_files_are_sent_as_what_they_are(path: str, kind: str, words: str) -> None:
    found = got(path)
    assert (found.status_code, found.headers["content-type"]) == (200, kind)
    assert words.lower() in found.text.lower()
    assert got(path, "HEAD").status_code == 200


def test_every_script_and_style_can_be_had_and_nothing_else() -> None:
    for name in static_files():
        assert got(f"/{name}").status_code == (404 if name.endswith(".html") else 200)
    for path in ("/page.py", "/../page.py", "/static/app.js", "/app.js/"):
        assert got(path).status_code in (307, 404)


def test_samples_are_told_and_sent() -> None:
    told = got("/samples").json()
    assert told == about_samples(["cats", "dogs"])
    for item in told["samples"]:
        found = got(f"/{item['file']}")
        assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")
        assert found.content == sample(item["file"].removeprefix("samples/"))
    for path in ("/samples/", "/samples/none.jpg"):
        assert got(path).status_code in (307, 404)
