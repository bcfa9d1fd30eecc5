"""The server's API, and the page before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tl_catdog.runs.folder import Run
from tl_catdog.serve.about import about_run
from tl_catdog.serve.bodies import Budget, Limits, Refusal, images_of, is_form, read_body
from tl_catdog.serve.door import Door, client_of
from tl_catdog.serve.guard import Access, Guard, Seen, refused
from tl_catdog.serve.memory import Memory
from tl_catdog.serve.metrics import KIND, Metrics
from tl_catdog.serve.page import page_routes
from tl_catdog.serve.work import Answered, QueueFullError, Wish, Worker
from tl_catdog.version import __version__

PIECE = 2**16
"""An answer is sent in pieces of so many bytes, so that its room is kept until it is read."""

ANSWER = {
    "type": "object",
    "properties": {
        "path": {"type": ["string", "null"], "description": "The file's name, in a form."},
        "label": {"type": ["string", "null"], "description": "The most probable class."},
        "probabilities": {
            "type": ["object", "null"],
            "description": "Class to calibrated probability, summing to one.",
            "additionalProperties": {"type": "number"},
        },
        "error": {"type": ["string", "null"], "description": "Why the picture can't be read."},
        "answer": {"type": ["string", "null"], "description": "The label, or unsure."},
        "doubt": {"type": ["string", "null"], "description": "Why it is unsure."},
        "novelty": {"type": ["number", "null"], "description": "How unfamiliar, 0 to 2."},
        "heat": {"type": "string", "description": "With explain=1: a PNG to lay over."},
        "preview": {
            "type": ["string", "null"],
            "description": "With preview=1: a small JPEG, upright, for what a browser can't show.",
        },
        "looks": {"type": ["string", "null"], "description": "With explain=1: where it looks."},
    },
}

IMAGE = {"type": "string", "format": "binary"}

FORM = {"type": "object", "properties": {"files": {"type": "array", "items": IMAGE}}}

ANSWERS = {"type": "object", "properties": {"answers": {"type": "array", "items": ANSWER}}}

PREDICT = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": FORM},
            "image/*": {"schema": IMAGE},
            "application/octet-stream": {"schema": IMAGE},
        },
    },
    "responses": {
        "200": {
            "description": "A row as `predict --json` prints it; of a form, all rows.",
            "content": {"application/json": {"schema": {"oneOf": [ANSWER, ANSWERS]}}},
        }
    },
}


class Pieces(JSONResponse):
    """JSON that waits for its reader."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as ASGI has it."""
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        for start in range(0, len(self.body), PIECE):
            piece = bytes(self.body[start : start + PIECE])
            more = start + PIECE < len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})


