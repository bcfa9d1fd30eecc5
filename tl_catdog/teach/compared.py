"""Which pictures of a folder were compared with each other, kept from one start to the next.

``.teach/compared.npz``, 3 KB a picture of the folder: as much as it takes to compare new pictures
with these without decoding all of them again. It may be missing, or be another's: then pictures
are compared anew.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tl_catdog.audit.candidates import FREQUENCIES, WINDOWS, Floats
from tl_catdog.audit.near_duplicates import Pair
from tl_catdog.data.npz import arrays_in, rows_in
from tl_catdog.features.backbone import decoder_key
from tl_catdog.files import atomic_path
from tl_catdog.teach.steps import OWN

PLACE = f"{OWN}/compared.npz"
VERSION = 1  # to be raised when pictures are compared otherwise
MOST = 2**31  # bytes of the file that are read: of half a million pictures
WIDTH = FREQUENCIES * FREQUENCIES


@dataclass(frozen=True)
class Compared:
    """What is known of pictures that were compared.

    Attributes:
        digests: Their SHA-256, N.
        windows: Low frequencies of their windows, (len(WINDOWS), N, WIDTH).
        pairs: Those of them that are near-copies, or nearly.
    """

    digests: Sequence[str]
    windows: Floats
    pairs: Sequence[Pair]

    def write(self, root: Path) -> None:
        """Write it into a folder's ``.teach``; nothing happens where that can't be done."""
        if not (root / OWN).is_dir():  # the folder was deleted, and isn't to come back
            return
        hexes = "".join(self.digests)
        pairs = [(pair.first, pair.second, pair.score, pair.mirrored) for pair in self.pairs]
        place = root / PLACE
        with suppress(OSError), atomic_path(place, follow=False) as aside, aside.open("wb") as file:
            np.savez(
                file,
                allow_pickle=False,
                made=_made(),
                digests=np.frombuffer(bytes.fromhex(hexes), np.uint8).reshape(-1, 32),
                windows=self.windows.reshape(-1, WIDTH),
                pairs=np.array(pairs, np.float64).reshape(-1, 4),
            )


def read(root: Path) -> Compared | None:
    """Return what a folder's ``.teach`` has of it; None where it has nothing of use."""
    path = root / PLACE
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MOST:
            return None
        return _checked(path.read_bytes())
    except (OSError, ValueError, MemoryError):
        return None


def _checked(content: bytes) -> Compared | None:
    """Return what a file holds, or None of another version.

    Raises:
        ValueError: It is no such file.
    """
    arrays = arrays_in(content)
    made, digests = arrays.get("made"), rows_in(arrays, "digests", 32)
    if made is None or made.tobytes() != _made().tobytes() or digests.dtype != np.uint8:
        return None
    count = len(digests)
    windows = rows_in(arrays, "windows", WIDTH)
    if windows.dtype != np.float32 or len(windows) != len(WINDOWS) * count:
        raise ValueError("windows of other pictures")
    names = [row.tobytes().hex() for row in digests]
    if len(set(names)) != count:
        raise ValueError("a picture twice")
    rows = rows_in(arrays, "pairs", 4)
    ends = rows[:, :2]
    whole = (ends == np.floor(ends)).all() and (ends >= 0).all() and (ends < count).all()
    if not whole or not (ends[:, 0] < ends[:, 1]).all() or not (abs(rows[:, 2]) <= 1).all():
        raise ValueError("pairs of other pictures")
    pairs = [Pair(int(one), int(other), float(s), bool(m)) for one, other, s, m in rows.tolist()]
    return Compared(names, windows.reshape(len(WINDOWS), count, WIDTH), pairs)


def _made() -> npt.NDArray[np.uint8]:
    """Return what stands for how pictures are compared, (32,)."""
    text = f"{VERSION} {WINDOWS} {FREQUENCIES} {decoder_key()}"
    return np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint8)
