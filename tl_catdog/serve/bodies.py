"""Reading the pictures out of a request, whatever the other side sends, within bounds."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

MULTIPART = "multipart/form-data"
MAX_FIELDS = 100
SLICE = 2**16

COPIES = 2
"""A form is at hand so many times more while its files are taken out of it."""


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    Attributes:
        body: Bytes of a request.
        files: Pictures in a request.
        queue: Pictures that may wait or be under way.
        seconds: For sending a request's body, and again for answering it.
        connections: At a time.
        each: Connections of one client at a time.
        total: Bytes of all requests that are being read or answered, with their answers.
        share: Bytes of those that one client's may have.
        max_pixels: Pixels of a picture.
    """

    body: int = 32 * 2**20
    files: int = 64
    queue: int = 512
    seconds: float = 60.0
    connections: int = 512
    each: int = 128
    total: int = 512 * 2**20
    share: int = 192 * 2**20
    max_pixels: int = 30 * 10**6


class Refusal(Exception):  # noqa: N818 (an answer, not a fault)
    """A request that isn't answered: an HTTP status, what is wrong, what would be right.

    Args:
        status: The status.
        error: What is wrong.
        hint: What would be right.
        detail: What a header of this status adds.
    """

    def __init__(self, status: int, error: str, hint: str, detail: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.hint, self.detail = status, error, hint, detail


class Budget:
    """The bytes of all requests at hand: many at once may not take more memory than allowed.

    Args:
        total: Of all.
        each: Of one client's; None for as many.
    """

    def __init__(self, total: int, each: int | None = None) -> None:
        self.total = self.left = total
        self._each = total if each is None else each
        self._held: Counter[str] = Counter()

    @contextlib.contextmanager
    def share(self, client: str = "") -> Iterator[Callable[[int], None]]:
        """Give what takes bytes for a client's request; all of them are given back at the end.

        A number below 0 gives bytes back before. It raises ``Refusal`` (503) where there is no
        room.
        """
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if size > 0 and (size > self.left or size + self._held[client] > self._each):
                raise Refusal(503, "too many large requests at once", "Try again in a second.")
            self._take(client, size)
            taken += size

        try:
            yield take
        finally:
            self._take(client, -taken)

    @contextlib.contextmanager
    def answer(self, client: str, size: int) -> Iterator[None]:
        """Count an answer's bytes until it is sent: it is made, so that it isn't refused."""
        self._take(client, size)
        try:
            yield
        finally:
            self._take(client, -size)

    def _take(self, client: str, size: int) -> None:
        self.left -= size
        self._held[client] += size
        if not self._held[client]:
            del self._held[client]


async def read_body(request: Request, limits: Limits, take: Callable[[int], None]) -> bytes:
    """Read a request's body.

    Args:
        request: The request.
        limits: What is taken.
        take: Called with the number of bytes as they come; see ``Budget``.

    Raises:
        Refusal: It is too large (413), takes too long (408) or ends early (400); there is no room
            for it (503).
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
                take(len(part))
                parts.append(part)
    except TimeoutError:
        raise Refusal(
            408, f"expected the whole request within {limits.seconds:g} s", "Send it again."
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "the request ended early", "Send it again.") from None
    return b"".join(parts)


def is_form(request: Request) -> bool:
    """Return whether a request says that it is a form with files."""
    return kind_of(request) == MULTIPART


def kind_of(request: Request) -> str:
    """Return what a request says its body is, without parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def images_of(
    request: Request,
    body: bytes,
    limits: Limits,
    take: Callable[[int], None] = lambda size: None,
) -> list[tuple[str | None, bytes]]:
    """Return the name and the bytes of each picture in a request.

    Args:
        request: The request.
        body: Its body.
        limits: What is taken.
        take: Called with the number of bytes that are needed besides; see ``Budget``.

    Raises:
        Refusal: It holds none (400), too many (413), or is of another kind (415); there is no room
            for it (503).
    """
    kind = kind_of(request)
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
        for start in range(0, len(body), SLICE):
            yield body[start : start + SLICE]
            await asyncio.sleep(0)  # others get their turn, however odd the form is

    take(COPIES * len(body))
    # More than may wait could never be answered.
    most = min(limits.files, limits.queue)
    parser = MultiPartParser(request.headers, stream(), max_files=most, max_fields=MAX_FIELDS)
    parser.spool_max_size = len(body)  # no picture is written to a disk, which may be full
    try:
        form = await parser.parse()
        files = [item for _, item in form.multi_items() if not isinstance(item, str)]
        found = [(_name(item.filename), await item.read()) for item in files]
        await form.close()
    except MultiPartException as error:
        status = 413 if "Too many" in error.message else 400
        raise Refusal(
            status, f"the form can't be read: {error.message[:120]}", "Send a form with files."
        ) from error
    except (KeyError, ValueError, LookupError) as error:
        raise Refusal(400, "the form can't be read", "Send a form with files.") from error
    finally:
        take(-COPIES * len(body))
    if not found:
        raise Refusal(400, "expected files in the form, found none", "Add files to it.")
    return found


def _name(given: str | None) -> str | None:
    """Return a file's name as JSON can hold it: some encodings of a form give half characters."""
    return given.encode("utf-8", "replace").decode() if given else None
