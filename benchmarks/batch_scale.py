"""``tl-catdog batch`` on nodes of one core each: pictures a second, 1 → 2 nodes, and memory.

    python benchmarks/batch_scale.py rates  --data DIR --out FILE.json    # against a loop, predict
    python benchmarks/batch_scale.py memory --data DIR --out FILE.json --paths 1000 10000 100000

Each node is pinned to a core of its own. Rates leave start-up apart: they count from the first part
that is there to the last. Processor time is that of the command and of all nodes.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from batch_plain import ROOT, plain, predict
from batch_table import table

sys.path.append(str(ROOT))

from tests.faults.clusters import TYPED, Cluster, cluster, runs
from tl_catdog.files import write_json


@dataclass(frozen=True)
class Sample:
    """What a command and its nodes have at a moment.

    Attributes:
        seconds: When.
        parts: Parts that are there.
        processor: Processor seconds so far.
        driver: Bytes in memory of the command itself.
        worker: Of the largest process that works.
        all: Of all of them.
    """

    seconds: float
    parts: int
    processor: float
    driver: int
    worker: int
    all: int


@dataclass(frozen=True)
class Measured:
    """A batch.

    Attributes:
        engine: What did it.
        nodes: Nodes of one core.
        pictures: How many there were.
        rate: Pictures a second, from the first part to the last.
        processor_ms: Processor time of a picture, in the same stretch.
        start_seconds: Until the first part is there.
        wall_seconds: Of the command.
        driver_mib: Peak memory of the command.
        worker_mib: Of the largest worker.
        all_mib: Of all processes together.
    """

    engine: str
    nodes: int
    pictures: int
    rate: float
    processor_ms: float
    start_seconds: float
    wall_seconds: float
    driver_mib: float
    worker_mib: float
    all_mib: float


def measured(
    engine: str, nodes: int, pictures: Path, size: int, every: float = 0.1, most: float = 120
) -> Measured:
    """Do a batch on so many nodes, and measure it; it may take so many seconds at most.

    Raises:
        TimeoutError: It takes longer, or its nodes don't start.
    """
    count = sum(1 for _ in pictures.iterdir())
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        dest, words = Path(place) / "out", list[str]()
        there: Cluster | None = None
        if engine == "local":
            words = ["--workers", str(nodes)]
        else:
            there = stack.enter_context(cluster(engine, Path("/nowhere"), Path(place) / "t", 0))
            for _ in range(nodes):
                there.add()
            there.all_up(cores=range(nodes))
            words = ["--on", engine, "--address", there.address]
            time.sleep(5)  # until what it starts besides has started
        began = time.monotonic()
        command = typed(pictures, dest, size, *words)
        if there is None:
            psutil.Process(command.pid).cpu_affinity(list(range(nodes)))
        samples = list(sampled(command, there, dest, every, most))
        wall = time.monotonic() - began
        if command.returncode:
            raise SystemExit(f"{engine}: the command failed; see what it says by hand.")
        moments = sorted(path.stat().st_mtime for path in (dest / "parts").iterdir())
    first = next(item for item in samples if item.parts)
    last = next((item for item in samples if item.parts == len(moments)), samples[-1])
    rest = count - size
    done = (last.parts - first.parts) * size or rest
    return Measured(
        engine,
        nodes,
        count,
        rest / max(1e-9, moments[-1] - moments[0]),
        1000 * (last.processor - first.processor) / done,
        first.seconds - began,
        wall,
        *(
            max(getattr(item, name) for item in samples) / 2**20
            for name in ("driver", "worker", "all")
        ),
    )


def typed(pictures: Path, dest: Path, size: int, *words: str) -> subprocess.Popen[bytes]:
    """Type the command; the run that ships answers."""
    command = [sys.executable, "-m", "tl_catdog", "batch", "predict", str(pictures)]
    command += ["--out", str(dest), "--shard-size", str(size), *words]
    env = os.environ | TYPED | {"PYTHONPATH": str(ROOT)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, cwd=dest.parent, stdout=quiet, stderr=quiet)


def sampled(
    command: subprocess.Popen[bytes], there: Cluster | None, dest: Path, every: float, most: float
) -> Iterator[Sample]:
    """Yield what there is until the command ends, which is killed when it takes too long."""
    spent: dict[int, float] = {}
    parts, end = dest / "parts", time.monotonic() + most
    while command.poll() is None:
        if time.monotonic() > end:
            command.kill()
            command.wait()
            raise TimeoutError(f"the command took more than {most:g} s")
        own = psutil.Process(command.pid)
        found: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            found = [own, *own.children(recursive=True)]
        for node in (there.head, *there.nodes) if there else ():
            found += node.processes() if node else []
        sizes: dict[int, int] = {}
        for process in found:
            with contextlib.suppress(psutil.Error):
                if runs(process):
                    sizes[process.pid] = process.memory_info().rss
                    spent[process.pid] = sum(process.cpu_times()[:2])
        number = len(list(parts.glob("part-*"))) if parts.is_dir() else 0
        driver = sizes.pop(command.pid, 0)
        largest = max(sizes.values(), default=0)
        whole = driver + sum(sizes.values())
        yield Sample(time.monotonic(), number, sum(spent.values()), driver, largest, whole)
        time.sleep(every)


def linked(data: Path, into: Path, count: int) -> Path:
    """Make a folder of so many links to the JPEGs below ``data``, in turn."""
    into.mkdir(parents=True)
    pictures = sorted(data.rglob("*.jpg"))
    for number, path in zip(range(count), itertools.cycle(pictures), strict=False):
        (into / f"{number:07}.jpg").symlink_to(path.resolve())
    return into


def small(into: Path, count: int = 20) -> Path:
    """Draw pictures of 64 × 64, so that many of them are done soon."""
    import numpy as np
    from PIL import Image

    into.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(into / f"{number}.jpg")
    return into


def rates(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure all engines on one and two nodes, a plain loop and ``predict``, in turn."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pictures = linked(asked.data, folder / "all", asked.pictures)
        few = linked(asked.data, folder / "few", max(1, asked.pictures // 10))
        for repeat in range(asked.repeats):
            for name in ("plain", "predict"):
                found = {"repeat": repeat, "engine": name, "nodes": 1, "pictures": asked.pictures}
                try:
                    if name == "plain":
                        rate, spent = plain(pictures, asked.limit)
                    else:
                        rate, spent = predict(pictures, few, asked.limit)
                except TimeoutError as error:
                    yield found | {"failed": str(error)}
                else:
                    yield found | {"rate": rate, "processor_ms": spent}
            for engine, nodes in itertools.product(asked.engines, (1, 2)):
                yield {"repeat": repeat} | tried(engine, nodes, pictures, asked, 0.1)


def memory(asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure memory at several numbers of paths."""
    with tempfile.TemporaryDirectory() as place:
        data = small(Path(place) / "small")
        for count in asked.paths:
            pictures = linked(data, Path(place) / str(count), count)
            for engine in asked.engines:
                yield tried(engine, asked.nodes, pictures, asked, 0.5)


def tried(
    engine: str, nodes: int, pictures: Path, asked: argparse.Namespace, every: float
) -> dict[str, Any]:
    """Return what is measured of a batch, or why nothing is; the others are measured then, too."""
    try:
        found = measured(engine, nodes, pictures, asked.shard_size, every, asked.limit)
    except TimeoutError as error:
        return {"engine": engine, "nodes": nodes, "failed": str(error)}
    return asdict(found)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what is asked for; a line for each, and all of them in a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rates", "memory"])
    parser.add_argument("--data", type=Path, help="pictures, for rates")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engines", nargs="*", default=["local", "dask", "ray"])
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--paths", type=int, nargs="*", default=[1000, 10_000, 100_000])
    parser.add_argument("--shard-size", type=int, default=128)
    parser.add_argument("--nodes", type=int, default=2, help="for memory")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--limit", type=float, default=120, help="seconds for a batch; default: 120"
    )
    asked = parser.parse_args(argv)
    found = []
    for item in (rates if asked.what == "rates" else memory)(asked):
        found.append(item)
        print(json.dumps(item), flush=True)
        write_json(asked.out, {"what": asked.what, "cores": os.cpu_count(), "measured": found})
    print(table(asked.what, found))


if __name__ == "__main__":
    main()