def build_app(
    run: Run,
    limits: Limits,
    worker: Worker,
    access: Access,
    door: Door | None = None,
    told: Callable[[Seen], None] = lambda seen: None,
) -> FastAPI:
    """Return the application.

    Args:
        run: The run that answers.
        limits: What is taken.
        worker: What classifies pictures.
        access: Who may ask.
        door: The connections, to be counted.
        told: Called with each request once it is answered.
    """
    app = FastAPI(
        title=f"tl-catdog: {run.name}", version=__version__, docs_url=None, redoc_url=None
    )
    about = about_run(run, worker.policy)
    budget, memory = Budget(limits.total, limits.share), Memory()
    page_routes(app, run.classes)
    pages = {route.path for route in app.routes if hasattr(route, "path")} - {"/openapi.json"}

    def now() -> Iterator[tuple[str, str, float]]:
        yield "queue_pictures", "Pictures waiting or under way.", worker.waiting
        yield "held_bytes", "Bytes of requests at hand.", budget.total - budget.left
        yield "connections", "Open connections.", len(door) if door else 0

    routes = ("/predict", "/about", "/healthz", "/metrics", "/openapi.json")
    metrics = Metrics(run, routes, pages, now, lambda: door.turned_away if door else {})

    def counted(seen: Seen) -> None:
        metrics.request(seen)
        told(seen)

    app.add_middleware(Guard, access=access, opened={*pages, "/healthz"}, told=counted)
    app.state.told = counted
    documented(app, bearer=access.token is not None)

    @app.get("/healthz", summary="Whether the server answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "run": run.name}

    @app.get("/about", summary="Which run answers, and how good it is")
    async def tell() -> dict[str, Any]:
        return about

    @app.get("/metrics", summary="What the server counts, for Prometheus")
    async def measure() -> Response:
        return Response(metrics.text(), headers={"Content-Type": KIND})

    @app.post(
        "/predict",
        summary="What is in pictures: one as the body, or several as a form's files",
        openapi_extra=PREDICT,
    )
    async def predict(request: Request, explain: bool = False, preview: bool = False) -> Response:
        client = client_of(request.client.host if request.client else "")
        connection = getattr(request.state, "connection", None)
        wish = Wish(explain, preview, client, lambda: connection is not None and connection.lost)
        seen: Seen = request.state.seen
        with budget.share(client) as take:
            body = await read_body(request, limits, take)
            size = len(body)
            images = await images_of(request, body, limits, take)
            del body
            seen.pictures = len(images)
            rows = await answered(images, wish)
            del images
            memory.give_back(size)
        if is_form(request):
            answer = Pieces({"answers": rows})
        else:
            (row,) = rows
            answer = Pieces(row, 422 if row["error"] else 200)
        seen.closing.enter_context(budget.answer(client, len(answer.body)))
        return answer

    async def answered(images: list[tuple[str | None, bytes]], wish: Wish) -> list[dict[str, Any]]:
        try:
            pictures = [data for _, data in images]
            found = await worker.answer(pictures, wish, seconds=limits.seconds)
        except QueueFullError:
            raise Refusal(503, "too many pictures are waiting", "Try again in a second.") from None
        except TimeoutError:
            raise Refusal(
                503, f"no answer within {limits.seconds:g} s", "Send fewer pictures."
            ) from None
        metrics.answered(item.said for item in found)
        return [
            {**item.said.to_json(), "path": name, **extras(item, wish)}
            for (name, _), item in zip(images, found, strict=True)
        ]

    return app


def extras(item: Answered, wish: Wish) -> dict[str, str | None]:
    """Return what a row says besides the answer."""
    found: dict[str, str | None] = {}
    if wish.explain:
        heatmap = item.heatmap
        found["heat"] = None if heatmap is None else heatmap.overlay
        found["looks"] = None if heatmap is None else heatmap.where
    if wish.preview:
        found["preview"] = item.preview
    return found


def documented(app: FastAPI, *, bearer: bool, pages: str = "/ or /docs") -> None:
    """Give errors of the framework the form that this server's own have, and its API a lock.

    Args:
        app: The application.
        bearer: Whether a token is asked for.
        pages: Which paths whoever is lost is told to open.
    """

    @app.exception_handler(Refusal)
    async def explained(_: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        headers = {"Allow": allowing(error.headers)} if error.status_code == 405 else {}
        phrase = HTTPStatus(error.status_code).phrase.lower()
        refusal = {
            404: Refusal(404, "expected a path that there is, found another", f"Open {pages}."),
            405: Refusal(
                405,
                "expected another method for this path",
                f"Use {headers.get('Allow', '')}; look at {pages}.",
            ),
        }.get(error.status_code, Refusal(error.status_code, phrase, f"Look at {pages}."))
        answer = refused(refusal)
        answer.headers.update(headers)
        return answer

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> Response:
        names = {str(item["loc"][-1])[:40] for item in error.errors()}
        return refused(
            Refusal(
                422,
                f"expected 1 or 0 for {', '.join(sorted(names))}, found something else",
                "Add ?explain=1 or ?preview=1, or leave it out.",
            )
        )

    described = app.openapi

    def openapi() -> dict[str, Any]:
        found = described()
        if bearer:
            locks = found.setdefault("components", {}).setdefault("securitySchemes", {})
            locks["token"] = {"type": "http", "scheme": "bearer"}
            found["security"] = [{"token": []}]
        return found

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documents have it


def allowing(headers: Mapping[str, str] | None) -> str:
    """Return the methods of a path; what can be read can be asked for by its head alone."""
    methods = {word.strip() for word in (headers or {}).get("Allow", "").split(",") if word.strip()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
