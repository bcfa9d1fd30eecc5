"""``python -m tests.faults.batch_kills``: a batch of two workers, of which something is killed.

At random moments a worker, a node or the command itself; the command is typed again where it was
killed, and a node is replaced. Then the result is held to that of a command that nobody disturbed,
byte by byte, and what was opened more than once is counted. It ends with a table in Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from tests.faults.clusters import (
    PATIENCE,
    TYPED,
    Cluster,
    cluster,
    counting,
    opened,
    runs,
    until,
)

KILLED = ("worker", "node", "command")
ENGINES = {"local": ("worker", "command"), "dask": KILLED, "ray": KILLED}
"""What can be killed of an engine."""

KINDS = ("predict", "predict", "features", "check")
"""What is computed, in turn."""


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        engine: ``local``, ``dask`` or ``ray``.
        kind: What is computed: ``predict``, ``features`` or ``check``.
        killed: What was: ``worker``, ``node`` or ``command``.
        parts: How many parts were there at that moment.
        same: Whether the result has the bytes that it should have.
        twice: Pictures that were opened more often than once.
        seconds: From the first command to the end of the last.
        said: What was written to standard error, where it isn't the same.
    """

    engine: str
    kind: str
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


def typed(
    kind: str, pictures: Path, dest: Path, size: int, *words: str, more: Mapping[str, str] = {}
) -> subprocess.Popen[str]:
    """Type the command, with more in its environment."""
    command = [sys.executable, "-m", "tl_catdog", "batch", kind, str(pictures), "--json"]
    command += ["--out", str(dest), "--shard-size", str(size), *words]
    command += ["--fail-on", "none"] if kind == "check" else []
    env = os.environ | TYPED
    where = Path(tempfile.gettempdir())  # which has no run, so that the one that ships answers
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        env={**env, **more},
        cwd=where,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    )


def alone(pictures: Path, dest: Path, size: int, kind: str = "predict") -> str:
    """Do the batch in processes of this machine; return its digest."""
    command = typed(kind, pictures, dest, size)
    _, said = command.communicate(timeout=10 * PATIENCE)
    assert command.returncode == 0, said
    return digest(dest)


