"""Which copies are lost among many pictures: `python tools/measure_lost_copies.py ../shared/data`.

Changes every other photograph of all sets of a folder, in one way each, puts some of these pairs
among as many made-up pictures as are wanted (``measure_growth.py`` says how those are made), and
asks of each pair: is it a candidate by lists, from either side, in any window? And is it a copy,
once it is laid over its original? What is a copy and no candidate is lost; comparing all with all
would lose none of these but those crowded out by five likelier pictures.
"""

import argparse
import io
import random
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.copies import CHANGES
from tl_catdog.audit.candidates import LIKELY, WINDOW_PAIRS, WINDOWS, Floats, Traits, descriptors
from tl_catdog.audit.likeliest import Candidates
from tl_catdog.audit.lists import Lists
from tl_catdog.audit.near_duplicates import SAME, compared
from tl_catdog.audit.thumbnails import Thumbnails, colour_thumbnail, grey_thumbnail, to_grey
from tl_catdog.data.images import Pixels, opened

Change = Callable[[Image.Image, random.Random], Image.Image]
BLENDED, EVEN, BATCH = 3, 3.0, 4096


def cropped(part: float) -> Change:
    def change(picture: Image.Image, rng: random.Random) -> Image.Image:
        width, height = (int(side * (1 - part)) for side in picture.size)
        left = rng.randint(0, picture.width - width)
        top = rng.randint(0, picture.height - height)
        return picture.crop((left, top, left + width, top + height))

    return change


HARD: dict[str, Change] = {
    "cropped by a fifth": cropped(0.2),
    "cropped, mirrored": lambda picture, rng: ImageOps.mirror(cropped(0.1)(picture, rng)),
    "cropped, brighter": lambda picture, rng: CHANGES["brighter"](cropped(0.1)(picture, rng), rng),
    "captioned, smaller": lambda picture, rng: CHANGES["smaller"](
        CHANGES["captioned"](picture, rng), rng
    ),
    "cropped, captioned": lambda picture, rng: CHANGES["captioned"](
        cropped(0.07)(picture, rng), rng
    ),
    "recoloured": lambda picture, rng: ImageEnhance.Contrast(
        ImageEnhance.Color(picture).enhance(1.6)
    ).enhance(1.5),
    "grey": lambda picture, rng: picture.convert("L").convert("RGB"),
    "turned by 2 degrees": lambda picture, rng: cropped(0.04)(
        picture.rotate(2, resample=Image.Resampling.BICUBIC), rng
    ),
}
KINDS = {"plain": CHANGES, "hard": HARD}


@dataclass(frozen=True)
class Bytes:
    data: bytes

    def read(self) -> bytes:
        return self.data


@dataclass(frozen=True)
class Small:
    grey: Pixels
    side: int
    colours: Pixels | None


def small(data: bytes) -> Small:
    with opened(data) as picture:
        return Small(
            grey_thumbnail(to_grey(picture)), min(picture.size), colour_thumbnail(Bytes(data))
        )


def prepared(job: tuple[Path, str, str | None, int]) -> list[Small]:
    path, kind, change, seed = job
    data = path.read_bytes()
    if change is None:
        return [small(data)]
    with Image.open(io.BytesIO(data)) as picture:
        changed = KINDS[kind][change](picture.convert("RGB"), random.Random(seed))
    out = io.BytesIO()
    changed.save(out, "JPEG", quality=60 if change == "re-encoded" else 75)
    return [small(data), small(out.getvalue())]


class Among:
    """Pairs of pictures among blends of all of them, in random order."""

    def __init__(self, windows: list[Floats], real: npt.NDArray[np.int64], count: int) -> None:
        rng = np.random.default_rng(0)
        self.windows, self.count = windows, count
        self.places = rng.permutation(count)[: len(real)]
        self.parents = rng.integers(0, len(windows[0]), (count, BLENDED))
        self.weights = rng.dirichlet(np.full(BLENDED, EVEN), count).astype(np.float32)
        signs = np.array([-1, 1], np.float32)
        self.weights *= rng.choice(signs, self.weights.shape)
        self.mirrored = rng.choice(signs, self.weights.shape)
        self.parents[self.places] = real[:, None]
        self.weights[self.places] = np.array([1.0, 0.0, 0.0], np.float32)
        self.mirrored[self.places] = 1.0

    def of(self, window: int) -> Floats:
        base = self.windows[window]
        half = base.shape[1] // 2
        found = np.zeros((self.count, base.shape[1]), np.float32)
        for start in range(0, self.count, BATCH):
            some = slice(start, start + BATCH)
            for blended in range(BLENDED):
                part = self.weights[some, blended, None] * base[self.parents[some, blended]]
                part[:, half:] *= self.mirrored[some, blended, None]
                found[some] += part
            lengths = np.linalg.norm(found[some], axis=1, keepdims=True)
            found[some] /= np.maximum(lengths, 1e-6)
        return found


