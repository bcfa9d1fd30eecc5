"""What the machine has: processor, memory, folders, caches, and the packaged weights."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil

from tl_catdog.cores import (
    CPUS,
    GROUP,
    GROUPS,
    OWN_GROUPS,
    Cores,
    cores,
    cpu_quota,
    group_folders,
    words,
)
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check
from tl_catdog.errors import listing
from tl_catdog.features.cache import store_path
from tl_catdog.features.cache_file import contents
from tl_catdog.files import cache_folder
from tl_catdog.models import gpu
from tl_catdog.runs.unfinished import list_unfinished
from tl_catdog.wording import byte_size, count, plural

LEAST_DISK = 2e9
"""Bytes: a run takes 10 MB, the feature cache up to 2 GB, pictures that wait on the disk some."""

LEAST_MEMORY = 2e9
"""Bytes: a training takes about 1 GB (see ``estimates``)."""

PIP = "pip install "
CUDA_ONNX, CUDA_TENSORFLOW = (
    f'{PIP}"onnxruntime-gpu[cuda,cudnn]"',
    f'{PIP}"tensorflow[and-cuda]"',
)
"""What brings NVIDIA's libraries. The first puts its files in the place of ``onnxruntime``'s."""

UNLIMITED = 2**60  # version 1 has a number of about 2**63 for "no limit"


class Limits(NamedTuple):
    """Cores and bytes that a container's or a job's control group allows; None is no limit."""

    cores: float | None = None
    memory: int | None = None
    used: int = 0


def control_group(root: Path = GROUPS, own: Path = OWN_GROUPS) -> Limits:
    """Return the narrowest limits of this process's control groups, of either version."""
    memory: list[tuple[int, int]] = []
    for folder in group_folders(root, own):
        limit = words(folder / "memory.max") or words(folder / "memory.limit_in_bytes")
        used = words(folder / "memory.current") or words(folder / "memory.usage_in_bytes")
        if limit and limit[0].isdecimal() and int(limit[0]) < UNLIMITED:
            memory.append((int(limit[0]), int(used[0]) if used and used[0].isdecimal() else 0))
    return Limits(cpu_quota(root, own), *min(memory, default=(None, 0)))


def check_machine(limits: Limits | None = None) -> Iterator[Check]:
    """Check the processor and the memory; ``limits`` are those of the control group.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no number of cores.
    """
    limits = limits or control_group()
    yield check_processor(cores(limits.cores))
    seen = psutil.virtual_memory()
    total, free, by = seen.total, seen.available, ""
    if limits.memory is not None and limits.memory < total:
        total, by = limits.memory, ", as its control group allows"
        free = min(free, max(0, total - limits.used))
    detail = f"{byte_size(free)} free of {byte_size(total)}{by}"
    if free < LEAST_MEMORY:
        hint = f"Close other programs: a training takes about {byte_size(LEAST_MEMORY / 2)}."
        yield Check("memory", WARNING, detail, hint)
    else:
        yield Check("memory", OK, detail)


def check_processor(found: Cores) -> Check:
    """Say how many cores are used, and why."""
    if found.bound is None:
        return Check("processor", OK, plural(found.usable, "core"))
    detail = f"{found.usable} of {plural(found.there, 'core')} used: {found.bound}"
    if found.bound.startswith(GROUP):
        hint = f"Give the container more, as with docker run --cpus; or type: export {CPUS}=2"
        return Check("processor", WARNING, detail, hint)
    return Check("processor", OK, detail)


def check_cards(found: Sequence[str]) -> Check:
    """Say which NVIDIA cards there are, and what is computed on them.

    Args:
        found: Those that TensorFlow sees, by its names.
    """
    name = "GPUs"
    named = ", ".join(gpu.cards()) or ("NVIDIA's" if gpu.card_there() else "")
    if gpu.hidden() and named:
        return Check(name, OK, f"{named}, hidden by {gpu.VISIBLE}: the processor computes")
    tensors = ", ".join(item.rpartition(":device:")[2] or item for item in found)
    onnx = gpu.onnx_on_card()
    if not (named or tensors):
        return Check(name, OK, "none: everything is computed on the processor")
    card = named or tensors
    if onnx and tensors:
        hint = "To train on all of them, type: tl-catdog train --devices all" * (len(found) > 1)
        return Check(name, OK, f"{card}: features, answers and training are computed there", hint)
    if onnx:
        hint = f"For training as well, type: {CUDA_TENSORFLOW}"
        return Check(name, OK, f"{card}: features and answers are computed there", hint)
    if tensors:
        hint = f"For a quicker start, type: {CUDA_ONNX}"
        return Check(name, OK, f"{card}: TensorFlow computes everything there", hint)
    hint = f"To use it, type: {CUDA_ONNX} {CUDA_TENSORFLOW.removeprefix(PIP)}"
    return Check(name, WARNING, f"{card}, which nothing here can use", hint)


