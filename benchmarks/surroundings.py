"""What figures depend on: the machine, the packages' versions, the commit, the pictures."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tl_catdog.cores import usable_cores
from tl_catdog.data.folders import images_below
from tl_catdog.training.manifest import package_versions

PACKAGES = ("tensorflow", "keras", "keras-cv", "onnxruntime", "pillow", "numpy")
ROOT = Path(__file__).resolve().parent.parent


def surroundings(
    data: Path | None, sets: Mapping[str, Mapping[str, int]] | None = None
) -> dict[str, Any]:
    """Return all that a reader needs to judge the figures, for JSON.

    Args:
        data: The split folder of most sections.
        sets: How many pictures each split of each set has, in the section on all sets.
    """
    return {
        "machine": machine(),
        "versions": package_versions(PACKAGES),
        "git": git(),
        "pictures": pictures(data) if data else {},
        "sets": {name: dict(counts) for name, counts in (sets or {}).items()},
    }


def machine() -> dict[str, Any]:
    """Return processor, usable cores and memory."""
    return {
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
    }


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as the system gives it."""
    try:
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git() -> dict[str, Any]:
    """Return the commit of this project, and whether tracked files differ from it."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": None if changed is None else bool(changed)}


def _git(*words: str) -> str | None:
    try:
        answer = subprocess.run(
            # Without optional locks it changes nothing, not even the index.
            ["git", "--no-optional-locks", "-C", str(ROOT), *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def pictures(data: Path) -> dict[str, Any]:
    """Return how many pictures each split of the folder holds."""
    folders = sorted(entry for entry in data.iterdir() if entry.is_dir())
    return {entry.name: sum(1 for _ in images_below(entry)) for entry in folders}
