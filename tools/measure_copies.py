"""How well near-copies are found: `python tools/measure_copies.py ../shared/data/dogs-vs-cats`.

Takes some training photographs, changes each in every way of tests/copies.py, adds the copies to
all photographs, and compares each with all. Prints recall for every change, and precision: the part
of the pairs between a copy and a picture that are a copy and its own original. Instead of a folder,
a kind of tests/support/look_alikes.py may be named: drawn pictures that look alike, such as `form`.
With --hash it does the same with the perceptual hash of the package imagehash, which must be
installed.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.copies import CHANGES, near_copy
from tests.support.look_alikes import KINDS, look_alikes
from tl_catdog.audit.near_duplicates import near_copies
from tl_catdog.audit.thumbnails import Thumbnails, colour_thumbnail, grey_thumbnail, to_grey
from tl_catdog.data.images import opened


def by_blocks(contents: list[bytes]) -> set[tuple[int, int]]:
    """Return the pairs that tl-catdog finds."""
    thumbnails = Thumbnails(len(contents))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(position) for position in range(len(contents))]
        for position, data in enumerate(contents):
            paths[position].write_bytes(data)
            with opened(data) as picture:
                grey = to_grey(picture)
                thumbnails.write(position, grey_thumbnail(grey), min(grey.size))
        found = near_copies(
            thumbnails, range(len(contents)), lambda position: colour_thumbnail(paths[position])
        )
    return {(pair.first, pair.second) for pair in found.copies}


def by_hash(limit: int) -> Callable[[list[bytes]], set[tuple[int, int]]]:
    """Return a function that finds pairs whose perceptual hashes differ in so many bits at most."""
    import imagehash

    def pairs(contents: list[bytes]) -> set[tuple[int, int]]:
        hashes = [imagehash.phash(Image.open(io.BytesIO(data))).hash.ravel() for data in contents]
        bits = np.array(hashes)
        found = set()
        for first, one in enumerate(bits):
            near = np.flatnonzero((bits[first + 1 :] != one).sum(1) <= limit)
            found |= {(first, first + 1 + int(other)) for other in near}
        return found

    return pairs


def read(data: Path) -> tuple[list[Path], list[bytes]]:
    """Return the names and bytes of a folder's pictures, or of drawn ones."""
    if str(data) not in KINDS:
        paths = sorted(path for path in data.glob("*/*/*") if path.suffix in (".jpg", ".jpeg"))
        return paths, [path.read_bytes() for path in paths]
    contents = []
    for picture in look_alikes(str(data), 240):
        out = io.BytesIO()
        picture.save(out, "PNG")
        contents.append(out.getvalue())
    return [Path("train") / data / f"{number}.png" for number in range(240)], contents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help=f"a folder, or one of {', '.join(KINDS)}")
    parser.add_argument("--originals", type=int, default=200)
    parser.add_argument("--hash", type=int, metavar="BITS", help="most bits that may differ")
    options = parser.parse_args()
    find = by_blocks if options.hash is None else by_hash(options.hash)
    paths, contents = read(options.data)
    training = [place for place, path in enumerate(paths) if path.parts[-3] == "train"]
    originals = training[:: max(1, len(training) // options.originals)][: options.originals]
    before = find(contents)
    print(f"{len(paths)} pictures have {len(before)} pairs of their own: ", end="")
    print([f"{paths[one].name} = {paths[other].name}" for one, other in sorted(before)])
    for change in CHANGES:
        planted = [
            near_copy(contents[place], change, seed=number)
            for number, place in enumerate(originals)
        ]
        began = time.process_time()
        found = find([*contents, *planted]) - before
        seconds = time.process_time() - began
        true = {(place, len(paths) + number) for number, place in enumerate(originals)}
        right = len(found & true)
        print(
            f"{change:12} recall {right / len(true):.3f} precision {right / max(len(found), 1):.3f}"
            f" ({len(found)} pairs, {seconds:.1f} s of processor time)"
        )


if __name__ == "__main__":
    main()
