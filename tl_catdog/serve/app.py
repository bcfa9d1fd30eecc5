"""The server's page and its API."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tl_catdog.runs.folder import Run
from tl_catdog.serve.about import about_run
from tl_catdog.serve.bodies import Budget, Limits, Refusal, images_of, read_body
from tl_catdog.serve.heat import Heatmap
from tl_catdog.serve.page import HEADERS, page_routes
from tl_catdog.serve.work import QueueFullError, Worker
from tl_catdog.version import __version__

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
        "looks": {"type": ["string", "null"], "description": "With explain=1: where it looks."},
    },
}


class Guard:
    """Refuses requests to names that aren't this server's, and says what pages may do.

    Not by the framework's decorator, which starts tasks for each request: with 64 clients a request
    took 13.6 ms of a core instead of 11.8.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as ASGI has it."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._app
        if scope["type"] == "http":
            try:
                refuse_other_names(Request(scope), self._hosts)
            except Refusal as refusal:
                answer = refused(refusal)
        await answer(scope, receive, sending)


def build_app(run: Run, limits: Limits, worker: Worker, hosts: Collection[str]) -> FastAPI:
    """Return the application.

    Args:
        run: The run that answers.
        limits: What is taken.
        worker: What classifies pictures.
        hosts: Names that the server may be called by, besides any address in numbers; another
            site's name that was pointed at it is refused.
    """
    app = FastAPI(
        title=f"tl-catdog: {run.name}", version=__version__, docs_url=None, redoc_url=None
    )
    about = about_run(run, worker.policy)
    budget = Budget(limits.total)

    app.add_middleware(Guard, hosts=hosts)

    @app.exception_handler(Refusal)
    async def explained(_: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    page_routes(app, run.classes)

    @app.get("/healthz", summary="Whether the server answers")
    async def healthz() -> dict[str, str]:
        return {"status": "ok", "run": run.name}

    @app.get("/about", summary="Which run answers, and how good it is")
    async def tell() -> dict[str, Any]:
        return about

    image = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "properties": {"files": {"type": "array", "items": image}},
    }
    answers = {"type": "object", "properties": {"answers": {"type": "array", "items": ANSWER}}}

    @app.post(
        "/predict",
        summary="What is in pictures: one as the body, or several as a form's files",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {"schema": form},
                    "image/*": {"schema": image},
                    "application/octet-stream": {"schema": image},
                },
            },
            "responses": {
                "200": {
                    "description": "A row as `predict --json` prints it; of a form, all rows.",
                    "content": {"application/json": {"schema": {"oneOf": [ANSWER, answers]}}},
                }
            },
        },
    )
    async def predict(request: Request, explain: bool = False) -> Response:
        refuse_other_sites(request)
        with budget.share() as take:
            return await answered(request, explain, take)

    async def answered(request: Request, explain: bool, take: Callable[[int], None]) -> Response:
        body = await read_body(request, limits, take)
        images = await images_of(request, body, limits)
        del body
        try:
            async with asyncio.timeout(limits.seconds):
                found = await worker.answer([data for _, data in images], explain=explain)
        except QueueFullError:
            raise Refusal(503, "too many pictures are waiting", "Try again in a second.") from None
        except TimeoutError:
            raise Refusal(
                503, f"no answer within {limits.seconds:g} s", "Send fewer pictures."
            ) from None
        rows = [
            {**said.to_json(), "path": name, **told(heatmap, explain)}
            for (name, _), (said, heatmap) in zip(images, found, strict=True)
        ]
        if not request.headers.get("content-type", "").lower().startswith("multipart/"):
            (row,) = rows
            return JSONResponse(row, 422 if row["error"] else 200)
        return JSONResponse({"answers": rows})

    return app


def told(heatmap: Heatmap | None, explain: bool) -> dict[str, str | None]:
    """Return what a row says of where the network looked."""
    if not explain:
        return {}
    if heatmap is None:
        return {"heat": None, "looks": None}
    return {"heat": heatmap.overlay, "looks": heatmap.where}


def refused(refusal: Refusal) -> Response:
    """Return a refusal as a response."""
    headers = {"Retry-After": "1"} if refusal.status == 503 else {}
    if refusal.status in (408, 413):
        headers["Connection"] = "close"
    found = {"error": refusal.error, "hint": refusal.hint}
    return JSONResponse(found, refusal.status, headers)


def refuse_other_names(request: Request, hosts: Collection[str]) -> None:
    """Refuse a request to a name that isn't this server's, as a site may point its own at it.

    Raises:
        Refusal: The name is neither an address in numbers nor one of ``hosts``.
    """
    name = ""
    try:
        name = (urlsplit(f"//{request.headers.get('host', '')}").hostname or "").lower()
        ipaddress.ip_address(name)
    except ValueError:
        if name not in hosts:
            raise Refusal(
                400, "expected this server's name as Host, found another", "Use its address."
            ) from None


def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site sends in the name of whoever looks at it.

    Raises:
        Refusal: The request says that it comes from there.
    """
    origin = request.headers.get("origin")
    if origin and origin.partition("://")[2] != request.headers.get("host"):
        raise Refusal(403, "expected a request of this page, found another site's", "Open / here.")
