"""The process that decodes: what it is asked and tells, in bytes."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zlib

import pytest

from tests.serve.test_api import picture
from tests.support.hostile_bytes import chunk, png
from tl_catdog.data.images import decode
from tl_catdog.serve.decoder import ASKED, TOLD, main

SIZE, MOST = 32, 10**6


def ask(*pictures: bytes, preview: bool = False) -> list[tuple[bool, bytes, bytes]]:
    """Return what is told of pictures."""
    asked = b"".join(ASKED.pack(len(data), SIZE, MOST, 0, preview) + data for data in pictures)
    out = io.BytesIO()
    main(io.BytesIO(asked), out)
    out.seek(0)
    found = []
    while head := out.read(TOLD.size):
        good, length, small = TOLD.unpack(head)
        found.append((good, out.read(length), out.read(small)))
    return found


def test_pictures_are_answered_in_order_until_there_are_no_more() -> None:
    good, bad, large = ask(picture(1), b"text", png(3_000, 3_000, 8, 2))
    assert good == (True, decode(picture(1), SIZE).tobytes(), b"")
    assert bad[0] is large[0] is False
    assert "not a" in bad[1].decode()
    assert "1,000,000" in large[1].decode()


def test_a_small_picture_comes_along_when_it_is_wanted() -> None:
    ((_, _, small),) = ask(picture(1), preview=True)
    assert small.startswith(b"\xff\xd8")


def test_a_picture_that_is_cut_short_by_the_end_is_not_answered() -> None:
    out = io.BytesIO()
    main(io.BytesIO(ASKED.pack(100, SIZE, MOST, 0, False) + b"half"), out)
    assert out.getvalue() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no process's memory by itself")
def test_a_picture_that_needs_more_memory_than_there_is_is_refused_and_the_next_answered() -> None:
    side = 11_000
    lines = zlib.compress(bytes((1 + side // 8) * side), 1)
    large = png(side, side, 1, 0, chunk(b"IDAT", lines))
    asked = ASKED.pack(len(large), SIZE, 10**9, 200, False) + large
    asked += ASKED.pack(len(picture()), SIZE, MOST, 200, False) + picture()
    done = subprocess.run(
        [sys.executable, "-m", "tl_catdog.serve.decoder"],
        input=asked,
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    good, length, _ = TOLD.unpack(done.stdout[: TOLD.size])
    assert not good
    assert b"memory" in done.stdout[TOLD.size :][:length]
    assert TOLD.unpack(done.stdout[TOLD.size + length :][: TOLD.size])[0]
