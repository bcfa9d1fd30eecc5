"""The installed command, as a newcomer runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import paint_set

COMMAND = Path(sys.executable).with_name("tl-catdog")

pytestmark = pytest.mark.slow


def run(
    *words: object, cwd: Path, code: int = 0, timeout: int = 900
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, *map(str, words)], cwd=cwd, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_both_architectures_on_the_drawn_set_then_compare(tmp_path: Path) -> None:
    run("train", "--arch", "baseline", "--epochs", 6, cwd=tmp_path)
    small = ("--image-size", 96, "--epochs", 3, "--finetune", "--finetune-epochs", 1)
    run("train", "--arch", "mobilenet", *small, cwd=tmp_path)
    table = run("compare", cwd=tmp_path).stdout
    assert "mobilenet-finetune beats baseline" in table
    (group,) = json.loads(run("compare", "--json", cwd=tmp_path).stdout)["groups"]
    accuracy = {row["run"]: row["accuracy"] for row in group["runs"]}
    assert group["split"] == "test"
    assert group["drawn"]
    assert accuracy["baseline"] > 0.55
    assert accuracy["mobilenet-finetune"] > 0.8
    assert group["pairs"][0]["p_value"] < 0.01


@pytest.mark.photographs
def test_photographs_give_a_good_classifier_at_once(tmp_path: Path, photographs: Path) -> None:
    words = ("--epochs", 2, "--image-size", 160, "--data", photographs)
    run("train", "--arch", "mobilenet", *words, cwd=tmp_path)
    found = json.loads(run("evaluate", "mobilenet", "--json", cwd=tmp_path).stdout)
    assert (found["n"], found["split"], found["classes"]) == (351, "test", ["cats", "dogs"])
    assert found["accuracy"] > 0.94
    assert found["auc"] > 0.99


def start(tmp_path: Path, *words: object) -> "subprocess.Popen[str]":
    data = paint_set(tmp_path / "set", {"train": 40, "validation": 10})
    return subprocess.Popen(
        [str(COMMAND), "train", "--arch", "baseline", "--data", str(data), "--image-size", "32"]
        + [str(word) for word in words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def wait_for_line(process: "subprocess.Popen[str]", part: str) -> None:
    assert process.stderr is not None
    deadline = time.monotonic() + 300
    for line in process.stderr:
        if part in line:
            return
        assert time.monotonic() < deadline
    raise AssertionError(f"it ended without saying {part!r}")


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    process = start(tmp_path, "--epochs", 5000)
    wait_for_line(process, "3/5000")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Interrupted" in err
    manifest = json.loads((tmp_path / "models" / "baseline" / "manifest.json").read_text())
    assert manifest["interrupted"] is True
    assert run("evaluate", "baseline", cwd=tmp_path).stdout


def test_ctrl_c_before_the_first_epoch_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    process = start(tmp_path, "--epochs", 5000)
    wait_for_line(process, "decoded 80 train")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "nothing was saved" in err
    assert list((tmp_path / "models").iterdir()) == []


def test_a_kill_leaves_a_folder_known_as_unfinished(tmp_path: Path) -> None:
    process = start(tmp_path, "--epochs", 5000)
    wait_for_line(process, "2/5000")
    process.kill()
    process.communicate()
    (left,) = (tmp_path / "models").iterdir()
    assert left.name.startswith("baseline.unfinished-")
    outcome = run("compare", cwd=tmp_path, code=2)
    assert left.name in outcome.stderr
    assert "found none" in outcome.stderr
