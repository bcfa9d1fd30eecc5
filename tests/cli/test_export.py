"""``tl-catdog export`` as a user types it."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.export.conftest import images, small, spoilt
from tl_catdog.export.formats import FORMATS
from tl_catdog.runs.folder import Run

__all__ = ["images", "small"]  # fixtures


def test_the_command_lists_what_differs_and_fails(
    small: Run, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "onnx", spoilt(FORMATS["onnx"], 0.01))
    outcome = cli("export", small.path, "--format", "onnx", "--out", tmp_path / "out")
    assert outcome.code == 1
    assert "written" in outcome.out
    assert outcome.err.count("onnx differs: ") == 5
    assert "Error: expected onnx to say what mine says" in outcome.err
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_writes_several_and_says_how_they_do(
    small: Run, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any format's name would do; Keras' own needs a network that Keras can load.
    monkeypatch.setitem(FORMATS, "keras", replace(FORMATS["onnx"], name="keras"))
    out = tmp_path / "out"
    words = ("export", small.path, "--format", "onnx", "--format", "keras", "--out", out)
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    assert re.search(r"onnx +\d+\.\d +\d+\.\d +100\.0 %", outcome.out)
    *rows, last = outcome.out.splitlines()
    assert max(map(len, rows)) <= 80
    assert last == f"In {out}, with how to use each: README.md"
    again = cli(*words)
    assert again.code == 2
    assert "--force" in again.err
    assert cli(*words, "--force", "--json").code == 0
    assert sorted(path.name for path in out.iterdir()) == ["keras", "onnx"]


def test_a_run_without_its_pictures_is_compared_on_drawings(
    small: Run, tmp_path: Path, cli: Cli
) -> None:
    moved = tmp_path / "models" / "moved"
    shutil.copytree(small.path, moved)
    manifest = json.loads((moved / "manifest.json").read_text())
    manifest["data"]["root"] = str(tmp_path / "gone")
    (moved / "manifest.json").write_text(json.dumps(manifest))
    outcome = cli("export", moved, "--format", "onnx", "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    assert "compared on drawings" in outcome.err
    assert json.loads(outcome.out)["exports"][0]["accuracy"] is None
