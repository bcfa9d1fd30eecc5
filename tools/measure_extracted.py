"""What a training on features takes: `python tools/measure_extracted.py FOLDER 10000 100000`.

For each number of pictures it makes up a closed batch of features below FOLDER (5 GB for a million;
what is there is used again), and has a process of its own train on it. Prints the seconds and the
peak memory of that process, TensorFlow's some 500 MiB included. --evaluate evaluates the run on the
same batch, too.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tl_catdog.cluster.planning import FeatureSettings, draft
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.closing import close
from tl_catdog.shards.listing import Digests
from tl_catdog.shards.parts import write_part
from tl_catdog.shards.plan import SUCCESS, Plan, write_plan
from tl_catdog.shards.rows import Row
from tl_catdog.storage.places import Place

CLASSES = 10
SHARD = 1024

WATCHED = """
import sys
from tl_catdog.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as file:
        peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    print(f"PEAK {peak / 1024:.0f}", file=sys.stderr)
"""


def made_up(place: Path, count: int) -> None:
    """Write a closed batch of features, of classes that a linear model mostly tells apart."""
    if (place / SUCCESS).exists():
        return
    pa = arrow()
    source: Any = SimpleNamespace(text="/nowhere", remarks=())
    plan = draft("features", source, SHARD, None, FeatureSettings(compute="float32", mirror="no"))
    rng = np.random.default_rng(0)
    centres = rng.random((CLASSES, plan.width), np.float32)
    dest, parts, digests = Place.of(place), {}, Digests()
    names = [f"class{n % CLASSES}/picture-{n:08}.jpg" for n in range(count)]
    for start in range(0, count, SHARD):
        digests.add([Row(name, name.split("/")[0]) for name in names[start : start + SHARD]])
    plan = Plan(
        **{
            **{name: getattr(plan, name) for name in plan.__dataclass_fields__},
            "listing_sha256": digests.sha256,
            "rows": count,
            "shards": len(digests.of_shard),
        }
    )
    write_plan(dest, plan)
    for shard in range(plan.shards):
        some = names[shard * SHARD : (shard + 1) * SHARD]
        labels = np.arange(shard * SHARD, shard * SHARD + len(some)) % CLASSES
        noise = rng.random((len(some), plan.width), np.float32)
        features = centres[labels] + np.float32(6) * noise
        columns = {
            "path": some,
            "sha256": [hashlib.sha256(name.encode()).hexdigest() for name in some],
            "error": [None] * len(some),
            "label": [name.split("/")[0] for name in some],
            "split": [None] * len(some),
            "features": pa.FixedSizeListArray.from_arrays(
                pa.array(features.ravel()), plan.width * len(plan.views)
            ),
        }
        parts[shard] = write_part(dest, plan, shard, columns, digests.of_shard[shard])
    close(dest, plan, parts, digests.of_shard)


def measured(*words: str) -> tuple[float, int, str]:
    """Run a command; return its seconds, its peak in MiB, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )
    peaks = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("PEAK ")]
    if done.returncode or not peaks:
        sys.exit(done.stderr)
    return time.perf_counter() - began, int(peaks[-1]), done.stdout


def main() -> None:
    """Measure trainings on made-up features."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("pictures", type=int, nargs="+")
    parser.add_argument("--epochs", default="2")
    parser.add_argument("--evaluate", action="store_true")
    given = parser.parse_args()
    for count in given.pictures:
        place, models = given.folder / f"features-{count}", given.folder / "models"
        made_up(place, count)
        runs = ("--runs-dir", str(models))
        words = ("train", "--features", str(place), "--epochs", given.epochs, "--run", f"r{count}")
        seconds, peak, _ = measured(*words, *runs, "--force")
        print(f"{count:>9,} pictures: train {seconds:.0f} s, {peak} MiB", flush=True)
        if given.evaluate:
            found = measured("evaluate", f"r{count}", "--features", str(place), "--json", *runs)
            accuracy = json.loads(found[2])["accuracy"]
            print(f"          evaluate {found[0]:.0f} s, {found[1]} MiB, {accuracy}", flush=True)


if __name__ == "__main__":
    main()
