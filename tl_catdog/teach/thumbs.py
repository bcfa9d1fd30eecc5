"""Small pictures to show, decoded as ``serve`` decodes: what takes long in processes of its own."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from pathlib import Path

from PIL import Image

from tl_catdog.data.formats import AVIF, GIF, HEAD, JPEG, PNG, WEBP, format_of
from tl_catdog.data.images import MAX_PIXELS, Pixels
from tl_catdog.data.reading import read_file
from tl_catdog.errors import ImageError
from tl_catdog.serve.apart import Apart
from tl_catdog.serve.preview import LONGER, decode_for
from tl_catdog.serve.weight import weigh

SIZES = (112, 224, LONGER)
"""Pixels of the longer side at most: in a list, in a grid, and alone."""

KEPT = 32 * 2**20  # bytes of small pictures in memory: some 4,000 of a grid
QUALITY = 80
LEAST = {112: 32, 224: 64, LONGER: 112}
"""Pixels of the square that is decoded besides, and not used: a JPEG is decoded at the part of its
size that is enough for it (``images.least_side``)."""

SHOWN = {
    JPEG: "image/jpeg",
    PNG: "image/png",
    WEBP: "image/webp",
    GIF: "image/gif",
    AVIF: "image/avif",
}
"""What browsers show as it is."""


class Thumbs:
    """Makes small pictures and keeps the last ones; used by several threads.

    Args:
        max_pixels: Larger pictures are refused by their header; by default those that are learned
            from are shown.
        kept: Bytes in memory.
    """

    def __init__(self, max_pixels: int = MAX_PIXELS, kept: int = KEPT) -> None:
        self._max_pixels, self._most = max_pixels, kept
        self._apart = Apart(max_pixels)
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        """Return the bytes that are kept."""
        return self._bytes

    def small(self, path: Path, sha256: str, size: int) -> bytes:
        """Return a picture as a JPEG, upright.

        Args:
            path: Its file.
            sha256: Of its content, by which it is kept.
            size: One of ``SIZES``.

        Raises:
            ImageError: It can't be read.
        """
        return self._known(sha256, size) or self._small(read(path), sha256, size)

    def quick(self, path: Path, sha256: str, size: int) -> bytes | None:
        """Return what ``small`` does, or None where that would take long."""
        if found := self._known(sha256, size):
            return found
        data = read(path)
        return None if self.is_slow(data) else self._small(data, sha256, size)

    def is_slow(self, data: bytes) -> bool:
        """Return whether an encoded picture takes long, by its header; it is decoded apart."""
        return weigh(data, self._max_pixels).heavy

    def _known(self, sha256: str, size: int) -> bytes | None:
        key = (sha256, size)
        with self._lock:
            if found := self._made.get(key):
                self._made.move_to_end(key)
            return found

    def _small(self, data: bytes, sha256: str, size: int) -> bytes:
        made = self.of(data, size)
        if size < LONGER:
            made = shrunk(made, size)
        if sha256:
            self._keep((sha256, size), made)
        return made

    def of(self, data: bytes, size: int = LONGER) -> bytes:
        """Return an encoded picture as a JPEG, upright, its longer side ``LONGER`` at most.

        Raises:
            ImageError: It can't be read.
        """
        _, made = self.pixels(data, LEAST[size])
        if not made:
            raise ImageError("the file is empty")
        return made

    def pixels(self, data: bytes, size: int) -> tuple[Pixels, bytes]:
        """Return a picture's (S, S, 3) pixels as the network gets them, and it as a JPEG.

        Raises:
            ImageError: It can't be read.
        """
        if self.is_slow(data):
            found, made = self._apart.decode(data, size, preview=True)
        else:
            found, made = decode_for(data, size, self._max_pixels, preview=True)
        if isinstance(found, ImageError):
            raise found
        return found, made or b""

    def close(self) -> None:
        """End the processes."""
        self._apart.close()

    def _keep(self, key: tuple[str, int], made: bytes) -> None:
        with self._lock:
            if key in self._made:
                return
            self._made[key] = made
            self._bytes += len(made)
            while self._bytes > self._most:
                _, old = self._made.popitem(last=False)
                self._bytes -= len(old)


def read(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        ImageError: It can't be read.
    """
    try:
        return read_file(path)
    except (OSError, ValueError) as error:
        raise ImageError(f"can't be read ({getattr(error, 'strerror', None) or error})") from error


def shrunk(made: bytes, size: int) -> bytes:
    """Return a JPEG of our own with its longer side at most so many pixels."""
    with Image.open(io.BytesIO(made), formats=("JPEG",)) as image:
        image.draft(None, (size, size))
        image.thumbnail((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def kind_of(data: bytes) -> str | None:
    """Return the media type of a file that browsers show as it is, by its content, or None."""
    return SHOWN.get(format_of(data[:HEAD]) or "")
