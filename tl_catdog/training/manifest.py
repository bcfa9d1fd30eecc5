"""What a run records of its surroundings: data, versions, machine, commit."""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psutil

from tl_catdog.data.folders import SPLITS
from tl_catdog.version import __version__, version_of

if TYPE_CHECKING:
    from tl_catdog.data.examples import ImageSet  # NumPy, which benchmarks' starter leaves alone

PACKAGES = (
    "tensorflow",
    "keras",
    "keras-cv",
    "onnx",
    "onnxruntime",
    "numpy",
    "pillow",
    "scipy",
    "scikit-learn",
)


def describe(images: ImageSet) -> dict[str, Any]:
    """Return what a manifest says of the data."""
    return {
        "name": images.name,
        "root": images.address or str(images.root.absolute()),
        "layout": images.layout,
        "drawn": images.drawn,
        "classes": list(images.classes),
        "counts": {split: images.counts()[split] for split in SPLITS if split in images.splits},
        "fingerprint": images.fingerprint,
        "ignored": dict(images.ignored),
        "identical_across_splits": len(images.leaks()),
    }


def package_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Return the versions that a result may depend on: ours, Python's and those of packages."""
    found = {"tl-catdog": __version__, "python": platform.python_version()}
    return found | {package: version_of(package) for package in packages}


def describe_surroundings() -> dict[str, Any]:
    """Return what a manifest says of the place of a training: versions, machine, git commit."""
    return {"versions": package_versions(), "machine": machine(), "git_commit": git_commit()}


def machine() -> dict[str, Any]:
    """Return what timings depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
    }


def elapsed() -> float:
    """Return the seconds since this process was started."""
    return time.time() - float(psutil.Process().create_time())


def git_commit() -> str | None:
    """Return the commit that the working folder is at, if it is in a git repository."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
