"""What ``import tl_catdog`` gives: loading and comparing runs."""

import shutil
from pathlib import Path

import pytest

import tl_catdog as tl
from tests.conftest import Trained
from tl_catdog import api
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.folder import find_run


@pytest.mark.parametrize("name", ["train", "load", "compare", "Classifier", "UsageError"])
def test_the_package_hands_on_the_interface(name: str) -> None:
    assert getattr(tl, name) is getattr(api, name)
    assert set(tl.__all__) - {"__version__"} <= set(api.__all__)


def test_a_run_is_loaded_by_its_name_its_folder_or_itself(trained: Trained) -> None:
    path = trained.runs_dir / "small"
    for reference in ("small", path, str(path), find_run("small", trained.runs_dir)):
        assert tl.load(reference, runs_dir=trained.runs_dir).run.path == path


def test_without_a_name_the_newest_run_is_loaded(trained: Trained) -> None:
    assert tl.load(runs_dir=trained.runs_dir).name == "tuned"


def test_runs_are_looked_for_in_models_here(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").symlink_to(trained.runs_dir)
    monkeypatch.chdir(tmp_path)
    classifier = tl.load()
    assert classifier.run.path == tmp_path / "models" / "tuned"
    assert len(tl.compare()[0].runs) == 2
    monkeypatch.chdir("/")  # where the program is later doesn't matter
    assert classifier.predict(next(trained.data.glob("test/*/*")))[0].error is None
    assert classifier.evaluate(split="validation", again=True).metrics.n == 74


def test_a_run_that_is_not_finished_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mine.unfinished-x").mkdir()
    with pytest.raises(CatdogError, match="never finished"):
        tl.load("mine.unfinished-x", runs_dir=tmp_path)


def test_runs_are_compared_on_the_split_asked_for(trained: Trained) -> None:
    for split, n in ((None, 18), ("test", 18), ("validation", 74)):
        (group,) = tl.compare("small", "tuned", split=split, runs_dir=trained.runs_dir)
        assert (group.split, group.n) == (split or "test", n)
        assert [len(group.runs), len(group.pairs)] == [2, 1]


def test_a_run_that_is_given_twice_is_compared_once(trained: Trained) -> None:
    path = trained.runs_dir / "small"
    (group,) = tl.compare("small", path, tl.load(path), runs_dir=trained.runs_dir)
    assert [run.run for run in group.runs] == ["small"]
    assert group.pairs == ()


def test_two_runs_of_one_name_are_refused(trained: Trained, tmp_path: Path) -> None:
    other = shutil.copytree(trained.runs_dir / "tuned", tmp_path / "small")
    with pytest.raises(UsageError, match="different names") as caught:
        tl.compare(trained.runs_dir / "small", other)
    assert caught.value.hint == f"Type: mv {other} {other}-2"
