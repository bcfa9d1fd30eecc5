"""Measure what a taught folder, its journal and its server take (docs/adr/046).

usage: python tools/measure_teach_folder.py [--pictures N] [--lines N] [--set SET]

A folder of N tiny pictures in three folders is opened, labelled, undone, moved as a whole and
opened behind a journal of N lines of labels. With a SET, a folder of classes, a server is
started on a copy of it instead, twice: the processor time until nothing is left to do, what
``.teach`` has then, and how long it takes to end. Seconds of processor time and by the clock.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from tl_catdog.teach.items import ALL
from tl_catdog.teach.state import State

TAB = "0123456789abcdef01234567"
LABELS = 1000
QUIET = 5.0  # seconds with hardly any processor time: then nothing is left to do


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something takes."""
    clock, processor = time.perf_counter(), time.process_time()
    yield
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    print(f"{what}: {processor:.2f} s processor, {clock:.2f} s clock", flush=True)


def resident() -> float:
    """Return MiB that this process has."""
    return float(psutil.Process().memory_info().rss / 2**20)


def made(root: Path, count: int, name: str = "{label}/IMG_{number:05}.png") -> None:
    """Make a folder of pictures, each a little other than the rest."""
    out = BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(out, "PNG")
    for number in range(count):
        label = ("cats", "dogs", "unlabelled")[number % 3]
        path = root / name.format(label=label, number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(out.getvalue() + str(number).encode())


def opened(root: Path, what: str) -> State:
    """Open a folder, and say what that takes."""
    before = resident()
    with timed(f"opened {what}, until all is read"):
        state = State.open(root)
        while state.read_some():
            pass
    print(f"  {resident() - before:.0f} MiB more, {resident():.0f} in all")
    return state


def folder(root: Path, count: int, lines: int) -> None:
    """Measure changes of a folder, and its journal."""
    made(root, count)
    journal = root / ".teach" / "journal.jsonl"
    opened(root, "at first").close()
    state = opened(root, "again")
    ids = [item.id for item in state.items(None, 0, LABELS)]
    with timed(f"{len(ids)} labels"):
        for number, id in enumerate(ids, 1):
            state.once(TAB, number, partial(state.label, [id], "cats", None, TAB))
    print(f"  {journal.stat().st_size / len(ids):.0f} bytes of journal a label")
    with timed(f"{len(ids)} undos"):
        while state.undo(TAB):
            pass
    items = state.items(ALL, 0, count)
    with timed("all into one class"):
        state.label([item.id for item in items], "dogs", None, TAB)
    with timed("and back"):
        state.undo(TAB)
    number = state._history.next_number
    state.close()
    with journal.open("a", encoding="utf-8") as file:
        for more in range(lines):
            item = items[more % len(items)]
            steps = [
                ["file", item.place, item.place, item.sha256],
                ["answer", "", "yes", item.sha256],
            ]
            row = {"number": number + more, "at": "2026-11-28T09:00:00+00:00", "tab": TAB}
            row |= {"op": "label", "words": "1 picture: cats", "old": 0, "steps": steps}
            file.write(json.dumps({**row, "request": LABELS + more}) + "\n")
            file.write(json.dumps({"done": number + more}) + "\n")
    print(f"journal: {journal.stat().st_size / 2**20:.0f} MiB")
    opened(root, f"behind {lines:,} labels").close()


def flat(root: Path, count: int) -> None:
    """Measure sorting by names."""
    made(root, count, "{label}.{number}.png")
    state = opened(root, f"flat, {count:,} pictures")
    with timed("what names say"):
        state.said()
    with timed("sorted by names"):
        state.take_said(TAB)
    with timed("and back"):
        state.undo(TAB)
    state.close()


def server(root: Path, pictures: Path, what: str) -> None:
    """Measure a server's start, work and end."""
    command = [sys.executable, "-m", "tl_catdog", "teach", str(root), "--port", "0"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert re.search(r"at http", process.stdout.readline())
    print(f"{what}: address after {time.perf_counter() - began:.1f} s")
    seen, last = psutil.Process(process.pid), -1.0
    while True:
        time.sleep(QUIET)
        now = sum(seen.cpu_times()[:4])
        if now - last < 0.02 * QUIET:
            break
        last = now
    memory = seen.memory_info().rss / 2**20
    print(f"  {now:.1f} s processor until nothing is left to do, {memory:.0f} MiB")
    ended = time.perf_counter()
    process.send_signal(signal.SIGINT)
    process.wait()
    print(f"  ended within {time.perf_counter() - ended:.2f} s")
    count = sum(1 for path in pictures.rglob("*") if path.is_file())
    held = sum(path.stat().st_size for path in (root / ".teach").rglob("*") if path.is_file())
    print(f"  {held / count:,.0f} bytes in .teach for each of {count:,} files")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--set", type=Path, nargs="*")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "pets"
        if not asked.set:
            folder(root, asked.pictures, asked.lines)
            flat(root.with_name("flat"), asked.pictures)
            return
        for one in asked.set:
            shutil.copytree(one, root, dirs_exist_ok=True)
        for what in ("at first", "again"):
            server(root, root, what)


if __name__ == "__main__":
    main()
