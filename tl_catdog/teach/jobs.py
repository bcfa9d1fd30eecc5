"""The routes that keep what was taught: as a run, and as a download in other formats."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tl_catdog.serve.bodies import Refusal
from tl_catdog.teach import asked
from tl_catdog.teach.job import Job
from tl_catdog.teach.keeping import Keeping
from tl_catdog.teach.records import FORMATS
from tl_catdog.teach.room import room_of
from tl_catdog.teach.site import Site

ZIPPED = "tl-catdog-export.zip"
MOST_COMPARED = 12  # runs


def job_routes(app: FastAPI, site: Site) -> None:
    """Add them."""

    def keeper() -> Keeping:
        if site.keeping is None:
            raise Refusal(404, "expected what keeps runs, found none", "Use tl-catdog train.")
        return site.keeping

    def job(id: str) -> Job:
        found = {one.id: one for one in keeper().jobs()}.get(id)
        if found is None:
            raise Refusal(404, "expected a job that there is, found none", "Look at the jobs.")
        return found

    async def begun(found: Mapping[str, Any], work: Callable[[], str]) -> Response:
        tab, number = asked.tab_of(found.get("tab")), asked.request_of(found.get("request"))
        name = f"{tab} {number}" if number else ""
        id = await site.doing(lambda: keeper().once(name, work))
        site.news.tell()
        return JSONResponse({"job": id}, 202)

    @app.get("/teach/runs")
    async def runs() -> dict[str, Any]:
        def look() -> dict[str, Any]:
            words = keeper().training("NAME")
            command = f"tl-catdog {shlex.join(words)}"
            return {
                "runs": keeper().runs(),
                "unfinished": keeper().unfinished(),
                "command": command,
                "formats": list(FORMATS),
            }

        return await site.doing(look)

    @app.get("/teach/room")
    async def room() -> dict[str, Any]:
        return await site.doing(lambda: room_of(site.state.root).to_json())

    @app.post("/teach/runs")
    async def run(request: Request) -> Response:
        found = await asked.fields(request)
        name, finetune = asked.text_or_none(found, "name"), found.get("finetune") is True
        return await begun(found, lambda: keeper().start_run(name or None, finetune=finetune))

    @app.post("/teach/resume")
    async def resume(request: Request) -> Response:
        found = await asked.fields(request)
        word = asked.text(found, "word")
        return await begun(found, lambda: keeper().start_resume(word))

    @app.post("/teach/exports")
    async def export(request: Request) -> Response:
        found = await asked.fields(request)
        run, kind = asked.text(found, "run"), asked.text(found, "format")
        return await begun(found, lambda: keeper().start_export(run, kind))

    @app.post("/teach/reports")
    async def report(request: Request) -> Response:
        found = await asked.fields(request)
        run = asked.text(found, "run")
        return await begun(found, lambda: keeper().start_report(run))

    @app.post("/teach/compare")
    async def compare(request: Request) -> Response:
        found = await asked.fields(request)
        runs = asked.texts(found, "runs", MOST_COMPARED)
        return await begun(found, lambda: keeper().start_compare(runs))

    @app.get("/teach/jobs")
    async def jobs() -> dict[str, Any]:
        return await site.doing(lambda: {"jobs": [one.to_json() for one in keeper().jobs()]})

    @app.get("/teach/jobs/{id}")
    async def one(id: str) -> dict[str, Any]:
        return await site.doing(lambda: job(id).to_json())

    @app.post("/teach/jobs/{id}/cancel")
    async def cancel(id: str) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            job(id)
            return keeper().cancel(id).to_json()

        found = await site.doing(work)
        site.news.tell()
        return found

    @app.get("/teach/exports/{id}")
    async def download(id: str) -> Response:
        found = await site.doing(lambda: job(id))
        if found.kind == "report" and found.out is not None and found.download:
            try:
                page = await site.doing(found.out.read_bytes)
            except OSError:
                raise Refusal(
                    404, "expected the report, found it gone", "Write it again."
                ) from None
            return Response(page, media_type="text/html", headers=attached(found.out.name))
        pieces = await site.doing(lambda: keeper().stream_zip(id))
        name = ZIPPED if found.out is None else f"{found.run}-{found.out.name}.zip"
        return StreamingResponse(pieces, media_type="application/zip", headers=attached(name))


def attached(name: str) -> dict[str, str]:
    """Return the headers of what is saved, never shown: it would be shown as this page's own."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
