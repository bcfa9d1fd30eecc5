"""``tl-catdog tune``: its options reach the search; what it found is shown, kept and trained."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line, watched
from tests.tuning.test_results import tuned
from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.config_file import load_toml
from tl_catdog.tuning.results import Tuned

SEARCH = "tl_catdog.api.tuning.search"


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pets", {"train": 8, "test": 3})


def searched(monkeypatch: pytest.MonkeyPatch, found: Tuned | None = None) -> list[Any]:
    return watched(monkeypatch, SEARCH, lambda *_, **__: found or tuned())


def test_options_reach_the_search(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = searched(monkeypatch)
    (tmp_path / "base.toml").write_text("dropout = 0.25\nseed = 3\n")
    words = ("--arch", "mobilenet", "--arch", "efficientnet-lite0", "--image-size", 64)
    more = ("--image-size", 96, "--trials", 7, "--minutes", 2.5, "--out", "x.toml", "--force")
    outcome = cli("tune", "--data", "pets", "--config", "base.toml", "--seed", 9, *words, *more)
    assert outcome.code == 0, outcome
    (((config, images, backbones), named),) = calls
    assert config == TrainConfig(data="pets", dropout=0.25, seed=9)
    assert images.classes == ("ant", "bee")
    assert backbones == (
        *(("mobilenet", 64), ("mobilenet", 96)),
        *(("efficientnet-lite0", 64), ("efficientnet-lite0", 96)),
    )
    given = {key: named[key] for key in ("trials", "minutes", "out", "force")}
    assert given == {"trials": 7, "minutes": 2.5, "out": Path("x.toml"), "force": True}


def test_by_itself_it_searches_the_default_backbone(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = searched(monkeypatch)
    cli("tune", "--data", "pets")
    (((config, _, backbones), named),) = calls
    assert config == TrainConfig(data="pets")
    assert backbones == (("mobilenet", 224),)
    assert (named["trials"], named["minutes"], named["out"]) == (30, None, Path("tune.toml"))


def test_what_was_found_is_said_in_words_and_how_to_train_it(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(monkeypatch)
    outcome = cli("tune", "--data", "pets")
    lines = outcome.out.splitlines()
    assert lines[0] == "30 trials."
    assert tuple(lines[1:4]) == tuned().sentences()
    assert lines[4] == "Settings: arch mobilenet, data here, image_size 224, strength 3.0"
    assert outcome.err == "To train it, type: tl-catdog train --config tune.toml\n"
    searched(monkeypatch, replace(tuned(), left_out=2, interrupted=True))
    outcome = cli("tune", "--data", "pets")
    assert "Left out of the figure: 2 test pictures that are copies" in outcome.err
    assert "Interrupted: the best so far was kept." in outcome.err


def test_json_ends_with_one_line(cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(monkeypatch)
    outcome = cli("tune", "--data", "pets", "--json")
    assert json.loads(outcome.out) == tuned().to_json()
    assert outcome.out.count("\n") == 1


def test_train_trains_what_was_found(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(monkeypatch)
    trained = watched(monkeypatch, "tl_catdog.cli.train.run_training", lambda values: None)
    assert cli("tune", "--data", "pets", "--train").code == 0
    (((values,), _),) = trained
    assert from_mapping(values) == tuned().settings
    searched(monkeypatch, replace(tuned(), interrupted=True))
    cli("tune", "--data", "pets", "--train")
    assert len(trained) == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--arch", "baseline"), "baseline"),
        (("--arch", "mobilnet"), "mobilnet"),
        (("--image-size", 5), "--image-size"),
        (("--trials", 0), "--trials"),
        (("--out", "x.json"), "x.json"),
        (("--out", "pets"), "pets"),
        (("--config", "nowhere.toml"), "nowhere.toml"),
        (("--config", "fine.toml"), "finetune"),
        (("--label-column", "x"), "--label"),
    ],
)
def test_wrong_use_is_one_line(
    cli: Cli, pictures: Path, words: tuple[object, ...], found: str
) -> None:
    Path("fine.toml").write_text("finetune = true\n")
    outcome = cli("tune", "--data", "pets", *words)
    assert outcome.code == 2
    assert outcome.out == ""
    assert_one_line(outcome.err)
    assert found in outcome.err


def test_a_place_that_cannot_be_written_to_is_one_line(cli: Cli, pictures: Path) -> None:
    words = ("--image-size", 32, "--trials", 1, "--out", "/dev/null/x.toml")
    outcome = cli("tune", "--data", "pets", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert_one_line(outcome.err)


def test_drawings_are_said_to_be_drawings(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(monkeypatch)
    (pictures / "drawn.json").touch()
    assert "no measure of it" in cli("tune", "--data", "pets").err


@pytest.mark.slow
def test_from_pictures_to_a_run(cli: Cli, pictures: Path) -> None:
    words = ("--image-size", 32, "--trials", 3, "--train", "--json")
    outcome = cli("tune", "--data", "pets", *words)
    assert outcome.code == 0, outcome
    found = json.loads(outcome.out.splitlines()[-1])
    assert (found["n"], found["trials"], found["config"]) == (6, 3, "tune.toml")
    assert from_mapping(load_toml(Path("tune.toml"))).data == "pets"
    assert Path("models/mobilenet/manifest.json").is_file()
    again = cli("tune", "--data", "pets", *words[:4], "--json")
    assert json.loads(again.out) == found


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_and_the_same_command_goes_on(pictures: Path) -> None:
    root = paint_set(pictures.parent / "whole", {"": 12})
    typed = [sys.executable, "-m", "tl_catdog", "tune", "--data", root.name, "--image-size", "32"]
    typed += ["--trials", "2000", "--json"]
    with subprocess.Popen(
        typed, cwd=pictures.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "3/2000" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["accuracy"] is None
    assert 3 <= found["trials"] < 2000
    assert "Interrupted: the best so far was kept." in err
    assert load_toml(pictures.parent / "tune.toml")["image_size"] == 32
    few = [*typed, "--trials", str(found["trials"])]
    done = subprocess.run(few, cwd=pictures.parent, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["accuracy"] is not None
    assert "\n1/" not in done.stderr  # the search on all pictures was there
