"""Run-length BMP: read, but not for long."""

import struct

import numpy as np
import pytest

from tl_catdog.data import bitmaps
from tl_catdog.data.images import decode
from tl_catdog.errors import ImageError


def run_length(width: int, height: int, runs: bytes) -> bytes:
    palette = bytes(value for grey in range(256) for value in (grey, grey, grey, 0))
    at = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", at + len(runs), 0, 0, at) + head + palette + runs


def test_runs_are_read() -> None:
    data = run_length(64, 48, b"\x20\x00\x20\xff\0\0" * 48 + b"\0\1")
    found = decode(data, 16)
    assert found[:, :7].max() < 20
    assert found[:, 9:].min() > 235


def test_many_single_runs_of_an_honest_picture_are_read() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    rows = (b"".join(b"\1%c" % grey for grey in row.tobytes()) + b"\0\0" for row in noise[::-1])
    found = decode(run_length(200, 200, b"".join(rows)), 16)
    assert np.array_equal(found, decode(noise, 16))


def test_what_takes_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="a run-length BMP of 8000×3000 pixels"):
        decode(run_length(8000, 3000, b"\0\0" * 3000), 16)
    monkeypatch.setattr(bitmaps, "RUNS", 1000)
    with pytest.raises(ImageError, match="too many and too small parts"):
        decode(run_length(200, 2000, b"\1\5" * 200 * 2000), 16)
