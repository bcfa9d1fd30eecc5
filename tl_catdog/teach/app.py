"""The page's API: what it shows, what it changes, and how what went wrong is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from tl_catdog.errors import CatdogError, ImageError, UsageError
from tl_catdog.serve.app import documented
from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.guard import Access, Guard, Seen, refused
from tl_catdog.teach import asked, page
from tl_catdog.teach.items import ALL, Item
from tl_catdog.teach.jobs import job_routes
from tl_catdog.teach.posted import posted_routes
from tl_catdog.teach.showing import found, picture_routes
from tl_catdog.teach.site import Site
from tl_catdog.teach.suggest import kinds, next_items
from tl_catdog.version import __version__

LONGEST_POLL = 25.0  # seconds, less than any proxy waits
MOST_PICTURES = 500  # of one answer
MOST_NEXT = 20


def build_app(
    site: Site, access: Access, told: Callable[[Seen], None] = lambda seen: None
) -> FastAPI:
    """Return the application.

    Args:
        site: What it works on.
        access: Who may ask.
        told: Called with each request once it is answered.
    """
    app = FastAPI(title="tl-catdog teach", version=__version__, openapi_url=None, docs_url=None)
    page.routes(app)
    pages = {route.path for route in app.routes if hasattr(route, "path")}
    app.add_middleware(Guard, access=access, opened={*pages, "/healthz"}, told=told)
    app.state.told, app.state.budget = told, site.budget
    documented(app, bearer=False, pages="/")
    errors(app)
    showing_routes(app, site)
    picture_routes(app, site)
    posted_routes(app, site)
    job_routes(app, site)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/teach/share")
    async def share() -> dict[str, Any]:
        return {"address": site.address, "others": site.others}

    @app.get("/teach/share.svg")
    async def code() -> Response:
        return Response(page.code_of(site.address), media_type="image/svg+xml")

    return app


def errors(app: FastAPI) -> None:
    """Tell the errors that people are told in a terminal in the form of this server's own."""

    @app.exception_handler(UsageError)
    async def wrong(_: Request, error: UsageError) -> Response:
        return refused(Refusal(400, error.message, error.hint))

    @app.exception_handler(ImageError)
    async def unread(_: Request, error: ImageError) -> Response:
        words = f"expected a picture that can be read, found one that can't: {error.message}"
        return refused(Refusal(422, words, "Take another one."))

    @app.exception_handler(CatdogError)
    async def failed(_: Request, error: CatdogError) -> Response:
        return refused(Refusal(500, error.message, error.hint))


def showing_routes(app: FastAPI, site: Site) -> None:
    """Add what a page asks for; nothing of it changes anything."""
    state = site.state

    @app.get("/teach/state")
    async def tell() -> dict[str, Any]:
        news = site.news.number  # before the rest: what comes meanwhile is news

        def look() -> dict[str, Any]:
            snapshot, learned = state.snapshot(), site.learner.latest()
            classes = [item.to_json() for item in state.classes()]
            return {
                "news": news,
                "version": snapshot.version,
                "folder": snapshot.root.name.encode("utf-8", "replace").decode(),
                "classes": classes,
                "unlabelled": sum(1 for item in snapshot.items if item.label is None),
                "total": len(snapshot.items),
                "asked": snapshot.asked,
                "notes": list(state.notes()),
                "learning": site.learner.status().to_json(),
                "failure": site.learner.failure,
                "learned": None if learned is None else learned.to_json(),
            }

        return await site.doing(look)

    @app.get("/teach/changes")
    async def changes(request: Request) -> dict[str, int]:
        since = asked.number(request, "since", 0, 10**15)
        return {"news": await site.news.after(since, LONGEST_POLL)}

    async def some(
        request: Request, limit: int, most: int, row: Callable[[Item], Any]
    ) -> dict[str, Any]:
        """Return rows of the pictures of a class by their places; all are of one moment."""
        offset = asked.number(request, "offset", 0, 10**9)
        limit = asked.number(request, "limit", limit, most)
        label = request.query_params.get("class")
        which = ALL if label is None else (label or None)

        def look() -> dict[str, Any]:
            found = state.items(which, offset, limit)
            return {"version": state.version, "pictures": [row(item) for item in found]}

        return await site.doing(look)

    @app.get("/teach/pictures")
    async def pictures(request: Request) -> dict[str, Any]:
        return await some(request, 100, MOST_PICTURES, site.shown)

    @app.get("/teach/listed")
    async def listed(request: Request) -> dict[str, Any]:
        most = asked.MOST
        return await some(request, most, most, lambda item: [item.id, item.mark, item.label])

    @app.get("/teach/pictures/{id}")
    async def one(id: str) -> dict[str, Any]:
        return await site.doing(lambda: site.shown(found(site, id)))

    @app.get("/teach/next")
    async def following(request: Request) -> dict[str, Any]:
        count = asked.number(request, "count", 1, MOST_NEXT)
        kind = request.query_params.get("kind")

        def look() -> dict[str, Any]:
            snapshot, learned = state.snapshot(), site.learner.latest()
            some = next_items(snapshot, learned, kind, count)
            by_id = {item.id: item for item in snapshot.items} if some else {}
            rows = []
            for one in some:
                row = one.to_json()
                for key in ("id", "other"):
                    item = by_id.get(row[key])
                    row["picture" if key == "id" else "beside"] = item and site.shown(item)
                rows.append(row)
            return {"version": snapshot.version, "next": rows, "kinds": kinds(snapshot, learned)}

        return await site.doing(look)