def check_folders(runs_dir: Path) -> Iterator[Check]:
    """Check the folders that are written to: the disk's room, and whether they can be."""
    yield check_folder("runs folder", runs_dir, "Name another place: --runs-dir FOLDER")
    yield from check_unfinished(runs_dir)
    other = "Name another place: export XDG_CACHE_HOME=FOLDER"
    cache = check_folder("cache folder", cache_folder(), other)
    if cache.state == FAILED:  # it only saves time
        detail = f"{cache.detail}: nothing is kept to save time"
        cache = replace(cache, state=WARNING, detail=detail)
    yield cache
    other = "Name another place: export TMPDIR=FOLDER"
    try:
        yield check_folder("temporary folder", Path(tempfile.gettempdir()), other)
    except OSError as error:
        yield Check("temporary folder", FAILED, str(error.strerror), other)


def check_folder(name: str, folder: Path, hint: str) -> Check:
    """Check one folder; for one that isn't there yet, the place where it would be made.

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
    detail = f"{folder}, {byte_size(free)} free"
    if free < LEAST_DISK:
        return Check(name, WARNING, f"{detail}, less than {byte_size(LEAST_DISK)}", hint)
    return Check(name, OK, detail)


def check_unfinished(runs_dir: Path) -> Iterator[Check]:
    """Name the trainings that were killed, with what to type to go on; nothing where none was."""
    stopped = [item for item in list_unfinished(runs_dir) if not item.running]
    if stopped:
        names = listing(dict.fromkeys(item.name for item in stopped))
        size = byte_size(sum(item.bytes for item in stopped))
        hint = f"Type: {stopped[-1].resume}, or: tl-catdog cache --clear-unfinished"
        yield Check("unfinished trainings", WARNING, f"{names}, {size}", hint)


def check_feature_cache(path: Path | None = None) -> Check:
    """Check the feature cache without making, mending or marking anything in it."""
    path, name = path or store_path(), "feature cache"
    found = contents(path)
    if found.problem is not None:
        anew = f"{path}: {found.problem}; the next training begins it anew"
        return Check(name, WARNING, anew, "To be rid of it, type: tl-catdog cache --clear")
    if not found.size:
        return Check(name, OK, f"empty, {path}")
    return Check(name, OK, f"{count(found.values)} vectors, {byte_size(found.size)}, {path}")


def check_caches(root: Path | None = None) -> Iterator[Check]:
    """Check the feature cache, and say how much else lies in the cache folder."""
    root = root or cache_folder()
    yield check_feature_cache(root / store_path().name)
    for folder in sorted(root.glob("*/")):
        size = folder_size(folder)
        if size:
            hint = f"It can be made or fetched again; to be rid of it, type: rm -r {folder}"
            yield Check(f"{folder.name} cache", OK, f"{byte_size(size)}, {folder}", hint)


def folder_size(folder: Path) -> int:
    """Return the bytes of the files in a folder and below; links are not followed."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                size += Path(parent, name).lstat().st_size
    return size


def check_int8() -> Iterator[Check]:
    """Tell in which precision frozen backbones compute here."""
    from tl_catdog.models.backbones.registry import backbone_of
    from tl_catdog.models.integers import exact_integers
    from tl_catdog.models.precision import GAIN, measured_gain

    if not exact_integers():
        yield Check("int8", OK, "not exact on this processor: frozen backbones take float32")
        return
    gain = measured_gain(backbone_of("mobilenet"))
    taken = "int8" if gain >= GAIN else "float32"
    yield Check("int8", OK, f"{gain:.1f} times as fast as float32: frozen backbones take {taken}")


def check_weights() -> Iterator[Check]:
    """Hash the packaged weights of each backbone.

    Raises:
        CatdogError: They are missing or damaged.
    """
    from tl_catdog.models.backbones.registry import backbones
    from tl_catdog.models.weights import packaged_weights

    for spec in backbones().values():
        if spec.weights_file is None:
            continue
        millions = sum(value.size for value in packaged_weights(spec).values()) / 1e6
        hashed = f"{millions:.2f} million, SHA-256 {spec.sha256[:12]}… as packaged"
        yield Check(f"weights of {spec.arch}", OK, hashed)