def worker_of(command: subprocess.Popen[str]) -> psutil.Process | None:
    """Return a process that a command without a cluster has work for it, if there is one."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(command.pid).children():
            with contextlib.suppress(psutil.Error):
                if "spawn_main" in " ".join(process.cmdline()) and runs(process):
                    return process
    return None


def kill_worker(there: Cluster | None, command: subprocess.Popen[str]) -> bool:
    """Kill a process that works, of a cluster's or the command's own, if there is one."""
    if there is not None:
        return there.kill_worker()
    process = worker_of(command)
    if process is None:
        return False
    with contextlib.suppress(psutil.Error):
        process.kill()
    return True


def parts(dest: Path) -> int:
    """Return how many parts are there."""
    return len(list((dest / "parts").glob("part-*.parquet")))


def kill_in(
    there: Cluster | None,
    killed: str,
    pictures: Path,
    dest: Path,
    size: int,
    after: int,
    tally: Path,
    kind: str = "predict",
) -> Outcome:
    """Do a batch, and kill something once so many parts are there.

    The digest is kept as ``said`` where all went well; ``kills`` compares it.

    Args:
        there: The cluster that does it; None for processes of this machine.
        killed: What is killed.
        pictures: The pictures.
        dest: Where the result goes.
        size: Pictures in a shard.
        after: How many parts there are then.
        tally: The file that opened pictures are written to.
        kind: What is computed.
    """
    tally.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        if there is None:
            words = ["--workers", "2"]
            more = stack.enter_context(counting(pictures, tally))
        else:
            words, more = ["--on", there.kind.name, "--address", there.address], {}
        began = time.monotonic()
        command = typed(kind, pictures, dest, size, *words, more=more)
        until(lambda: command.poll() is not None or parts(dest) >= after, "parts", 3 * PATIENCE)
        found = parts(dest)
        if killed == "worker":
            until(lambda: command.poll() is not None or kill_worker(there, command), "a worker")
        elif killed == "node":
            assert there is not None
            there.kill_node(random.choice(there.nodes))
            there.add()
            there.all_up()
        elif killed == "command":
            command.send_signal(signal.SIGKILL)
            command.communicate()
            command = typed(kind, pictures, dest, size, *words, more=more)
        try:
            _, said = command.communicate(timeout=5 * PATIENCE)
        except subprocess.TimeoutExpired:
            command.kill()
            said = f"hung; {command.communicate()[1]}"
    seconds = time.monotonic() - began
    twice = sum(count - 1 for count in opened(tally).values())
    well, engine = command.returncode == 0, there.kind.name if there else "local"
    return Outcome(
        engine, kind, killed, found, well, twice, seconds, digest(dest) if well else said
    )


def kills(
    engine: str, moments: int, count: int, size: int, seed: int, kinds: Sequence[str] = KINDS
) -> Iterator[Outcome]:
    """Kill what an engine has, in turn, each in a batch of its own, at random moments."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as place, contextlib.ExitStack() as stack:
        root = Path(place)
        pictures, tally = draw_pictures(root / "pictures", count), root / "tally"
        right = {kind: alone(pictures, root / f"alone-{kind}", size, kind) for kind in set(kinds)}
        there: Cluster | None = None
        if engine != "local":
            there = stack.enter_context(cluster(engine, pictures, tally))
            there.all_up()
        for number in range(moments):
            each, killed = divmod(number, len(ENGINES[engine]))
            kind, dest = kinds[each % len(kinds)], root / f"out-{number}"
            after = chance.randrange(0, count // size)
            what = ENGINES[engine][killed]
            found = kill_in(there, what, pictures, dest, size, after, tally, kind)
            same = found.same and found.said == right[kind]
            yield replace(found, same=same, said="" if same else found.said)
            shutil.rmtree(dest, ignore_errors=True)


def table(outcomes: Sequence[Outcome], count: int) -> str:
    """Return what came of it as a table in Markdown."""
    lines = [
        f"| killed | moments | of the same bytes | of {count} opened twice: median, most | s |",
        "|-|-|-|-|-|",
    ]
    groups: dict[str, list[Outcome]] = {}
    for item in outcomes:
        groups.setdefault(f"{item.engine}, {item.killed}", []).append(item)
    for name, some in groups.items():
        twice, took = [item.twice for item in some], [item.seconds for item in some]
        same = sum(item.same for item in some)
        line = f"| {name} | {len(some)} | {same} | {np.median(twice):g}, {max(twice)} "
        lines.append(f"{line}| {np.median(took):.1f} |")
    kinds = Counter(item.kind for item in outcomes)
    said = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    lines.append(f"\n{sum(item.same for item in outcomes)} of {len(outcomes)} equal; {said}.")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Kill as often as is asked for; say what came of it, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.batch_kills")
    parser.add_argument("--engines", nargs="*", choices=[*ENGINES], default=[*ENGINES])
    parser.add_argument("--kinds", nargs="*", choices=[*dict.fromkeys(KINDS)], default=KINDS)
    parser.add_argument("--moments", type=int, default=100, help="of all engines; default: 100")
    parser.add_argument("--pictures", type=int, default=240)
    parser.add_argument("--shard-size", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(argv)
    outcomes = []
    for number, engine in enumerate(asked.engines):
        share = (asked.moments - number - 1) // len(asked.engines) + 1
        seed = asked.seed + number
        for item in kills(engine, share, asked.pictures, asked.shard_size, seed, asked.kinds):
            outcomes.append(item)
            print(json.dumps(asdict(item)), flush=True)
    print(table(outcomes, asked.pictures))
    return 0 if all(item.same for item in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
