"""NumPy's files from a stranger: numbers only, and no more of them than the file holds."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

MOST_ARRAYS = 1000
RATIO = 20
"""How often a file's size its arrays may take; packed heads take three times theirs."""
SMALL = 2**20  # bytes that any file's arrays may take
KINDS = "fiu"  # of numbers: floating, signed, unsigned

Array = npt.NDArray[Any]


def arrays_in(content: bytes, most: int | None = None) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file by their names.

    Args:
        content: The file's.
        most: Bytes that all of them may take; None for what such a file usually holds.

    Raises:
        ValueError: It isn't such a file, or claims more than it holds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_ARRAYS:
                raise ValueError(f"{len(members):,} arrays")
            usual = RATIO * len(content) + SMALL
            if sum(member.file_size for member in members) > (usual if most is None else most):
                raise ValueError("arrays that unpack to far more than the file")
            found = {}
            for member in members:
                with archive.open(member) as file:
                    found[member.filename.removesuffix(".npy")] = _array(file, member.file_size)
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"no archive of arrays ({type(error).__name__})") from None


def array_in(content: bytes) -> Array:
    """Return the array of an ``.npy`` file.

    Raises:
        ValueError: It isn't such a file, or claims more than it holds.
    """
    return _array(io.BytesIO(content), len(content))


def _array(file: IO[bytes], size: int) -> Array:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of NumPy's format")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, by_columns, kind = read(file)
    if kind.kind not in KINDS or any(side < 0 for side in shape):
        raise ValueError(f"an array of {kind}")
    claimed = math.prod(shape) * kind.itemsize
    if claimed > size:  # the header takes some bytes besides
        raise ValueError(f"an array that claims {claimed:,} bytes in {size:,}")
    values = file.read(claimed + 1)
    if len(values) != claimed:
        raise ValueError(f"an array of {len(values):,} bytes that claims {claimed:,}")
    order = shape[::-1] if by_columns else shape
    found = np.frombuffer(values, kind).reshape(order)
    return found.T if by_columns else found


def rows_in(arrays: dict[str, Array], name: str, width: int | None = None) -> Array:
    """Return an array of rows: two dimensions of finite numbers.

    Args:
        arrays: From ``arrays_in``.
        name: Which one.
        width: How long each row is; None for any length.

    Raises:
        ValueError: It isn't there, or is no such array.
    """
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"no array {name}")
    if found.ndim != 2 or (width is not None and found.shape[1] != width):
        wanted = "rows" if width is None else f"rows of {width}"
        raise ValueError(f"the array {name} of shape {found.shape} instead of {wanted}")
    if not np.isfinite(found).all():
        raise ValueError(f"numbers in {name} that aren't finite")
    return found


def number_in(arrays: dict[str, Array], name: str, low: float, high: float) -> float:
    """Return an array of one number, if it lies in a range.

    Raises:
        ValueError: It isn't there, is no number or outside.
    """
    found = arrays.get(name)
    if found is None or found.size != 1 or not low <= float(found.item()) <= high:
        raise ValueError(f"no {name} from {low:g} to {high:g}")
    return float(found.item())
