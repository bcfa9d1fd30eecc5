"""What works right after the installation, and that the repository can make it again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli, paint
from tl_catdog.runs.folder import shipped_run

TOOL = Path(__file__).parents[2] / "tools" / "make_shipped.py"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_predict_needs_no_run_and_says_who_answers(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("predict", paint(tmp_path / "a.png", (120, 90, 60), 1))
    assert outcome.code == 0
    assert outcome.out.split()[0] in shipped_run().classes
    assert "cats-dogs, which ships with tl-catdog" in outcome.err


def test_no_folder_is_left_behind(cli: Cli, tmp_path: Path) -> None:
    picture = paint(tmp_path / "a.png", (120, 90, 60), 1)
    cli("predict", picture)
    assert list(tmp_path.iterdir()) == [picture]


def test_evaluate_shows_its_figures_on_the_pictures_put_aside(cli: Cli) -> None:
    outcome = cli("evaluate", "cats-dogs")
    assert outcome.code == 0
    assert "cats-dogs on test of dogs-vs-cats, 351 pictures" in outcome.out


def test_pictures_it_was_trained_on_are_told(cli: Cli, photographs: Path, tmp_path: Path) -> None:
    for path in photographs.glob("t*/*/*.jpg"):  # training and test
        if path.stem.endswith("7"):
            part = tmp_path / "set" / path.relative_to(photographs)
            part.parent.mkdir(parents=True, exist_ok=True)
            part.symlink_to(path)
    outcome = cli("evaluate", "cats-dogs", "--data", "set", "--split", "test", "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["n"] == len([*tmp_path.glob("set/test/*/*")]) > 20
    assert "Warning" not in outcome.err
    outcome = cli("evaluate", "cats-dogs", "--data", "set/train", "--json")
    known = len([*tmp_path.glob("set/train/*/*")])
    assert f"trained on {known} of these pictures" in outcome.err
    assert known > 100


@pytest.mark.slow
@pytest.mark.photographs
def test_the_tool_makes_it_again(photographs: Path) -> None:
    done = subprocess.run(
        [sys.executable, TOOL, photographs, "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
