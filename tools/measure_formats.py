"""Measures what decoding takes of each format and mode: memory a pixel, seconds a million of them.

Each picture is decoded by a process of its own, on one core. Of each process, memory is what it
takes at its peak beyond what it had before, the file's bytes left out. Pictures are noise, coarse
enough for their files to stay small.

    .venv/bin/python tools/measure_formats.py [--megapixels 16] [--package DIR] [NAME ...]

``--package`` is a folder that holds another version's ``tl_catdog``, to compare with.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.heif_files import encoded_heic

CHILD = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from tl_catdog.data.images import try_decode
data = open(sys.argv[2], "rb").read()
warm = open(sys.argv[3], "rb").read()
try_decode(warm, 224)
def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
open("/proc/self/clear_refs", "w").write("5")
before, start = peak(), time.process_time()
found = try_decode(data, 224)
taken = peak() - before, time.process_time() - start
print(json.dumps([*taken, str(getattr(found, "message", ""))]))
"""


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def makers(side: int) -> dict[str, Callable[[], bytes]]:
    """Return what makes each file, by its name."""
    noise = np.random.default_rng(0).integers(0, 256, (side // 8, side // 8, 4)).astype(np.uint8)
    rgba = Image.fromarray(noise).resize((side, side), Image.Resampling.NEAREST)
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    palette = rgb.quantize(64)
    values = np.asarray(grey).astype(np.uint16) * 257
    deep, floats = Image.fromarray(values), Image.fromarray(values.astype(np.float32) / 65535)
    fast: dict[str, object] = {"compress_level": 1}
    return {
        "PNG RGB": lambda: encoded(rgb, "PNG", **fast),
        "PNG RGBA": lambda: encoded(rgba, "PNG", **fast),
        "PNG L": lambda: encoded(grey, "PNG", **fast),
        "PNG LA": lambda: encoded(rgba.convert("LA"), "PNG", **fast),
        "PNG P": lambda: encoded(palette, "PNG", **fast),
        "PNG P, transparent": lambda: encoded(palette, "PNG", transparency=bytes(64), **fast),
        "PNG 16 bits": lambda: encoded(deep, "PNG", **fast),
        "PNG 1 bit": lambda: encoded(grey.convert("1"), "PNG", **fast),
        "JPEG": lambda: encoded(rgb, "JPEG"),
        "JPEG progressive": lambda: encoded(rgb, "JPEG", progressive=True),
        "JPEG CMYK": lambda: encoded(rgb.convert("CMYK"), "JPEG"),
        "WebP": lambda: encoded(rgb, "WEBP", method=0),
        "WebP RGBA": lambda: encoded(rgba, "WEBP", method=0),
        "GIF": lambda: encoded(palette, "GIF"),
        "BMP": lambda: encoded(rgb, "BMP"),
        "TIFF": lambda: encoded(rgb, "TIFF"),
        "TIFF LZW": lambda: encoded(rgb, "TIFF", compression="tiff_lzw"),
        "TIFF RGBA": lambda: encoded(rgba, "TIFF", compression="tiff_lzw"),
        "TIFF CMYK": lambda: encoded(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "TIFF 16 bits": lambda: encoded(deep, "TIFF", compression="tiff_lzw"),
        "TIFF floats": lambda: encoded(floats, "TIFF", compression="tiff_lzw"),
        "AVIF": lambda: encoded(rgb, "AVIF", speed=10, quality=50),
        "AVIF RGBA": lambda: encoded(rgba, "AVIF", speed=10, quality=50),
        "HEIC": lambda: encoded_heic(rgb, quality=50),
        "HEIC RGBA": lambda: encoded_heic(rgba, quality=50),
        "JPEG 2000": lambda: encoded(rgb, "JPEG2000", irreversible=True, quality_layers=[40]),
        "JPEG 2000 in one": lambda: encoded(rgb, "JPEG2000", num_resolutions=1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--megapixels", type=float, default=16)
    parser.add_argument("--package", default=str(Path(__file__).parents[1]))
    given = parser.parse_args()
    side = int((given.megapixels * 1e6) ** 0.5) // 8 * 8
    small = makers(64)
    print(f"{'':20} {'file, MB':>9} {'bytes a pixel':>14} {'s a million':>12}")
    for name, make in makers(side).items():
        if given.names and name not in given.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            place, warm = Path(folder, "picture"), Path(folder, "small")
            place.write_bytes(make())
            warm.write_bytes(small[name]())
            done = subprocess.run(
                [sys.executable, "-c", CHILD, given.package, place, warm],
                capture_output=True, text=True, check=True, cwd=folder,
            )  # fmt: skip
            kilobytes, seconds, message = json.loads(done.stdout.splitlines()[-1])
            size = place.stat().st_size / 1e6
            pixels = side * side
            bytes_each, seconds_each = 1024 * kilobytes / pixels, 1e6 * seconds / pixels
            row = f"{name:20} {size:9.1f} {bytes_each:14.1f} {seconds_each:12.3f} {message}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