def asked(among: Among) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return for each pair of windows and each end of each pair of pictures, (W, 2 P): the cosine
    to the other end, whether lists have it compared, and whether one is mirrored."""
    own, copy = among.places[0::2], among.places[1::2]
    ends, others = np.concatenate([copy, own]), np.concatenate([own, copy])
    whole = among.of(0)[ends]
    shape = len(WINDOW_PAIRS), len(ends)
    cosines, told, turned = (
        np.zeros(shape, np.float32),
        np.zeros(shape, bool),
        np.zeros(shape, bool),
    )
    for window in range(len(WINDOWS)):
        theirs = among.of(window)
        traits = Traits.of(theirs)
        for start in range(0, len(theirs), BATCH):
            theirs[start : start + BATCH] = traits.without(theirs[start : start + BATCH])
        lists = Lists(theirs)
        number = np.empty(among.count, np.int64)
        number[lists.members] = np.repeat(np.arange(len(lists._ends) - 1), np.diff(lists._ends))
        for pair, (left, right) in enumerate(WINDOW_PAIRS):
            if right != window:
                continue
            queries = theirs[ends] if left == right else traits.without(whole)
            half = queries.shape[1] // 2
            odd = np.vecdot(queries[:, half:], theirs[others][:, half:])
            cosines[pair] = np.vecdot(queries[:, :half], theirs[others][:, :half]) + np.abs(odd)
            turned[pair] = odd < 0
            rows, near = lists._near(queries)
            told[pair, rows[near == number[others][rows]]] = True
    return cosines, told, turned


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, nargs="+", default=[100_000])
    parser.add_argument("--changes", choices=KINDS, default="plain")
    parser.add_argument("--pairs", type=int, default=4000)
    options = parser.parse_args()
    changes = list(KINDS[options.changes])
    paths = sorted(path for path in options.data.glob("*/**/*") if path.suffix in (".jpg", ".jpeg"))
    jobs = [
        (path, options.changes, None if n % 2 else changes[n // 2 % len(changes)], n)
        for n, path in enumerate(paths)
    ]
    pictures: list[Small] = []
    pairs, kinds = [], []
    with ProcessPoolExecutor() as pool:
        for job, made in zip(jobs, pool.map(prepared, jobs, chunksize=32), strict=True):
            if job[2] is not None:
                pairs.append((len(pictures), len(pictures) + 1))
                kinds.append(job[2])
            pictures += made
    grey = np.stack([picture.grey for picture in pictures])
    windows = [
        np.concatenate(
            [descriptors(grey[s : s + 256].astype(np.float32), w) for s in range(0, len(grey), 256)]
        )
        for w in range(len(WINDOWS))
    ]
    for count in options.pictures:
        few = np.random.default_rng(5).permutation(len(pairs))[: min(options.pairs, count // 4)]
        some = np.array(pairs)[few]
        measure(count, pictures, some, np.array(kinds)[few], windows)


def measure(
    count: int,
    pictures: list[Small],
    pairs: npt.NDArray[np.int64],
    kinds: npt.NDArray[np.str_],
    windows: list[Floats],
) -> None:
    cosines, told, turned = asked(Among(windows, pairs.ravel(), count))
    likely = np.asarray(cosines >= LIKELY)
    half = len(pairs)
    best = cosines.argmax(0)
    ends = np.arange(half) + half * (cosines.max(0)[half:] > cosines.max(0)[:half])
    from_copy = ends < half
    first = np.where(from_copy, pairs[:, 1], pairs[:, 0])
    second = np.where(from_copy, pairs[:, 0], pairs[:, 1])
    asked_for = np.flatnonzero(likely[:, :half].any(0) | likely[:, half:].any(0))
    found = Candidates(first, second, cosines.max(0)[ends], best[ends], turned[best[ends], ends])
    thumbnails = Thumbnails(len(pictures))
    for position, picture in enumerate(pictures):
        thumbnails.write(position, picture.grey, picture.side)
    copies = {
        (pair.first, pair.second)
        for start in range(0, len(asked_for), 32)
        for pair in compared(
            thumbnails, np.arange(len(pictures)), found, asked_for[start : start + 32],
            lambda position: pictures[position].colours,
        )
        if pair.score >= SAME
    }  # fmt: skip
    copy = np.array([(int(one), int(other)) in copies for one, other in pairs])
    both = told & likely
    known = both[:, :half].any(0) | both[:, half:].any(0)
    print(f"{count:,} pictures: {(copy & known).sum()} of {copy.sum()} copies are candidates")
    for kind in np.unique(kinds):
        these = copy & (kinds == kind)
        print(f"    {kind}: {(these & known).sum()} of {these.sum()}", flush=True)


if __name__ == "__main__":
    main()
