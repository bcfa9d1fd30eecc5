"""How the search for copies grows: `python tools/measure_growth.py ../shared/data`.

Takes the photographs of all sets of a folder, 40 of each changed in every way of
tests/support/copies.py, and makes up as many other pictures as are wanted: blends of three of them,
by their descriptors. Prints the time and the memory of finding candidates, and how many of them are
found that comparing with all would find. With --alike it makes up pictures that are nearly
the same (frames of a film) or that are the same (pages).
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.copies import CHANGES, near_copy
from tl_catdog.audit import candidates as searching
from tl_catdog.audit.candidates import WINDOW_PAIRS, WINDOWS, Floats, Traits, candidates
from tl_catdog.audit.lists import alike
from tl_catdog.audit.thumbnails import grey_thumbnail, to_grey
from tl_catdog.data.images import opened

BLENDED, EVEN = 3, 3.0
"""So many pictures are blended, by weights of a Dirichlet distribution of this parameter: the
likeliest of a made-up picture is then as alike as that of a real one among as many."""

BATCH = 4096


class MadeUp:
    """Descriptors of real pictures among blends of them, in random order.

    Args:
        thumbnails: Of real pictures, (R, SIDE, SIDE).
        count: How many pictures there are to be.
        likeness: How much of each blend is the first picture's.
    """

    def __init__(self, thumbnails: npt.NDArray[np.uint8], count: int, likeness: float) -> None:
        rng = np.random.default_rng(0)
        self.count = count
        self.places = rng.permutation(count)[: len(thumbnails)]
        self._windows = [
            np.concatenate(
                [
                    searching.descriptors(
                        thumbnails[start : start + 256].astype(np.float32), window
                    )
                    for start in range(0, len(thumbnails), 256)
                ]
            )
            for window in range(len(WINDOWS))
        ]
        self._parents = rng.integers(0, len(thumbnails), (count, BLENDED)).astype(np.int32)
        self._weights = rng.dirichlet(np.full(BLENDED, EVEN), count).astype(np.float32)
        if likeness:
            self._parents[:, 0] = 0
            self._weights *= np.float32(1 - likeness)
            self._weights[:, 0] += np.float32(likeness)
        self._weights *= rng.choice(np.array([-1, 1], np.float32), self._weights.shape)
        # Mirrored or not, and upside down or not.
        self._mirrored = rng.choice(np.array([-1, 1], np.float32), (count, BLENDED))
        if likeness:
            self._weights, self._mirrored[:, 0] = np.abs(self._weights), 1.0
        else:
            self._parents[self.places] = np.arange(len(self.places))[:, None]
            self._weights[self.places] = np.array([1.0, 0.0, 0.0], np.float32)
            self._mirrored[self.places] = 1.0

    def of(self, window: int) -> Floats:
        base = self._windows[window]
        half = base.shape[1] // 2
        found = np.zeros((self.count, base.shape[1]), np.float32)
        for start in range(0, self.count, BATCH):
            some = slice(start, start + BATCH)
            for blended in range(BLENDED):
                part = self._weights[some, blended, None] * base[self._parents[some, blended]]
                part[:, half:] *= self._mirrored[some, blended, None]
                found[some] += part
            length = np.linalg.norm(found[some], axis=1, keepdims=True)
            found[some] /= np.maximum(length, 1e-6)
        return found


def exhaustive(
    pictures: MadeUp, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the likeliest pictures of some, by comparing with all, and their cosines."""
    best = np.full((len(rows), pictures.count), -1, np.float32)
    whole = pictures.of(0)[rows]
    for window in range(len(WINDOWS)):
        theirs = pictures.of(window)
        traits = Traits.of(theirs)
        theirs = np.concatenate(
            [traits.without(theirs[s : s + BATCH]) for s in range(0, len(theirs), BATCH)]
        )
        for own, other in WINDOW_PAIRS:
            if other == window:
                queries = theirs[rows] if own == other else traits.without(whole)
                np.maximum(best, alike(queries, theirs), out=best)
    best[np.arange(len(rows)), rows] = -1
    top = np.argpartition(-best, searching.CANDIDATES, axis=1)[:, : searching.CANDIDATES]
    return top, np.take_along_axis(best, top, 1)


