"""Hostile and odd files as bytes, made by code: every format, mode and orientation, all damage.

Each comes with what a program has to do about it: answer (``GOOD``), name it (``BAD``), or one of
the two (``EITHER``: it was damaged at random, and may or may not decode).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tests.support.heif_files import encoded_heic
from tests.support.newer_formats import newer_pictures, top_down
from tl_catdog.data.jpeg import MAX_SCANS

GOOD, BAD, EITHER = "good", "bad", "either"

SIDE = 64
ORIENTATION = 0x0112
SUFFIX = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}
SUFFIX |= {"TIFF": ".tif", "AVIF": ".avif", "JPEG2000": ".jp2"}

Colour = tuple[int, int, int]
Options = dict[str, object]


@dataclass(frozen=True)
class Made:
    """A file to be written.

    Attributes:
        name: Its name.
        data: Its bytes.
        verdict: ``GOOD``, ``BAD`` or ``EITHER``.
        coloured: Whether it shows the colour that it was made of.
    """

    name: str
    data: bytes
    verdict: str = GOOD
    coloured: bool = True


def scene(colour: Colour, seed: int = 0) -> Image.Image:
    """Return a noisy picture of one colour, with a dark corner that shows every turn and mirror."""
    noise = np.random.default_rng(seed).integers(-40, 40, (SIDE, SIDE, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    pixels[: SIDE // 4, : SIDE // 8] //= 4
    return Image.fromarray(pixels)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def see_through(picture: Image.Image, mode: str = "RGBA") -> Image.Image:
    """Return the picture with a lower right corner that fades away."""
    alpha = np.full((SIDE, SIDE), 255, np.uint8)
    alpha[-SIDE // 4 :, -SIDE // 4 :] = np.linspace(0, 255, SIDE // 4)
    layers = picture.convert(mode)
    layers.putalpha(Image.fromarray(alpha))
    return layers


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, bits: int, kind: int, *chunks: bytes, interlaced: int = 0
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def rows(values: np.ndarray) -> bytes:
    """Return pixels as the rows of a PNG, unfiltered."""
    return b"".join(b"\0" + row.tobytes() for row in values)


def sixteen_bit_colour(picture: Image.Image) -> bytes:
    values = (np.asarray(picture).astype(np.uint16) * 257).astype(">u2")
    return png(SIDE, SIDE, 16, 2, chunk(b"IDAT", zlib.compress(rows(values))))


def interlaced(picture: Image.Image) -> bytes:
    pixels = np.asarray(picture)
    passes = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2),
              (1, 2, 0, 1))  # fmt: skip
    parts = b"".join(rows(pixels[y::dy, x::dx]) for y, dy, x, dx in passes)
    return png(SIDE, SIDE, 8, 2, chunk(b"IDAT", zlib.compress(parts)), interlaced=1)


def odd_pictures(colour: Colour, seed: int = 0) -> Iterator[Made]:
    """Yield whole pictures in every format and every mode that each can hold."""
    picture = scene(colour, seed)
    others = [picture.rotate(90), picture.rotate(180)]
    several = {"save_all": True, "append_images": others}
    palette = picture.quantize(64)
    grey = picture.convert("L")
    # All 16 bits are used, and their lower half says something else than their upper one.
    deep = Image.fromarray((np.asarray(grey).astype(np.uint16) * 251 + 77).astype(np.uint16))
    for kind, suffix in SUFFIX.items():
        yield Made(f"{kind.lower()} plain{suffix}", encoded(picture, kind))
    jpegs: dict[str, Options] = {
        "best": {"quality": 100, "subsampling": 0},
        "worst": {"quality": 5},
        "422": {"quality": 90, "subsampling": 1},
        "progressive": {"quality": 90, "progressive": True},
        "optimised": {"quality": 90, "optimize": True},
        "restarts": {"quality": 90, "restart_marker_rows": 1},
        "rgb": {"quality": 90, "keep_rgb": True},
        "comment": {"quality": 90, "comment": b"\xff\xd9 no end"},
    }
    for name, options in jpegs.items():
        yield Made(f"jpeg {name}.jpg", encoded(picture, "JPEG", **options))
    whole = encoded(picture, "JPEG", quality=90)
    yield Made("jpeg with a tail.jpg", whole + b"\xff\xda tail \xff\xd9" * 300)
    yield Made("jpeg without JFIF.jpg", whole[:2] + whole[20:])
    yield Made("jpeg CMYK.jpg", encoded(picture.convert("CMYK"), "JPEG", quality=90))
    yield Made("jpeg YCbCr.jpg", encoded(picture.convert("YCbCr"), "JPEG", quality=90))
    yield Made("jpeg L.jpg", encoded(grey, "JPEG", quality=90), coloured=False)
    yield Made("jpeg MPO.jpg", encoded(picture, "MPO", quality=90, **several))
    yield Made("png RGBA.png", encoded(see_through(picture), "PNG"))
    yield Made("png P.png", encoded(palette, "PNG"))
    yield Made("png P 2 bits.png", encoded(picture.quantize(4), "PNG", bits=2))
    yield Made("png P transparent.png", encoded(palette, "PNG", transparency=3))
    fading = bytes(range(255, 127, -2))
    yield Made("png P fading.png", encoded(palette, "PNG", transparency=fading))
    holed = picture.copy()
    holed.paste((1, 2, 3), (0, SIDE // 2, SIDE // 4, SIDE))
    yield Made("png RGB transparent.png", encoded(holed, "PNG", transparency=(1, 2, 3)))
    yield Made("png 16 bits RGB.png", sixteen_bit_colour(picture))
    yield Made("png interlaced.png", interlaced(picture))
    yield Made("png animated.png", encoded(picture, "PNG", duration=9, **several))
    first = encoded(picture, "PNG", duration=9, default_image=True, **several)
    yield Made("png animated later.png", first)
    yield Made("png LA.png", encoded(see_through(picture, "L"), "PNG"), coloured=False)
    yield Made("png I;16.png", encoded(deep, "PNG"), coloured=False)
    yield Made("webp RGBA.webp", encoded(see_through(picture), "WEBP", quality=95))
    yield Made("webp lossless.webp", encoded(picture, "WEBP", lossless=True))
    yield Made("webp lossless RGBA.webp", encoded(see_through(picture), "WEBP", lossless=True))
    yield Made("webp animated.webp", encoded(picture, "WEBP", duration=9, lossless=True, **several))
    yield Made("webp L.webp", encoded(grey, "WEBP", quality=95), coloured=False)
    yield Made("bmp P.bmp", encoded(palette, "BMP"))
    yield Made("bmp top down.bmp", top_down(picture))
    yield Made("bmp RGBA.bmp", encoded(picture.convert("RGBA"), "BMP"))
    for name, data, coloured in newer_pictures(picture, see_through(picture), deep, others):
        yield Made(name, data, coloured=coloured)
    yield Made("gif P.gif", encoded(palette, "GIF"))
    yield Made("gif interlaced.gif", encoded(palette, "GIF", interlace=1))
    yield Made("gif not interlaced.gif", encoded(palette, "GIF", interlace=0))
    yield Made("gif transparent.gif", encoded(palette, "GIF", transparency=3))
    yield Made("gif animated.gif", encoded(palette, "GIF", duration=9, **several))
    for mode in ("1", "L"):
        converted = picture.convert(mode)
        for kind in ("PNG", "BMP", "GIF"):
            name = f"{kind.lower()} {mode}{SUFFIX[kind]}"
            yield Made(name, encoded(converted, kind), coloured=False)


def turned_pictures(colour: Colour, seed: int = 0) -> Iterator[Made]:
    """Yield pictures of each EXIF orientation in each format that has them."""
    picture = scene(colour, seed)
    kinds: dict[str, Options] = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}
    kinds |= {"TIFF": {}, "AVIF": {"quality": 95}}
    for kind, options in kinds.items():
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[ORIENTATION] = orientation
            data = encoded(picture, kind, exif=exif, **options)
            yield Made(f"{kind.lower()} turned {orientation}{SUFFIX[kind]}", data)


def broken_exif(colour: Colour, seed: int = 0) -> Iterator[Made]:
    """Yield JPEGs whose orientation is 6 and whose other metadata is broken."""
    picture = scene(colour, seed)
    turned = (ORIENTATION, 3, 1, struct.pack("<HH", 6, 0))
    for name, entry in {
        "negative": (0x0100, 9, 1, struct.pack("<i", -1)),
        "number for text": (0x9286, 11, 1, struct.pack("<f", 0.5)),
        "nothing over nothing": (0x011A, 5, 1, bytes(4)),
        "beyond the end": (0x010E, 2, 1000, struct.pack("<I", 9999)),
        "its own child": (0x8769, 4, 1, struct.pack("<I", 8)),
        "child nowhere": (0x8825, 4, 1, struct.pack("<I", 70_000)),
        "text for a child": (0xA005, 2, 4, b"ab\0\0"),
        "strip": (0x0111, 4, 1, struct.pack("<I", 2**32 - 1)),
        "unknown kind": (0x010F, 99, 1, bytes(4)),
    }.items():
        entries = b"".join(struct.pack("<HHI", *item[:3]) + item[3] for item in (turned, entry))
        body = b"II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
        data = encoded(picture, "JPEG", quality=95, exif=b"Exif\0\0" + body)
        yield Made(f"exif {name}.jpg", data)


def bodies(colour: Colour, seed: int = 0) -> dict[str, tuple[str, bytes]]:
    """Return files of each kind, with their suffixes, to be cut and to be damaged."""
    picture = scene(colour, seed)
    return {
        "jpeg": (".jpg", encoded(picture, "JPEG", quality=90)),
        "progressive": (".jpg", encoded(picture, "JPEG", quality=90, progressive=True)),
        "png": (".png", encoded(picture, "PNG")),
        "webp": (".webp", encoded(picture, "WEBP", quality=90)),
        "lossless": (".webp", encoded(picture, "WEBP", lossless=True)),
        "bmp": (".bmp", encoded(picture, "BMP")),
        "gif": (".gif", encoded(picture, "GIF")),
        "avif": (".avif", encoded(picture, "AVIF")),
        "heic": (".heic", encoded_heic(picture)),
    }


def cut_files(colour: Colour, seed: int = 0) -> Iterator[Made]:
    """Yield files cut at every 5 %; JPEGs also with an end marker, so that they look whole.

    Those not at 95 %: of so small a picture, only a part of its last block would be missing.
    """
    for kind, (suffix, data) in bodies(colour, seed).items():
        for percent in range(5, 100, 5):
            part = data[: len(data) * percent // 100]
            yield Made(f"cut {kind} {percent:02}{suffix}", part, BAD)
            if suffix == ".jpg" and percent < 95:
                yield Made(f"ended {kind} {percent:02}{suffix}", part + b"\xff\xd9", BAD)


def damaged_files(colour: Colour, seed: int = 0, each: int = 20) -> Iterator[Made]:
    """Yield files with one to four bytes changed at random."""
    random = np.random.default_rng(seed)
    for kind, (suffix, data) in bodies(colour, seed).items():
        for index in range(each):
            changed = bytearray(data)
            for place in random.integers(0, len(data), random.integers(1, 5)):
                changed[place] ^= int(random.integers(1, 256))
            yield Made(f"damaged {kind} {index:02}{suffix}", bytes(changed), EITHER)


def misnamed_pictures(colour: Colour, seed: int = 0) -> Iterator[Made]:
    """Yield pictures of each format named as each other one: their bytes say what they are."""
    picture = scene(colour, seed)
    for kind in SUFFIX:
        data = encoded(picture, kind)
        for other, suffix in SUFFIX.items():
            if other != kind:
                yield Made(f"{kind.lower()} named{suffix}", data)


def no_pictures(colour: Colour) -> Iterator[Made]:
    """Yield what isn't a picture, or of a format that isn't read, named as if it were."""
    picture = scene(colour)
    photoshop = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, SIDE, SIDE, 8, 3) + bytes(12)
    for name, data in {
        "empty.jpg": b"",
        "one byte.png": b"\x89",
        "text.jpg": b"This is no picture.\n" * 99,
        "page.png": b"<!DOCTYPE html><title>404</title><p>Not found</p>\n",
        "drawing.jpg": b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="9"/></svg>',
        "zeros.gif": bytes(5000),
        "noise.webp": np.random.default_rng(1).bytes(5000),
        "photoshop.jpg": photoshop,
        "icon.jpg": encoded(picture, "ICO"),
        "raw.jpg": b"II*\0" + struct.pack("<IHHHI4sI", 8, 1, 50706, 1, 4, b"\1\4\0\0", 0),
        "jpeg xl.jpg": b"\xff\x0a" + bytes(200),
        "film.jpg": b"\0\0\0\x14ftypisom" + bytes(200),
        "portable.png": encoded(picture, "PPM"),
        "pdf.jpg": encoded(picture, "PDF"),
        "postscript.jpg": encoded(picture, "EPS"),
        "zip.jpg": b"PK\x03\x04" + bytes(200),
        "only its head.gif": b"GIF89a" + bytes(7),
        "only its start.jpg": b"\xff\xd8\xff",
        "nothing inside.png": png(SIDE, SIDE, 8, 2),
        "no width.png": png(0, SIDE, 8, 2, chunk(b"IDAT", zlib.compress(b""))),
    }.items():
        yield Made(name, data, BAD)


def bombs(colour: Colour) -> Iterator[Made]:
    """Yield small files that would take enormous memory or time."""
    picture = scene(colour)
    body = chunk(b"IDAT", zlib.compress(rows(np.asarray(picture))))
    zeros = zlib.compress(bytes(100_000_000))
    yield Made("huge.png", png(50_000, 50_000, 8, 2, body), BAD)
    for kind, place, size in (
        ("JPEG", None, struct.pack(">HH", 65_500, 65_500)),
        ("GIF", 6, struct.pack("<HH", 65_535, 65_535)),
        ("BMP", 18, struct.pack("<ii", 50_000, 50_000)),
        ("WEBP", 26, struct.pack("<HH", 16_383, 16_383)),
    ):
        data = bytearray(encoded(picture, kind))
        at = place or data.index(b"\xff\xc0") + 5
        data[at : at + len(size)] = size
        yield Made(f"huge{SUFFIX[kind]}", bytes(data), BAD)
    for name, head in {"zTXt": b"c\0\0", "iTXt": b"c\0\1\0\0\0", "iCCP": b"c\0\0"}.items():
        item = chunk(name.encode(), head + zeros)
        yield Made(f"bomb {name}.png", png(SIDE, SIDE, 8, 2, item, body), BAD)
    yield Made("bomb pixels.png", png(SIDE, SIDE, 8, 2, chunk(b"IDAT", zeros)), EITHER)
    progressive = encoded(picture, "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    endless = progressive[:-2] + MAX_SCANS * last + progressive[-2:]
    yield Made("bomb scans.jpg", endless, BAD)


def contents(colour: Colour, seed: int) -> Iterator[Made]:
    """Yield all of the above; each file's name is there once."""
    yield from odd_pictures(colour, seed)
    yield from turned_pictures(colour, seed)
    yield from broken_exif(colour, seed)
    yield from cut_files(colour, seed)
    yield from damaged_files(colour, seed)
    yield from misnamed_pictures(colour, seed)
    yield from no_pictures(colour)
    yield from bombs(colour)
