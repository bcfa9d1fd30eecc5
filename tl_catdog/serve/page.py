"""The page's files, and what browsers let it do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tl_catdog.serve.samples import SAMPLES, about_samples, sample

KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css"}

PAGES = {"/": "index.html", "/docs": "docs.html"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Every response has them: nothing of another host, no script or style within the page."""

KEPT = {"Cache-Control": "private, max-age=3600"}
"""Of what is the same for every run."""


def page_routes(app: FastAPI, classes: Sequence[str]) -> None:
    """Add what a browser loads: the pages, their scripts and styles.

    They hold nothing of the run, so that they need no token; what they ask the API for does.

    Args:
        app: Where they are added.
        classes: The classes of the run that answers.
    """
    file_routes(app, __package__, PAGES)
    told = about_samples(classes)

    async def samples(_: Request) -> Response:
        return JSONResponse(told)

    # A route for each of them, not one with a parameter: routes with names are what needs no token.
    app.add_route("/samples", samples, methods=["GET", "HEAD"])
    for name in SAMPLES:
        app.add_route(f"/samples/{name}", _drawing(name), methods=["GET", "HEAD"])


def file_routes(app: FastAPI, package: str, pages: Mapping[str, str]) -> None:
    """Add pages, and the scripts and styles in a package's folder ``static``.

    Args:
        app: Where they are added.
        package: The package, such as ``tl_catdog.serve``.
        pages: Path to the name of a file.
    """
    names = {f"/{name}": name for name in static_files(package) if not name.endswith(".html")}
    for path, name in {**pages, **names}.items():
        app.add_route(path, _sender(package, name), methods=["GET", "HEAD"])


def static_files(package: str = __package__) -> list[str]:
    """Return the names of a page's files, in order."""
    found = (item.name for item in files(package).joinpath("static").iterdir())
    return sorted(name for name in found if name.rpartition(".")[2] in KINDS)


def _sender(package: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers with one of the files."""
    content = files(package).joinpath("static", name).read_bytes()
    kind = f"{KINDS[name.rpartition('.')[2]]}; charset=utf-8"

    async def send(_: Request) -> Response:
        return Response(content, media_type=kind)

    return send


def _drawing(name: str) -> Callable[[Request], Response]:
    """Return what answers with one of the samples; in a thread, as it may have to be drawn."""

    def send(_: Request) -> Response:
        return Response(sample(name), media_type="image/jpeg", headers=KEPT)

    return send