def real(data: Path) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Return the bytes of all pictures and of changed ones, and which of them are a pair."""
    contents: list[bytes] = []
    pairs: list[tuple[int, int]] = []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        paths = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".jpeg"))
        own = [path.read_bytes() for path in paths]
        step = max(1, len(own) // 40)
        first = len(contents)
        contents += own
        for number, place in enumerate(range(0, len(own), step)[:40]):
            for change in CHANGES:
                pairs.append((first + place, len(contents)))
                contents.append(near_copy(own[place], change, seed=number))
    return contents, pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, nargs="+", default=[10_000])
    parser.add_argument("--alike", type=float, default=0.0, help="1 for the same, .99 for frames")
    parser.add_argument("--sample", type=int, default=500, help="pictures compared with all")
    parser.add_argument("--kept", type=Path, help="file that keeps the thumbnails")
    options = parser.parse_args()
    if options.kept and options.kept.exists():
        kept = np.load(options.kept)
        thumbnails, pairs = kept["thumbnails"], kept["pairs"]
    else:
        contents, listed = real(options.data)
        small = []
        for data in contents:
            with opened(data) as picture:
                small.append(grey_thumbnail(to_grey(picture)))
        thumbnails, pairs = np.stack(small), np.array(listed)
        if options.kept:
            np.savez(options.kept, thumbnails=thumbnails, pairs=pairs)
    with threadpool_limits(1, "blas"):
        for count in options.pictures:
            measure(MadeUp(thumbnails[:count], count, options.alike), pairs, options)


def measure(pictures: MadeUp, pairs: npt.NDArray[np.int64], options: argparse.Namespace) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, wall = time.process_time(), time.perf_counter()
    found = candidates(pictures)
    seconds = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{pictures.count:9,} pictures {seconds:7.1f} s of processor time "
        f"({1e6 * seconds / pictures.count:.0f} µs each), {time.perf_counter() - wall:.1f} s, "
        f"{memory * 1024 / pictures.count:.0f} bytes a picture, "
        f"{len(found.first) / pictures.count:.2f} candidates each",
        flush=True,
    )
    if not options.sample:
        return
    known = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    changed = pairs[(pairs < len(pictures.places)).all(1)]
    rng = np.random.default_rng(1)
    rows = rng.permutation(pictures.count)[: options.sample]
    if not options.alike:
        some = changed[rng.permutation(len(changed))[: options.sample]]
        rows = np.concatenate([rows, pictures.places[some[:, 1]]])
    top, likeness = exhaustive(pictures, rows)
    for low, high in ((0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.1)):
        place, slot = np.nonzero((likeness >= low) & (likeness < high))
        got = [(int(rows[p]), int(top[p, s])) in known for p, s in zip(place, slot, strict=True)]
        print(f"    cosine {low} to {min(high, 1)}: {sum(got)} of {len(got)} candidates found")
    print("    the likeliest of each, quantiles:", np.quantile(likeness.max(1), (0.1, 0.5, 0.9)))
    if options.alike:
        return
    ends = pictures.places[some].tolist()
    by_all = {
        (int(row), int(other)) for row, others in zip(rows, top, strict=True) for other in others
    }
    mine = [(copy, own) in known for own, copy in ends]
    theirs = [(copy, own) in by_all for own, copy in ends]
    both = [(copy, own) in known or (own, copy) in known for own, copy in ends]
    print(
        f"    originals of {len(ends)} changed pictures: {sum(theirs)} are candidates by comparing "
        f"with all, {sum(mine)} by lists, {sum(both)} from either side"
    )


if __name__ == "__main__":
    main()
