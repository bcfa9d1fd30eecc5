"""What ``tl-catdog train`` says of a folder before it trains: what it read, what it left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.support.commands import assert_one_line, interrupt, watched
from tests.support.trees import plant
from tl_catdog.cli import sources
from tl_catdog.data.folders import holds_images
from tl_catdog.runs.folder import shipped_run


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched(monkeypatch, "tl_catdog.api.fit", interrupt)
    monkeypatch.chdir(tmp_path)


def own_run(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("config.json", "manifest.json"):
        shutil.copy(shipped_run().path / name, folder)
    plant(folder, "robustness.png")


def test_what_was_read_and_what_was_left_out_are_said_once(cli: Cli) -> None:
    plant(Path("pets"), "Training/Cats/ 5", "Training/dogs/ 5", "VAL/cats/ 2", "VAL/dogs/ 2")
    plant(Path("pets"), "test/ 4", "more/ 3", "Training/dogs/a.txt", "Training/@eaDir/ 5")
    own_run(Path("pets") / "results")
    outcome = cli("train", "--data", "pets", columns=200)
    lines = outcome.err.splitlines()
    assert lines[0] == "pets (split folders)"
    assert [line.split() for line in lines if line.startswith((" train", " validation"))] == [
        ["train", "5", "5"],
        ["validation", "2", "2"],
    ]
    note = "Folders named 'Cats' and 'cats' are taken for one class, Cats."
    (left_out,) = (line for line in lines if line.startswith("Left out: "))
    assert lines.count(note) == 1
    assert left_out == (
        "Left out: 1 × .txt, 3 × pictures in more beside Training, 4 × pictures without a class in "
        "test (tl-catdog predict pets/test), 1 × result of tl-catdog"
    )


def test_folders_that_could_be_two_things_end_it_in_one_line(cli: Cli) -> None:
    plant(Path("pets"), "A/cats/ 5", "A/dogs/ 5", "B/cats/ 2", "B/dogs/ 2")
    outcome = cli("train", "--data", "pets")
    assert (outcome.code, outcome.out) == (2, "")
    assert_one_line(outcome.err)
    assert f"mv {Path.cwd()}/pets/A {Path.cwd()}/pets/train" in outcome.err


def test_a_test_folder_alone_is_nothing_to_train_on(cli: Cli) -> None:
    outcome = cli("train", "--data", plant(Path("pets"), "test/cats/ 5", "test/dogs/ 5"))
    assert outcome.code == 2
    assert_one_line(outcome.err)
    assert "found test only" in outcome.err


def test_the_folder_of_its_own_results_may_be_the_datas(cli: Cli) -> None:
    plant(Path(), "cats/ 6", "dogs/ 6")
    own_run(Path("models") / "baseline")
    outcome = cli("train", "--data", ".")
    assert [line.split() for line in outcome.err.splitlines() if "split " in line] == [
        ["split", "cats", "dogs"]
    ]
    assert "Left out: 1 × result of tl-catdog" in outcome.err.splitlines()


def test_own_results_alone_are_no_pictures_to_train_on() -> None:
    own_run(Path("data") / "models" / "baseline")
    assert not holds_images(sources.HERE)
    plant(Path("data"), "cats/ 1")
    assert holds_images(sources.HERE)
