"""Reading the pictures out of a request, whatever the other side sends, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

MULTIPART = "multipart/form-data"
MAX_FIELDS = 100


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    Attributes:
        body: Bytes of a request.
        files: Pictures in a request.
        queue: Pictures that may wait or be under way.
        seconds: For sending a request's body, and again for answering it.
        connections: At a time.
    """

    body: int = 32 * 2**20
    files: int = 64
    queue: int = 512
    seconds: float = 60.0
    connections: int = 512


class Refusal(Exception):  # noqa: N818 (an answer, not a fault)
    """A request that isn't answered: an HTTP status, what is wrong, what would be right."""

    def __init__(self, status: int, error: str, hint: str) -> None:
        super().__init__(error)
        self.status, self.error, self.hint = status, error, hint


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read a request's body.

    Raises:
        Refusal: It is too large (413), takes too long (408) or ends early (400).
    """
    too_large = Refusal(
        413,
        f"expected at most {limits.body:,} bytes, found more",
        "Send fewer or smaller pictures.",
    )
    try:
        if int(request.headers.get("content-length", "0")) > limits.body:
            raise too_large
    except ValueError:
        raise Refusal(
            400, "expected a number as Content-Length", "Leave it to the client."
        ) from None
    parts, size = [], 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                size += len(part)
                if size > limits.body:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise Refusal(
            408, f"expected the whole request within {limits.seconds:g} s", "Send it again."
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "the request ended early", "Send it again.") from None
    return b"".join(parts)


async def pictures_of(
    request: Request, body: bytes, limits: Limits
) -> list[tuple[str | None, bytes]]:
    """Return the name and the bytes of each picture in a request.

    Raises:
        Refusal: It holds none (400), too many (413), or is of another kind (415).
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != MULTIPART:
        if kind and not kind.startswith("image/") and kind != "application/octet-stream":
            raise Refusal(
                415,
                f"expected a picture or {MULTIPART}, found {kind[:80]}",
                "Send the file's bytes, or a form with files.",
            )
        if not body:
            raise Refusal(400, "expected a picture, found nothing", "Send the file's bytes.")
        return [(None, body)]

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=limits.files, max_fields=MAX_FIELDS
    )
    try:
        form = await parser.parse()
        files = [item for _, item in form.multi_items() if not isinstance(item, str)]
        found = [(item.filename or None, await item.read()) for item in files]
        await form.close()
    except MultiPartException as error:
        status = 413 if "Too many" in error.message else 400
        raise Refusal(
            status, f"the form can't be read: {error.message[:120]}", "Send a form with files."
        ) from error
    except (KeyError, ValueError, LookupError) as error:
        raise Refusal(400, "the form can't be read", "Send a form with files.") from error
    if not found:
        raise Refusal(400, "expected files in the form, found none", "Add files to it.")
    return found
