"""``data split`` and ``data draw``: what they say, write, and lead to."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pets", {"": 20})


def test_the_file_leads_to_a_training_on_this_split(cli: Cli, pictures: Path) -> None:
    done = cli("data", "split", pictures)
    assert done.code == 0
    file = pictures.with_name("pets.split.csv")
    assert f"Next: tl-catdog train --data {pictures} --split {file}" in done.out
    assert len(file.read_text().splitlines()) == 41
    words = ["--arch", "baseline", "--image-size", "32", "--epochs", "1"]
    done = cli("train", "--data", pictures, "--split", file, *words)
    assert done.code == 0
    assert "split by pets.split.csv" in done.err
    kept = (pictures.parent / "models" / "baseline" / "split.csv").read_text()
    assert sorted(kept.splitlines()) == sorted(file.read_text().splitlines())
    assert cli("evaluate", "baseline", "--split", "test").code == 0


def test_an_existing_file_is_replaced_only_when_told_to(cli: Cli, pictures: Path) -> None:
    assert cli("data", "split", pictures).code == 0
    done = cli("data", "split", pictures)
    assert done.code == 2
    assert "--force" in done.err
    assert cli("data", "split", pictures, "--force", "--seed", "1").code == 0


def test_folders_can_be_made_instead(cli: Cli, pictures: Path) -> None:
    done = cli("data", "split", pictures, "--folders", "made", "--test", "0.25", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["counts"]["test"] == {"ant": 5, "bee": 5}
    assert found["copied"] == 0
    assert len(list(Path("made").glob("*/*/*.png"))) == 40
    assert not pictures.with_name("pets.split.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--validation", "0.7", "--test", "0.3"],
        ["--out", "a.csv", "--folders", "b"],
        ["--validation", "0"],
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, pictures: Path, words: list[str]) -> None:
    assert cli("data", "split", pictures, *words).code == 2


def test_draw_writes_a_set_that_can_be_trained_on(cli: Cli, pictures: Path) -> None:
    words = ["--train", "3", "--validation", "2", "--test", "0", "--size", "48"]
    done = cli("data", "draw", "few", *words)
    assert done.code == 0
    assert "10 drawings: few" in done.out
    assert "Next: tl-catdog train --data few" in done.out
    assert len(list(Path("few").glob("*/*/*.jpg"))) == 10
    assert cli("data", "draw", "few", *words).code == 0
    done = cli("data", "draw", pictures, *words)
    assert done.code == 2
    assert "holds something else" in done.err
