"""Processor, memory and folders: what there is, and whether it is enough."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tl_catdog.data.parallel import usable_cores
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, amount
from tl_catdog.files import cache_folder

LEAST_DISK = 2e9
"""Bytes: a run takes 10 MB, the feature cache up to 2 GB, pictures that wait on the disk some."""

LEAST_MEMORY = 2e9
"""Bytes: a training takes about 1 GB (see ``estimates``)."""

CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60  # version 1 has a number of about 2**63 for "no limit"


@dataclass(frozen=True)
class Limits:
    """What a control group (a container's, a batch job's) allows; None is no limit.

    Attributes:
        cores: Processor time, in cores.
        memory: Bytes.
        used: Bytes of memory in use by the group.
    """

    cores: float | None = None
    memory: int | None = None
    used: int = 0


def control_group(root: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> Limits:
    """Return the narrowest limits of this process's control groups, of either version."""
    cores: list[float] = []
    memory: list[tuple[int, int]] = []
    for folder in _groups(root, own):
        quota = _words(folder / "cpu.max")  # version 2: "max 100000"
        if not quota:
            quota = _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
        if len(quota) == 2 and quota[0].isdecimal() and quota[1].isdecimal() and int(quota[1]):
            cores.append(int(quota[0]) / int(quota[1]))
        limit = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        used = _words(folder / "memory.current") or _words(folder / "memory.usage_in_bytes")
        if limit and limit[0].isdecimal() and int(limit[0]) < UNLIMITED:
            memory.append((int(limit[0]), int(used[0]) if used else 0))
    most, taken = min(memory, default=(None, 0))
    return Limits(min(cores, default=None), most, taken)


def _groups(root: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's groups and of those above them."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        base = root if not controllers else root / controllers
        folder = base / path.lstrip("/")
        # Seen from within a container, the path may be none: its root is the group then.
        yield from (place for place in (folder, *folder.parents) if place.is_relative_to(base))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def check_machine(limits: Limits | None = None) -> list[Check]:
    """Look at the processor and the memory."""
    limits = control_group() if limits is None else limits
    return [_processor(limits), _memory(limits)]


def _processor(limits: Limits) -> Check:
    cores, total = usable_cores(), psutil.cpu_count() or 1
    detail = f"{cores} of {total} cores usable" if cores < total else f"{cores} cores"
    if limits.cores is not None and limits.cores < cores:
        return Check(
            "processor",
            WARNING,
            f"{detail}, but its control group allows the time of {limits.cores:g}",
            "Give the container more, as with docker run --cpus, or bind it with taskset.",
        )
    return Check("processor", OK, detail)


def _memory(limits: Limits) -> Check:
    seen = psutil.virtual_memory()
    total, free, by = seen.total, seen.available, ""
    if limits.memory is not None and limits.memory < total:
        total, by = limits.memory, ", as its control group allows"
        free = min(free, max(0, total - limits.used))
    detail = f"{amount(free)} free of {amount(total)}{by}"
    if free < LEAST_MEMORY:
        hint = f"Close other programs: a training takes about {amount(LEAST_MEMORY / 2)}."
        return Check("memory", WARNING, detail, hint)
    return Check("memory", OK, detail)


def check_folders(runs_dir: Path) -> Iterator[Check]:
    """Look at the folders that are written to: the disk's room, and whether they can be."""
    elsewhere = "Name another place: "
    yield check_folder("runs folder", runs_dir, f"{elsewhere}--runs-dir FOLDER")
    yield check_folder("cache folder", cache_folder(), f"{elsewhere}export XDG_CACHE_HOME=FOLDER")
    temporary = Path(tempfile.gettempdir())
    yield check_folder("temporary folder", temporary, f"{elsewhere}export TMPDIR=FOLDER")


def check_folder(name: str, folder: Path, hint: str) -> Check:
    """Look at one folder; one that isn't there yet is judged by the place where it would be made.

    It writes a file without a name, which is gone at once whatever happens.
    """
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        return Check(name, FAILED, f"{folder} can't be written to ({error.strerror})", hint)
    detail = f"{folder}, {amount(free)} free"
    if free < LEAST_DISK:
        return Check(name, WARNING, f"{detail}, less than {amount(LEAST_DISK)}", hint)
    return Check(name, OK, detail)
