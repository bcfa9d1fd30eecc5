"""Trees of tiny pictures, written as lists of folders and files."""

from __future__ import annotations

import functools
import io
from pathlib import Path

from PIL import Image


@functools.cache
def picture(number: int) -> bytes:
    """Return a PNG file; each number gives another."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (number % 256, number // 256 % 256, 90)).save(out, "PNG")
    return out.getvalue()


def plant(root: Path, *places: str) -> Path:
    """Make folders with pictures in them, and files.

    ``cats/ 3`` is a folder with three pictures, ``docs/`` one with none, ``a/b.txt`` a file; one
    that is named like a picture is one.
    """
    number = sum(1 for _ in root.rglob("*")) if root.exists() else 0
    root.mkdir(parents=True, exist_ok=True)
    for place in places:
        name, _, count = place.rpartition(" ") if place[-1].isdecimal() else (place, "", "0")
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            for _ in range(int(count)):
                number += 1
                (path / f"{number:04}.png").write_bytes(picture(number))
        else:
            number += 1
            path.parent.mkdir(parents=True, exist_ok=True)
            named = path.suffix.lower() in (".png", ".jpg")
            path.write_bytes(picture(number) if named else b"text")
    return root
