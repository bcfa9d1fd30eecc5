"""Arrays from a stranger's file: what is there is read, what is claimed isn't believed."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tl_catdog.data.npz import array_in, arrays_in, number_in, rows_in


def packed(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=True, **arrays)
    return out.getvalue()


def claiming(shape: str, kind: str = "<f4") -> bytes:
    """Return an ``.npy`` file of four bytes whose header claims a shape."""
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(4)


def zipped(content: bytes, name: str = "rows.npy") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_arrays_come_back_as_they_are() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float16)
    found = arrays_in(packed(rows=rows, by_columns=np.asfortranarray(rows), one=np.array(7)))
    assert np.array_equal(found["rows"], rows)
    assert np.array_equal(found["by_columns"], rows)
    assert number_in(found, "one", 0, 10) == 7
    out = io.BytesIO()
    np.save(out, rows)
    assert np.array_equal(array_in(out.getvalue()), rows)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        claiming("(10**12,)"),
        claiming("(1000000000000, 4)"),
        claiming("(-1,)"),
        claiming("(1,)", "|O"),
        claiming("(1,)", "<U1"),
        claiming("(1,)")[:20],
        packed(rows=np.array([{}], dtype=object)),
        packed(rows=np.zeros(10**8, np.uint8)),
        zipped(claiming("(1000000000000,)")),
        zipped(b"no array"),
        packed(rows=np.zeros(3))[:-30],
    ],
)  # fmt: skip
def test_what_is_none_or_claims_too_much_is_refused_and_takes_no_memory(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"."):
            (array_in if content.startswith(b"\x93") else arrays_in)(content)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "rows", [np.zeros(3), np.zeros((1, 2, 3)), np.zeros((2, 4)), np.full((2, 3), np.nan)]
)
def test_rows_are_finite_and_of_one_width(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rows"):
        rows_in({"rows": rows}, "rows", 3)
    with pytest.raises(ValueError, match="no array"):
        rows_in({}, "rows")


@pytest.mark.parametrize("value", [np.zeros(2), np.float64(-1), np.float64(np.nan)])
def test_a_number_is_one_and_in_its_range(value: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no closest"):
        number_in({"closest": np.asarray(value)}, "closest", 0, 1)
