"""How many cores there are for this program: threads and processes follow it everywhere."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tl_catdog.errors import UsageError, shown

CPUS = "TL_CATDOG_CPUS"
"""The environment variable that sets it."""

LOGICAL = "TL_CATDOG_LOGICAL_CPUS"
"""The environment variable that makes TensorFlow take the processor for so many devices, so that
what several do can be seen without cards."""

MOST = 1024
"""More are a slip: each may become a process."""

GROUP = "the control group"

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
"""What libraries for matrices read when they are loaded; Accelerate of macOS asks the system."""


class Cores(NamedTuple):
    """How many cores there are for this program.

    Attributes:
        usable: How many it uses, 1 or more.
        there: How many the machine has.
        bound: Why it doesn't use all of them, or more; None if it just uses all.
    """

    usable: int
    there: int
    bound: str | None


def usable_cores() -> int:
    """Return how many cores to use: as many threads or processes get the most done.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no such number.
    """
    return cores().usable


def cores(quota: float | None = None) -> Cores:
    """Return how many cores to use, and why.

    What ``TL_CATDOG_CPUS`` says counts. Otherwise it is the cores that the process may run on, or
    fewer if a container's or a job's control group allows the time of fewer: more threads than
    that are stopped in turn, and wait for each other.

    Args:
        quota: How many cores' time the control group allows; None for ``cpu_quota``.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no such number.
    """
    there = os.cpu_count() or 1
    asked = os.environ.get(CPUS, "")
    if asked:
        return Cores(_number(CPUS, asked), there, f"{CPUS} says so")
    allowed = _allowed(there)
    quota = cpu_quota() if quota is None else quota
    if quota is not None and quota < allowed:
        bound = f"{GROUP} allows the time of {quota:g}"
        return Cores(max(1, math.ceil(quota)), there, bound)
    return Cores(allowed, there, "the process may run on no others" if allowed < there else None)


def _allowed(there: int) -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        with contextlib.suppress(OSError):
            return len(os.sched_getaffinity(0)) or 1
    return there


def logical_cpus() -> int:
    """Return how many devices TensorFlow is to take the processor for: 1, but for experiments.

    Raises:
        UsageError: ``TL_CATDOG_LOGICAL_CPUS`` is set to no such number.
    """
    asked = os.environ.get(LOGICAL, "")
    return _number(LOGICAL, asked) if asked else 1


def _number(name: str, asked: str) -> int:
    text = asked.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= MOST:
        return int(text)
    raise UsageError(
        f"expected a whole number from 1 to {MOST} in {name}, found {shown(asked)}.",
        f"Type: export {name}=2, or: unset {name}",
    )


@cache
def cpu_quota(root: Path = GROUPS, own: Path = OWN_GROUPS) -> float | None:
    """Return how many cores' time the narrowest control group of this process allows.

    It is looked up once: a quota that changes later changes nothing that has begun.
    """
    found: list[float] = []
    for folder in group_folders(root, own):
        quota = words(folder / "cpu.max")  # version 2: "max 100000"
        if not quota:
            quota = words(folder / "cpu.cfs_quota_us") + words(folder / "cpu.cfs_period_us")
        if len(quota) == 2 and quota[0].isdecimal() and quota[1].isdecimal() and int(quota[1]):
            found.append(int(quota[0]) / int(quota[1]))
    return min((quota for quota in found if quota > 0), default=None)


def group_folders(root: Path = GROUPS, own: Path = OWN_GROUPS) -> Iterator[Path]:
    """Yield the folders of this process's control groups, of either version, and those above them.

    Version 1 has a hierarchy for each controller, mounted under its name or under all the names
    that share it; version 2 has one, which systems with both mount as ``unified``.
    """
    for line in text_of(own).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        bases = {root / controllers, *(root / name for name in controllers.split(","))}
        if not controllers:
            bases.add(root / "unified")
        # Seen from within a container, the path may be none, or lead out: its root is the group.
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        for base in sorted(bases):
            for depth in range(len(parts), -1, -1):
                yield base.joinpath(*parts[:depth])


def words(path: Path) -> list[str]:
    """Return a file's words; none if it can't be read."""
    return text_of(path).split()


def text_of(path: Path) -> str:
    """Return a file's text; none if it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        return path.read_text(errors="replace")
    return ""


def bound_libraries() -> None:
    """Bound the threads of the libraries for matrices, which count cores by themselves.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no such number.
    """
    found = cores()
    if found.usable == _allowed(found.there):
        return
    for name in BLAS:
        os.environ.setdefault(name, str(found.usable))
    if "numpy" in sys.modules:  # it has read them already
        from threadpoolctl import threadpool_limits

        threadpool_limits(found.usable)


def bound_tensorflow() -> None:
    """Bound TensorFlow's threads, once it is imported and before it computes anything.

    Only where it would take more by itself: it takes a thread for each core that the process may
    run on, and how many there are may change the last bits of a sum.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no such number.
    """
    import tensorflow as tf

    found = cores()
    if found.usable != _allowed(found.there):
        with contextlib.suppress(RuntimeError):  # it has begun, in a program that calls us
            tf.config.threading.set_intra_op_parallelism_threads(found.usable)
            tf.config.threading.set_inter_op_parallelism_threads(found.usable)
