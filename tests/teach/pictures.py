"""Tiny pictures of any number, each unlike the others, and what a folder holds of them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int) -> bytes:
    """Return the bytes of a picture of noise."""
    pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def put(path: Path, number: int) -> Path:
    """Write a picture to a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(number))
    return path


def there(root: Path) -> dict[str, str]:
    """Return the hash of each file below a folder, but for the journal and what it knows."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.parent != root / ".teach"
    }
