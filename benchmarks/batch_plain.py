"""What ``batch_scale.py`` compares batches with: a loop in plain Python, and ``predict``."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PLAIN = """
import json, os, sys, time
from pathlib import Path
import tl_catdog as tl

paths = [str(path) for path in sorted(Path(sys.argv[1]).iterdir())]
run = tl.load()
run.predict(paths[0])
began, processor = time.perf_counter(), time.process_time()
for path in paths:
    run.predict(path)
took = time.perf_counter() - began, time.process_time() - processor
print(json.dumps([len(paths) / took[0], 1000 * took[1] / len(paths)]))
"""
"""A loop over pictures, in plain Python, as somebody would write it first."""


@contextlib.contextmanager
def in_time(most: float) -> Iterator[None]:
    """Raise ``TimeoutError`` where a command took more than so many seconds."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"the command took more than {most:g} s") from error


def plain(pictures: Path, most: float) -> tuple[float, float]:
    """Return pictures a second, and processor ms of a picture, of a loop on one core.

    Raises:
        TimeoutError: It takes more than so many seconds.
    """
    env = os.environ | {"TL_CATDOG_CPUS": "1", "PYTHONPATH": str(ROOT)}
    command = ["taskset", "-c", "0", sys.executable, "-c", PLAIN, str(pictures)]
    with tempfile.TemporaryDirectory() as place, in_time(most):
        said = subprocess.run(
            command,
            env=env,
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
            timeout=most,
        )
    rate, processor = json.loads(said.stdout.splitlines()[-1])
    return rate, processor


def predict(pictures: Path, few: Path, most: float) -> tuple[float, float]:
    """Return the same of ``predict``: the difference between all pictures and few of them.

    Raises:
        TimeoutError: A command takes more than so many seconds.
    """
    env = os.environ | {"TL_CATDOG_CPUS": "1", "PYTHONPATH": str(ROOT)}
    took = []
    for folder in (few, pictures):
        command = [sys.executable, "-m", "tl_catdog", "predict", str(folder), "--json"]
        with tempfile.TemporaryDirectory() as place, Path(os.devnull).open("wb") as sink:
            began, before = time.perf_counter(), os.times()
            pinned = ["taskset", "-c", "0", *command]
            with in_time(most):
                subprocess.run(pinned, env=env, cwd=place, stdout=sink, stderr=sink, timeout=most)
            after = os.times()
            spent = sum(after[2:4]) - sum(before[2:4])
            took.append((time.perf_counter() - began, spent))
    more = sum(1 for _ in pictures.iterdir()) - sum(1 for _ in few.iterdir())
    wall, spent = (most - least for least, most in zip(*took, strict=True))
    return more / wall, 1000 * spent / more
