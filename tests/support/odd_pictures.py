"""Pictures that are told apart by how they are stored: each a trap for whoever prepares them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

ORIENTATION = 274


def scene(width: int = 90, height: int = 60, seed: int = 0) -> Image.Image:
    """Return a picture of edges, ramps and noise, unlike itself upside down or mirrored."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / width
    green = 255 * y / height
    blue = 255 * ((x // 7 + y // 5) % 2)
    values = np.stack([red, green, blue], axis=2) + rng.normal(0, 20, (height, width, 3))
    values[: height // 3, : width // 4] = (250, 20, 20)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def odd_pictures(folder: Path) -> dict[str, Path]:
    """Write them into a folder, and return their files by what is odd in them."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = scene()
    ramp = np.linspace(0, 255, plain.width).astype(np.uint8)
    alpha = Image.fromarray(np.repeat(ramp[None], plain.height, axis=0))
    clear = plain.copy()
    clear.putalpha(alpha)
    grey16 = (np.asarray(plain.convert("L"), np.uint32) * 257).astype(np.uint16)
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    palette = plain.quantize(32)
    grey_alpha = Image.merge("LA", (plain.convert("L"), alpha))
    found = {}

    def save(name: str, image: Image.Image, **options: object) -> None:
        found[name] = folder / name
        image.save(folder / name, **options)  # type: ignore[arg-type]

    save("plain.png", plain)
    save("transparent.png", clear)
    save("palette.png", palette)
    save("palette_transparent.png", palette, transparency=palette.getpixel((0, 0)))
    save("grey_alpha.png", grey_alpha)
    save("grey.jpg", plain.convert("L"), quality=95)
    save("grey_16_bits.png", Image.fromarray(grey16))
    save("cmyk.jpg", plain.convert("CMYK"), quality=95)
    save("turned.jpg", plain, quality=95, exif=turned)
    save("turned.png", plain, exif=turned)
    save("large.jpg", scene(2000, 1500), quality=90)
    save("picture.tiff", plain)
    save("turned.tiff", plain, exif=turned)
    save("photo.avif", plain, quality=95)
    save("two_frames.gif", plain.quantize(64), save_all=True, append_images=[scene(seed=1)])
    save("one_bit.png", plain.convert("1"))
    save("transparent.webp", clear, lossless=True)
    return found


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """Return a picture's file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
