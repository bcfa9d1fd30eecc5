"""The routes that change something: classes, labels, pictures, and back again; and the trial."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from tl_catdog.data.formats import HEAD
from tl_catdog.errors import UsageError
from tl_catdog.serve.bodies import Limits, Refusal, images_of, read_body
from tl_catdog.serve.preview import shown_as
from tl_catdog.teach import asked
from tl_catdog.teach.archives import is_archive
from tl_catdog.teach.intake import Sorted, aside, folder_of, sorted_out, told
from tl_catdog.teach.items import Added, Changed, Conflict
from tl_catdog.teach.names import file_name, new_class_name
from tl_catdog.teach.site import Site
from tl_catdog.teach.uploads import receive

TRIED = Limits(body=64 * 2**20, files=1, seconds=60.0)
"""What may be tried: one picture."""

MOST_CLASSES = 500
"""New ones at once: each is a folder that is synced, and the page lists all."""

CONFLICT = {
    "error": "expected the picture where this page saw it, found it elsewhere",
    "hint": "Look where it is now, and say it again.",
}

Work = Callable[[], Changed | Conflict | None]


def posted_routes(app: FastAPI, site: Site) -> None:
    """Add what a page sends."""
    state = site.state

    def route(path: str, planned: Callable[[Mapping[str, Any], str], Work]) -> None:
        """Add a route: what it is sent becomes work, checked; then that is done."""

        async def answer(request: Request) -> Response:
            found = await asked.fields(request)
            tab, number = asked.tab_of(found.get("tab")), asked.request_of(found.get("request"))
            work = planned(found, tab)
            done = await site.doing(lambda: state.once(tab, number, work))
            if isinstance(done, Conflict):
                return JSONResponse({**CONFLICT, **done.to_json()}, 409)
            site.news.tell()
            return JSONResponse(None if done is None else done.to_json())

        app.add_route(path, answer, methods=["POST"])

    def add_class(found: Mapping[str, Any], tab: str) -> Work:
        name = asked.text(found, "name")
        return lambda: state.add_class(name, tab)

    def rename_class(found: Mapping[str, Any], tab: str) -> Work:
        old, new = asked.text(found, "from"), asked.text(found, "to")
        return lambda: state.rename_class(old, new, tab)

    def remove_class(found: Mapping[str, Any], tab: str) -> Work:
        name = asked.text(found, "name")
        return lambda: state.remove_class(name, tab)

    def label(found: Mapping[str, Any], tab: str) -> Work:
        ids, seen, to = asked.ids(found), asked.seen(found), asked.text_or_none(found, "label")
        return lambda: state.label(ids, to, seen, tab)

    def remove(found: Mapping[str, Any], tab: str) -> Work:
        ids, seen = asked.ids(found), asked.seen(found)
        return lambda: state.remove(ids, seen=seen, tab=tab)

    def skip(found: Mapping[str, Any], tab: str) -> Work:
        ids = asked.ids(found)
        return lambda: state.skip(ids, tab)

    def keep(found: Mapping[str, Any], tab: str) -> Work:
        ids = asked.ids(found)
        return lambda: state.keep(ids, tab)

    route("/teach/classes", add_class)
    route("/teach/classes/rename", rename_class)
    route("/teach/classes/remove", remove_class)
    route("/teach/said", lambda found, tab: lambda: state.take_said(tab))
    route("/teach/label", label)
    route("/teach/remove", remove)
    route("/teach/skip", skip)
    route("/teach/keep", keep)
    route("/teach/undo", lambda found, tab: lambda: state.undo(tab))
    route("/teach/redo", lambda found, tab: lambda: state.redo(tab))

    @app.get("/teach/said")
    async def said() -> dict[str, Any] | None:
        found = await site.slowly(state.said)  # it may read a table
        return None if found is None else found.to_json()

    @app.post("/teach/pictures")
    async def add(request: Request) -> Response:
        query = request.query_params
        tab, burst = asked.tab_of(query.get("tab")), query.get("burst", "")
        label, by_folder = query.get("class") or None, query.get("folders") == "1"
        if label is not None and label not in await site.doing(lambda: names_of(site)):
            raise Refusal(404, "expected a class that there is, found another", "Add it first.")
        with contextlib.ExitStack() as ended:
            folder = await site.doing(lambda: ended.enter_context(aside(site.incoming)))
            packed = False

            def work() -> dict[str, Any]:
                check = functools.partial(site.going_on, archives=packed)
                found = sorted_out(files, folder, site.bound.archive, check)
                request.state.seen.pictures = len(found.pictures)
                return added(site, found, label, burst, tab, by_folder)

            try:
                files = await receive(request, folder, site.bound, query.get("name", "")[:1000])
                packed = await site.doing(lambda: any(is_archive(one.path) for one in files))
                rows = await site.adding(work, archives=packed)
            finally:
                await site.adding(ended.close, archives=packed)  # it may be 100,000 files
        site.news.tell()
        return JSONResponse(rows)

    @app.post("/teach/try")
    async def try_it(request: Request) -> dict[str, Any]:
        with site.budget.share() as take:
            body = await read_body(request, TRIED, take)
            ((_, data),) = await images_of(request, body, TRIED, take)
            return await tried(request, data)

    async def tried(request: Request, data: bytes) -> dict[str, Any]:
        explain = request.query_params.get("explain") != "0"
        learned = site.learner.latest()
        head = None if learned is None else learned.head
        if learned is None or head is None:
            raise Refusal(
                409, "expected two classes with pictures to answer by, found fewer", "Add pictures."
            )

        slow = await site.showing(lambda: site.thumbs.is_slow(data))
        decoding = site.slowly if slow else site.showing
        pixels, small = await decoding(lambda: site.thumbs.pixels(data, site.trial.size))

        def work() -> dict[str, Any]:
            said = site.trial.answer(pixels, head, learned.policy, learned.bank, explain=explain)
            return {**said.to_json(), "preview": shown_as(small or None)}

        return await site.trying(work)


def names_of(site: Site) -> set[str]:
    """Return the names of the classes that there are."""
    return {one.name for one in site.state.classes()}


def added(
    site: Site, found: Sorted, label: str | None, burst: str, tab: str, by_folder: bool
) -> dict[str, Any]:
    """Add pictures that came; return what became of them, as the page gets it.

    Args:
        site: Where to.
        found: What came.
        label: Their class; None for none.
        burst: What they have in common where they are of one burst.
        tab: Who adds them.
        by_folder: Whether the folders in their names are their classes, where there is one.

    Raises:
        UsageError: Those would be very many new classes; nothing was added.
    """
    parts: dict[str | None, list[Any]] = {}
    refused, classes = list(found.refused), names_of(site)
    new = {folder_of(one.name) for one in found.pictures if by_folder} - classes - {None}
    if len(new) > MOST_CLASSES:
        raise UsageError(
            f"expected folders of at most {MOST_CLASSES} new classes, found {len(new):,}.",
            "Drop them onto one class, or fewer of them",
        )
    for one in found.pictures:
        to = label
        if by_folder and (name := folder_of(one.name)) is not None:
            to = _class_of(site, name, classes, tab)
        with one.path.open("rb") as file:
            name = file_name(one.name, file.read(HEAD))
        parts.setdefault(to, []).append((name, one.path))
    rows: list[Added] = [site.state.add(some, to, burst or None, tab) for to, some in parts.items()]
    refused += [(told(name), why) for row in rows for name, why in row.refused]
    return {
        "version": site.state.version,
        "words": "; ".join(row.changed.words for row in rows if row.changed.number),
        "ids": [id for row in rows for id in row.changed.ids],
        "known": [list(pair) for row in rows for pair in row.known],
        "refused": [list(pair) for pair in refused],
    }


def _class_of(site: Site, name: str, classes: set[str], tab: str) -> str | None:
    """Return the class that a folder stands for, made where there is none; None if it can't be."""
    if name in classes:
        return name
    try:
        plain = new_class_name(name, ())
        if plain not in classes:
            site.state.add_class(plain, tab)
    except UsageError:
        return None
    classes.add(plain)
    return plain
