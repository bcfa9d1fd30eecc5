"""What a run records of its pictures and its surroundings."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import psutil
import pytest

from tests.conftest import paint_set
from tl_catdog.data.sets import load_set
from tl_catdog.training import manifest
from tl_catdog.version import __version__


def test_identical_pictures_in_two_splits_are_counted(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 4, "validation": 3, "test": 2})
    assert manifest.describe(load_set(root))["identical_across_splits"] == 0
    copied = (root / "train" / "ant" / "000.png").read_bytes()
    (root / "validation" / "ant" / "copy.png").write_bytes(copied)
    (root / "test" / "bee" / "copy.png").write_bytes(copied)
    (root / "train" / "ant" / "again.png").write_bytes(copied)  # no leak: it is trained on
    found = manifest.describe(load_set(root))
    assert found["identical_across_splits"] == 2
    assert found["counts"] == {
        "train": {"ant": 5, "bee": 4},
        "validation": {"ant": 4, "bee": 3},
        "test": {"ant": 2, "bee": 3},
    }


def test_the_data_are_told_by_name_place_and_content(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "insects", {"train": 2, "validation": 1})
    (root / "train" / "ant" / "notes.txt").write_text("none")
    images = load_set(root, drawn=False)
    found = manifest.describe(images)
    assert found["name"] == "insects"
    assert found["root"] == str(root)
    assert found["classes"] == ["ant", "bee"]
    assert found["fingerprint"] == images.fingerprint
    assert found["ignored"] == {".txt": 1}
    assert found["drawn"] is False
    assert list(found["counts"]) == ["train", "validation"]
    assert manifest.describe(load_set(root, drawn=True))["drawn"] is True


def test_versions_are_those_that_are_installed() -> None:
    found = manifest.package_versions(("numpy", "no-such-package"))
    assert found == {
        "tl-catdog": __version__,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "no-such-package": "not installed",
    }
    assert set(manifest.PACKAGES) < set(manifest.package_versions())


def test_the_machine_is_what_the_system_says_and_no_argument_of_whoever_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["my_script.py", "--password", "hunter2"])
    found = manifest.describe_surroundings()["machine"]
    assert found["cpus"] == os.cpu_count()
    assert found["memory_bytes"] == psutil.virtual_memory().total
    assert "hunter2" not in str(found)
    assert platform.machine() in found["system"]


def test_the_commit_is_that_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert manifest.git_commit() is None
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *words], check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert manifest.git_commit() == head
    monkeypatch.setenv("PATH", "")
    assert manifest.git_commit() is None


def test_elapsed_counts_from_the_start_of_the_process() -> None:
    code = (
        "import time; began = time.time(); time.sleep(0.3)\n"
        "from tl_catdog.training.manifest import elapsed\n"
        "whole, since = elapsed(), time.time() - began\n"
        # The system's clock of processes ticks in hundredths of a second.
        "assert since - 0.05 < whole < since + 60, (whole, since)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
