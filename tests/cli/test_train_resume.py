"""``tl-catdog train --resume``: what goes on, what is refused, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line, interrupt
from tl_catdog.runs.folder import ONNX
from tl_catdog.runs.unfinished import CHECKPOINT, list_unfinished


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "set", {"train": 40, "validation": 9})


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "tl_catdog", "train", *map(str, words)]


def until(condition: Any, process: subprocess.Popen[str]) -> None:
    """Wait for something that a training does."""
    for _ in range(3000):
        if condition():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("it never came")


WORDS = ("--arch", "baseline", "--data", "set", "--image-size", 32, "--epochs", 25)


def test_a_killed_training_goes_on_to_the_same_bits(cli: Cli, data: Path) -> None:
    assert cli("train", *WORDS, "--run", "whole").code == 0
    models = data.parent / "models"
    process = subprocess.Popen(
        command(*WORDS, "--run", "mine"), stderr=subprocess.PIPE, text=True, cwd=data.parent
    )
    until(lambda: list(models.glob(f"mine.unfinished-*/{CHECKPOINT}")), process)
    process.send_signal(signal.SIGSTOP)  # that it isn't through before it is asked about
    refused = cli("train", "--resume", "mine")
    assert refused.code == 2
    assert "mine is still being trained" in refused.err
    process.kill()
    process.communicate()
    assert [item.name for item in list_unfinished(models)] == ["mine"]
    said = cli("compare").err
    assert "tl-catdog train --resume mine" in " ".join(said.split())
    again = cli("train", "--resume", "mine", "--arch", "baseline")
    assert again.code == 0, again.err
    assert "goes on after epoch" in again.err
    networks = [(models / name / ONNX).read_bytes() for name in ("whole", "mine")]
    assert networks[0] == networks[1]
    assert list_unfinished(models) == ()


def test_a_signal_keeps_the_best_and_says_how_to_go_on(cli: Cli, data: Path) -> None:
    models = data.parent / "models"
    process = subprocess.Popen(
        command(*WORDS, "--run", "mine"), stderr=subprocess.PIPE, text=True, cwd=data.parent
    )
    until(lambda: list(models.glob(f"mine.unfinished-*/{CHECKPOINT}")), process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert "Interrupted: the best network so far was kept." in err
    assert "tl-catdog train --resume mine" in err
    manifest = json.loads((models / "mine" / "manifest.json").read_text())
    assert manifest["interrupted"]
    assert cli("train", "--resume").code == 0
    manifest = json.loads((models / "mine" / "manifest.json").read_text())
    assert not manifest["interrupted"]
    assert os.listdir(models) == ["mine"]  # noqa: PTH208


def test_nothing_to_resume_is_said(cli: Cli, data: Path) -> None:
    outcome = cli("train", "--resume")
    assert outcome.code == 2
    assert "found none; there is nothing. Type: tl-catdog train" in outcome.err
    assert_one_line(outcome.err)


def test_a_name_without_the_option_is_wrong_use(cli: Cli, data: Path) -> None:
    outcome = cli("train", "mine")
    assert outcome.code == 2
    assert "tl-catdog train --resume mine" in outcome.err


def test_other_settings_are_refused_and_the_way_to_them_is_named(
    cli: Cli, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(self: Any, split: str, done: int, total: int) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr("tl_catdog.api.live.PlainView.predicting", stopped)
    outcome = cli("train", *WORDS[:-1], 2, "--run", "mine")
    assert outcome.code == 1
    assert "tl-catdog train --resume mine" in outcome.err
    refused = cli("train", "--resume", "mine", "--epochs", 5)
    assert refused.code == 2
    assert "--epochs 5 instead of 2" in refused.err
    assert "tl-catdog train --from mine --epochs 5" in refused.err
    # What was trained is there, though the disk was full when the run was to be written.
    monkeypatch.undo()
    monkeypatch.chdir(data.parent)
    assert cli("train", "--resume", "mine").code == 0


def test_interrupted_while_pictures_are_read_nothing_is_left(
    cli: Cli, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.training.trainer.prepare_inputs", interrupt)
    outcome = cli("train", *WORDS)
    assert outcome.code == 130
    assert "nothing was saved" in outcome.err
    assert list((data.parent / "models").iterdir()) == []


def test_more_epochs_are_a_new_run_that_begins_with_another_s_weights(cli: Cli, data: Path) -> None:
    assert cli("train", *WORDS[:-1], 2, "--run", "first").code == 0
    outcome = cli("train", *WORDS[:-1], 1, "--from", "first", "--run", "more")
    assert outcome.code == 0, outcome.err
    manifest = json.loads((data.parent / "models" / "more" / "manifest.json").read_text())
    assert manifest["from"]["name"] == "first"
    wrong = cli("train", "--arch", "mobilenet", "--data", "set", "--from", "first")
    assert wrong.code == 2
    assert "--arch baseline" in wrong.err
