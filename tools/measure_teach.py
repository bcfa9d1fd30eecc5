"""Measure how long a change takes to be learned and judged (docs/adr/045).

usage: python tools/measure_teach.py SET [--pictures N] [--labels N]

SET is a folder of labelled pictures, or an .npz of their features (x, y, sha, classes). Where it
has fewer pictures than N, copies of their features with noise of 0.7 standard deviations fill up:
good for times, not for accuracies. The last labels are added one at a time: the first lesson also
looks for C and for what doubling gains, the next ones are what every change takes. Seconds of
processor time, on one thread for the head and on all cores for what judges it, and by the clock.
Memory is the resident set's (Linux): of the store and its lessons, and while they are learned.
"""

import argparse
import gc
import time
from pathlib import Path

import numpy as np
from measure_active import loaded
from threadpoolctl import threadpool_limits

from tl_catdog.teach.heads import Store
from tl_catdog.teach.items import Item, Snapshot
from tl_catdog.teach.lessons import Lesson, Memory


def now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def took(begin: tuple[float, float], end: tuple[float, float]) -> str:
    return f"{end[0] - begin[0]:.2f} s processor, {end[1] - begin[1]:.2f} s clock"


def resident(which: str) -> float:
    """Return MiB that the process has (VmRSS), or has had since the last time (VmHWM)."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    found = float(status.split(f"{which}:")[1].split()[0]) / 1024
    Path("/proc/self/clear_refs").write_text("5")
    return found


def filled(s: dict[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    x, y, sha = s["x"], s["y"], [str(some) for some in s["sha"]]
    times, rng = -(-count // len(x)), np.random.default_rng(0)
    noise = 0.7 * x.std(axis=0)
    more = [x + noise * rng.standard_normal(x.shape).astype(np.float32) for _ in range(times - 1)]
    names = [f"{number}{digest}" for number in range(times) for digest in sha]
    order = rng.permutation(times * len(x))[:count]
    return (
        np.concatenate([x, *more])[order],
        np.tile(y, times)[order],
        [names[i] for i in order],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--labels", type=int)
    asked = parser.parse_args()
    s = loaded(asked.set)
    x, y, names = filled(s, asked.pictures)
    labels = len(y) if asked.labels is None else asked.labels
    classes = tuple(str(name) for name in s.get("classes", np.arange(int(y.max()) + 1)))

    def snapshot(known: int, version: int) -> Snapshot:
        items = tuple(
            Item(n, n, Path(n), n, classes[y[i]] if i < known else None, n, given=False)
            for i, n in enumerate(names)
        )
        return Snapshot(version, Path(), classes, items, known)

    with threadpool_limits(1):
        x = x.copy()  # so that what was read can go
        s.clear()
        snapshot(labels, 0)
        bare = resident("VmRSS") - x.nbytes / 2**20
        begin, store, memory, told = now(), Store(), Memory(), None
        store.add(names, x)
        del x
        store.settle()
        print(f"Memory: {resident('VmRSS') - bare:.0f} MiB for the store")
        print(f"{asked.set.stem}, {len(y)} pictures: turned in {took(begin, now())}")
        for version, known in enumerate((labels - 2, labels - 1, labels), start=1):
            lesson = Lesson(snapshot(known, version), store, {}, memory)
            begin = now()
            first = lesson.first(told)
            middle = now()
            told = lesson.figures(first)
            end = now()
            print(f"{known} labels: head {took(begin, middle)}; judged {took(middle, end)}")
            if lesson.due:
                told = lesson.deeper(told)
                print(f"{known} labels: C, gain and what is far off {took(end, now())}")
        more, less = resident("VmHWM") - bare, resident("VmRSS") - bare
        print(f"Memory: {more:.0f} MiB while it learned, {less:.0f} MiB after")


if __name__ == "__main__":
    main()
