"""What no picture can be given as is refused in one line that says what to give."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tl_catdog.errors import UsageError
from tl_catdog.prediction.sources import image_sources, one_source


def closed(item: Any) -> Any:
    item.close()
    return item


def unread(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        return picture


def png() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "PNG")
    return out.getvalue()


class Answer:
    """As libraries for the web give it: gone through, it gives blocks of bytes."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"block"

    def iter_content(self) -> Iterator[bytes]:
        return iter(self)


class Awaited:
    async def read(self, size: int = -1) -> bytes:
        return b""


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (None, "found NoneType"),
    "a number": (3, "found int"),
    "numbers": ([3], "found int"),
    "a number of NumPy's": (np.int64(3), "found int64"),
    "a mapping": ({"a.jpg": 1}, "found dict"),
    "lists in a list": ([["a.jpg"]], "found list"),
    "an answer from the web": (Answer(), "found Answer"),
    "an empty name": ("", "an empty name"),
    "an address": ("https://example.org/cat.jpg", "the address of one"),
    "an address with its content": ("data:image/png;base64,iVBO", "the address of one"),
    "a closed file": (closed(io.BytesIO(b"a")), "a closed one"),
    "a text": (io.StringIO("a"), "found text in StringIO"),
    "a file that is awaited": (Awaited(), "found coroutine in Awaited"),
    "a closed picture": (closed(Image.new("L", (4, 4))), "Pillow's that is closed"),
    "a picture whose file is closed": (unread(png()), "Pillow's that is closed"),
    "a view of values": (np.zeros((4, 4, 3), np.uint8).data, r"shape \(4, 4, 3\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_picture_can_be_given_as_is_named_with_what_to_give(what: str) -> None:
    given, found = WRONG[what]
    with pytest.raises(UsageError, match=f"^expected .*{found}") as caught:
        list(image_sources(given))
    assert caught.value.hint
    with pytest.raises(UsageError):
        one_source(given)


def test_a_file_that_is_open_for_writing_only_is_named(tmp_path: Path) -> None:
    with (tmp_path / "new").open("wb") as file, pytest.raises(UsageError, match="for reading"):
        list(image_sources(file))
