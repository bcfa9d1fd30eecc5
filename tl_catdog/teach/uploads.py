"""Uploads, written to files aside as they come: whatever their size, little is in memory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from tl_catdog.data.reading import MAX_BYTES
from tl_catdog.fetch.archive import Bounds
from tl_catdog.serve.bodies import Refusal, is_form

PENDING = 2**18  # bytes that are written at a time
ROOM = 64 * 2**20  # bytes that stay free on the disk


@dataclass(frozen=True)
class Bound:
    """What an upload may be.

    Attributes:
        bytes: Of a request.
        files: In a form.
        seconds: For sending it.
        archive: What an archive may hold.
    """

    bytes: int = 4 << 30
    files: int = 1000
    seconds: float = 3600.0
    archive: Bounds = field(default_factory=lambda: Bounds(each=MAX_BYTES))


@dataclass(frozen=True)
class Upload:
    """A file that came: its name as the other side has it, with folders, and where it waits."""

    name: str
    path: Path


async def receive(request: Request, folder: Path, bound: Bound, name: str = "") -> list[Upload]:
    """Write a request's files into a folder as they come: a form's, or the body itself.

    Args:
        request: The request.
        folder: Where to.
        bound: What it may be.
        name: What the body is called where it is no form.

    Raises:
        Refusal: It is too large (413), takes too long (408), ends early or can't be read (400); the
            disk is full (507).
    """
    too_large = Refusal(
        413, f"expected at most {bound.bytes:,} bytes, found more", "Send it in parts."
    )
    with contextlib.suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > bound.bytes:
            raise too_large
    size = 0
    writer: _Form | _Body | None = None
    try:
        writer = _Form(request, folder, bound) if is_form(request) else _Body(folder, name)
        async with asyncio.timeout(bound.seconds):
            async for part in _gathered(request.stream()):
                size += len(part)
                if size > bound.bytes:
                    raise too_large
                await asyncio.to_thread(writer.write, part)
        await asyncio.to_thread(writer.finish)
    except TimeoutError:
        raise Refusal(
            408, f"expected the whole request within {bound.seconds:g} s", "Send it again."
        ) from None
    except ClientDisconnect:
        raise Refusal(400, "the request ended early", "Send it again.") from None
    except (MultipartParseError, ValueError, LookupError) as error:
        raise Refusal(400, "the form can't be read", "Send a form with files.") from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Refusal(
            507, f"expected room for it on the disk, found: {why}", "Make room."
        ) from error
    finally:
        if writer is not None:
            writer.close()
    if not writer.found or not size:
        raise Refusal(400, "expected files, found none", "Send pictures, or an archive of them.")
    return writer.found


async def _gathered(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Join small parts: each that is written costs a thread's turn."""
    held, size = [], 0
    async for part in stream:
        held.append(part)
        size += len(part)
        if size >= PENDING:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


class _Body:
    """Writes a body as one file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.found = [Upload(name or "picture", folder / "0")]
        self._file = self.found[0].path.open("xb")

    def write(self, part: bytes) -> None:
        """Write on."""
        check_room(self._folder)
        self._file.write(part)

    def finish(self) -> None:
        """Close it, or raise."""
        self._file.close()

    def close(self) -> None:
        """Close it, whatever happens."""
        with contextlib.suppress(OSError):
            self._file.close()


class _Form:
    """Writes a form's files; its other fields are read past."""

    def __init__(self, request: Request, folder: Path, bound: Bound) -> None:
        _, options = parse_options_header(request.headers.get("content-type", ""))
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._value,
                "on_header_end": self._header,
                "on_headers_finished": self._open,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )
        self.found: list[Upload] = []
        self._folder, self._most = folder, bound.files
        self._file: IO[bytes] | None = None
        self._name = self._text = self._disposition = b""
        self._parts = 0

    def write(self, part: bytes) -> None:
        """Read on."""
        check_room(self._folder)
        self._parser.write(part)

    def finish(self) -> None:
        """Check that the form is whole."""
        self._parser.finalize()
        if self._file is not None:
            raise ValueError("a part without an end")

    def close(self) -> None:
        """Close what is open, whatever happens."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._most + 100:
            raise Refusal(413, f"expected at most {self._most:,} files, found more", "Send fewer.")
        self._name = self._text = self._disposition = b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._text += data[start:end]

    def _header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._text
        self._name = self._text = b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" not in options:
            return
        if len(self.found) >= self._most:
            raise Refusal(413, f"expected at most {self._most:,} files, found more", "Send fewer.")
        name = options[b"filename"].decode("utf-8", "replace")
        path = self._folder / str(len(self.found))
        self._file = path.open("xb")
        self.found.append(Upload(name, path))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def check_room(folder: Path) -> None:
    """Raise the system's error of a full disk while there still is a little room on it.

    Raises:
        OSError: There are less than ``ROOM`` bytes.
    """
    if shutil.disk_usage(folder).free < ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
