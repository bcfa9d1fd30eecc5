"""``python -m tests.faults.batch_kills``: a batch on two nodes, of which something is killed.

At random moments a worker, a node or the command itself; the command is typed again where it was
killed, and a node is replaced. Then the result is held to that of this machine's processes, byte
by byte, and what was opened more than once is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.faults.clusters import PATIENCE, TYPED, Cluster, cluster, opened, until

KILLED = ("worker", "node", "command")


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        engine: ``dask`` or ``ray``.
        killed: What was: ``worker``, ``node`` or ``command``; ``nothing``.
        parts: How many parts were there at that moment.
        same: Whether the result has the bytes that it should have.
        twice: Pictures that were opened more often than once.
        seconds: From the first command to the end of the last.
        said: What was written to standard error, where it isn't the same.
    """

    engine: str
    killed: str
    parts: int
    same: bool
    twice: int
    seconds: float
    said: str = ""


def draw_pictures(folder: Path, count: int, side: int = 500) -> Path:
    """Write so many JPEGs of coloured noise; the last one is broken."""
    folder.mkdir(parents=True)
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (side // 20, side // 20, 3))
        picture = Image.fromarray(noise.astype(np.uint8)).resize((side, side))
        picture.save(folder / f"{number:05}.jpg", quality=90)
    (folder / f"{count - 1:05}.jpg").write_bytes(b"no picture")
    return folder


def digest(dest: Path) -> str:
    """Return the SHA-256 of a closed batch: of the manifest, having held each part to it."""
    assert (dest / "_SUCCESS").exists()
    manifest = (dest / "manifest.json").read_bytes()
    for part in json.loads(manifest)["parts"]:
        found = hashlib.sha256((dest / "parts" / part["name"]).read_bytes()).hexdigest()
        assert found == part["sha256"], part["name"]
    return hashlib.sha256(manifest).hexdigest()


def typed(pictures: Path, dest: Path, size: int, *words: str) -> subprocess.Popen[str]:
    """Type the command."""
    command = [sys.executable, "-m", "tl_catdog", "batch", "predict", str(pictures), "--json"]
    command += ["--out", str(dest), "--shard-size", str(size), *words]
    env = os.environ | TYPED
    where = Path(tempfile.gettempdir())  # which has no run, so that the one that ships answers
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, env=env, cwd=where, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def alone(pictures: Path, dest: Path, size: int) -> str:
    """Do the batch in processes of this machine; return its digest."""
    command = typed(pictures, dest, size)
    _, said = command.communicate(timeout=10 * PATIENCE)
    assert command.returncode == 0, said
    return digest(dest)


def parts(dest: Path) -> int:
    """Return how many parts are there."""
    return len(list((dest / "parts").glob("part-*.parquet")))


def kill_in(
    there: Cluster, killed: str, pictures: Path, dest: Path, size: int, after: int, tally: Path
) -> Outcome:
    """Do a batch on a cluster, and kill something once so many parts are there.

    The digest is kept as ``said`` where all went well; ``kills`` compares it.
    """
    tally.unlink(missing_ok=True)
    words = ("--on", there.kind.name, "--address", there.address)
    began = time.monotonic()
    command = typed(pictures, dest, size, *words)
    until(lambda: command.poll() is not None or parts(dest) >= after, "parts", 3 * PATIENCE)
    found = parts(dest)
    if killed == "worker":
        until(lambda: command.poll() is not None or there.kill_worker(), "a worker")
    elif killed == "node":
        there.kill_node(random.choice(there.nodes))
        there.add()
    elif killed == "command":
        command.send_signal(signal.SIGKILL)
        command.communicate()
        command = typed(pictures, dest, size, *words)
    try:
        _, said = command.communicate(timeout=5 * PATIENCE)
    except subprocess.TimeoutExpired:
        command.kill()
        said = f"hung; {command.communicate()[1]}"
    seconds = time.monotonic() - began
    twice = sum(count - 1 for count in opened(tally).values())
    well = command.returncode == 0
    return Outcome(
        there.kind.name, killed, found, well, twice, seconds, digest(dest) if well else said
    )


def kills(
    engine: str, moments: Sequence[str], count: int, size: int, seed: int
) -> Iterator[Outcome]:
    """Kill what is named, in turn, each in a batch of its own, at random moments."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        root = Path(place)
        pictures = draw_pictures(root / "pictures", count)
        right, tally = alone(pictures, root / "alone", size), root / "tally"
        with cluster(engine, pictures, tally) as there:
            for number, killed in enumerate(moments):
                dest = root / f"out-{number}"
                after = chance.randrange(0, count // size)
                found = kill_in(there, killed, pictures, dest, size, after, tally)
                same = found.same and found.said == right
                said = "" if same else found.said
                yield Outcome(**asdict(found) | {"same": same, "said": said})


def main(argv: Sequence[str] | None = None) -> int:
    """Kill as often as is asked for; say what came of it, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.batch_kills")
    parser.add_argument("--engines", nargs="*", default=["dask", "ray"])
    parser.add_argument("--moments", type=int, default=99, help="of each engine; default: 99")
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--shard-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    lost = 0
    for engine in asked.engines:
        moments = [KILLED[number % len(KILLED)] for number in range(asked.moments)]
        found = []
        for item in kills(engine, moments, asked.pictures, asked.shard_size, asked.seed):
            found.append(item)
            print(json.dumps(asdict(item)), flush=True)
        for killed in KILLED:
            some = [item for item in found if item.killed == killed]
            if some:
                twice = [item.twice for item in some]
                same = sum(item.same for item in some)
                lost += len(some) - same
                print(
                    f"{engine}, {killed}: {same} of {len(some)} the same; opened twice: "
                    f"{np.median(twice):g} of {asked.pictures} pictures (median), {max(twice)} "
                    f"at most; {np.median([item.seconds for item in some]):.1f} s (median)",
                    flush=True,
                )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
