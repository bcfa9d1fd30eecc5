"""The routes that show pictures: small ones, and whole ones as far as browsers show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import IO, TypeVar

from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

from tl_catdog.data.formats import HEAD
from tl_catdog.data.reading import MAX_BYTES, open_file
from tl_catdog.errors import ImageError, UsageError
from tl_catdog.serve.bodies import Refusal
from tl_catdog.teach import asked
from tl_catdog.teach.items import Item
from tl_catdog.teach.site import Site
from tl_catdog.teach.thumbs import SIZES, kind_of

R = TypeVar("R")

FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Of what an address names for good: ids are of contents."""
PIECE = 2**18  # bytes of a picture that are read at a time


def picture_routes(app: FastAPI, site: Site) -> None:
    """Add them."""

    async def there(item: Item, shown: Callable[[Item], Awaitable[R]]) -> R:
        """Show a picture; again where it was moved meanwhile, as those are that get a class."""
        while True:
            try:
                return await shown(item)
            except (ImageError, OSError):
                now = await site.doing(partial(found, site, item.id))
                if now.path == item.path:
                    raise
                item = now

    async def small(request: Request, item: Item, size: int, more: dict[str, str]) -> Response:
        return await there(item, lambda now: made(request, now, size, more))

    async def made(request: Request, item: Item, size: int, more: dict[str, str]) -> Response:
        """Return a small picture; what takes long waits where it holds up no other."""
        connection = getattr(request.state, "connection", None)

        def check() -> None:
            if connection is not None and connection.lost:  # scrolled past meanwhile
                raise Refusal(503, "expected somebody to wait for it", "Ask again.")

        def quick() -> bytes | None:
            check()
            return site.thumbs.quick(item.path, item.sha256, size)

        def slow() -> bytes:
            check()
            return site.thumbs.small(item.path, item.sha256, size)

        picture = await site.showing(quick)
        if picture is None:
            picture = await site.slowly(slow)
        return Response(picture, media_type="image/jpeg", headers={**FOR_GOOD, **more})

    @app.get("/teach/thumb/{id}")
    async def thumb(request: Request, id: str) -> Response:
        size = asked.number(request, "size", SIZES[0], 10_000)
        size = next((one for one in SIZES if one >= size), SIZES[-1])
        item = await site.doing(lambda: found(site, id))
        tag = {"ETag": f'"{item.sha256[:32]}-{size}"'}
        if request.headers.get("if-none-match") == tag["ETag"]:
            return Response(status_code=304, headers={**FOR_GOOD, **tag})
        return await small(request, item, size, tag)

    @app.get("/teach/picture/{id}")
    async def whole(request: Request, id: str) -> Response:
        item = await site.doing(lambda: found(site, id))

        def look(item: Item) -> tuple[IO[bytes], str | None]:
            file = open_file(item.path)
            request.state.seen.closing.callback(file.close)
            kind = kind_of(file.read(HEAD))
            file.seek(0)
            return file, kind

        try:
            file, kind = await there(item, lambda now: site.showing(lambda: look(now)))
        except OSError:
            raise Refusal(
                404, "expected a picture that can be read", "Look at the folder again."
            ) from None
        if kind is None:
            return await small(request, item, SIZES[-1], {})
        # What was looked at: by its name it could be another file by now. Its size isn't promised.
        return StreamingResponse(pieces(file), media_type=kind, headers=FOR_GOOD)


def found(site: Site, id: str) -> Item:
    """Return a picture.

    Raises:
        Refusal: There is none of that id.
    """
    try:
        return site.state.item(id)
    except UsageError:
        raise Refusal(
            404, "expected a picture that is there, found none", "Look at the folder again."
        ) from None


def pieces(file: IO[bytes], most: int = MAX_BYTES) -> Iterator[bytes]:
    """Yield a file's bytes, not more than ``most``, however it grows meanwhile."""
    while most > 0 and (piece := file.read(min(PIECE, most))):
        most -= len(piece)
        yield piece
