"""A search from pictures to a TOML file: stopped and gone on with, within limits, honest."""

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import tl_catdog as tl
from tests.conftest import paint_set
from tl_catdog.api.training import training_images
from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.config_file import load_toml
from tl_catdog.errors import UsageError
from tl_catdog.tuning.results import Progress, Tuned
from tl_catdog.tuning.search import check_settings, trials_path, tune

BACKBONES = (("mobilenet", 32), ("mobilenet", 64))
TRIALS = 5


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    counts = {"train": 8, "validation": 4, "test": 5}
    return paint_set(tmp_path_factory.mktemp("tested") / "set", counts)


@pytest.fixture(scope="module")
def unsplit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint_set(tmp_path_factory.mktemp("unsplit") / "set", {"": 10}, seed=1)


def run(root: Path, out: Path, **how: Any) -> Tuned:
    config = TrainConfig(data=str(root))
    given: dict[str, Any] = {"trials": TRIALS} | how
    return tune(config, training_images(config, root), BACKBONES, out=out, **given)


def line(found: Tuned) -> dict[str, Any]:
    return {key: value for key, value in found.to_json().items() if key != "config"}


class Stops:
    """Asks to stop at a trial, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_with_test_pictures_these_judge_the_search(tested: Path, tmp_path: Path) -> None:
    found = run(tested, tmp_path / "tune.toml")
    assert (found.judged, found.trials, found.interrupted) == ("test", TRIALS, False)
    assert found.accuracy is not None
    assert found.accuracy.n == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tune.toml", "tune.trials.sqlite"]
    assert from_mapping(load_toml(found.config)) == found.settings


def test_without_them_each_picture_is_judged_by_a_search_without_it(
    unsplit: Path, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    found = run(unsplit, tmp_path / "tune.toml", watch=seen.append)
    assert found.judged == "nested"
    assert found.accuracy is not None
    assert found.optimism is not None
    assert found.accuracy.n == 20
    assert found.optimism.value == pytest.approx(found.inner_accuracy - found.accuracy.value)
    folds = [progress.fold for progress in seen]
    assert folds == sorted(folds)
    assert set(folds) == set(range(6))
    assert len(seen) == 6 * TRIALS
    assert seen[-1].left == 0
    assert all(progress.gain >= 0 and progress.folds == 5 for progress in seen)


@pytest.mark.parametrize("stop", [1, 7, 29])
def test_what_was_stopped_goes_on_to_the_same(unsplit: Path, tmp_path: Path, stop: int) -> None:
    whole = line(run(unsplit, tmp_path / "whole.toml"))
    out = tmp_path / "cut.toml"
    part = run(unsplit, out, watch=Stops(stop))
    assert part.interrupted
    assert part.accuracy is None
    assert part.trials == min(stop, TRIALS)
    assert from_mapping(load_toml(out)) == part.settings
    assert part.to_json()["accuracy"] is None
    assert "Stopped before" in part.sentences()[1]
    made: list[Progress] = []
    assert line(run(unsplit, out, watch=made.append)) == whole
    assert len(made) == 6 * TRIALS - stop
    assert run(unsplit, out, watch=made.append).to_json()["accuracy"] == whole["accuracy"]
    assert len(made) == 6 * TRIALS - stop  # all were there


def test_more_trials_go_on_from_fewer(tested: Path, tmp_path: Path) -> None:
    whole = line(run(tested, tmp_path / "whole.toml", trials=6))
    run(tested, tmp_path / "cut.toml", trials=2)
    assert line(run(tested, tmp_path / "cut.toml", trials=6)) == whole
    assert run(tested, tmp_path / "cut.toml", trials=2).trials == 2


def test_stopped_before_anything_is_through_nothing_is_left(tested: Path, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tested, tmp_path / "tune.toml", tell=stop)
    assert list(tmp_path.iterdir()) == []


def test_time_that_is_up_leaves_the_default_with_an_honest_figure(
    unsplit: Path, tmp_path: Path
) -> None:
    found = run(unsplit, tmp_path / "tune.toml", minutes=0)
    assert (found.trials, found.keeps_default, found.interrupted) == (1, True, False)
    assert found.accuracy is not None


def test_other_pictures_or_settings_are_refused_or_begin_anew(tested: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(tested, root)
    out = tmp_path / "tune.toml"
    run(root, out, trials=2)
    (root / "train" / "ant" / "000.png").unlink()
    with pytest.raises(UsageError, match="other pictures"):
        run(root, out, trials=2)
    made: list[Progress] = []
    run(root, out, trials=2, force=True, watch=made.append)
    assert len(made) == 2
    run(root, out, trials=2, watch=made.append)
    assert len(made) == 2


def test_a_file_of_trials_with_points_of_elsewhere_is_refused(tested: Path, tmp_path: Path) -> None:
    import contextlib
    import sqlite3

    out = tmp_path / "tune.toml"
    run(tested, out, trials=2)
    with contextlib.closing(sqlite3.connect(trials_path(out))) as database:
        database.execute("UPDATE trials SET trial = replace(trial, 'strength', 'strange')")
        database.commit()
    with pytest.raises(UsageError, match="found others in 'search'"):
        run(tested, out, trials=2)


@pytest.mark.parametrize(
    ("settings", "backbones", "match"),
    [
        ({}, (("baseline", 64),), "baseline"),
        ({"finetune": True}, BACKBONES, "finetune"),
        ({"finetune": None}, BACKBONES, "finetune"),
        ({"from_run": "x"}, BACKBONES, "from_run"),
    ],
)
def test_only_heads_of_frozen_backbones_are_searched(
    settings: dict[str, Any], backbones: Any, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        check_settings(TrainConfig(**settings), backbones)


@pytest.mark.slow
def test_the_settings_train_to_what_was_said(
    tested: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(tested, tmp_path / "tune.toml")
    assert found.accuracy is not None
    given: Callable[..., Any] = tl.train
    settings = {name: value for name, value in asdict(found.settings).items() if name != "data"}
    made = given(tested, **settings | {"runs_dir": str(tmp_path / "runs")})
    assert made.evaluate().metrics.accuracy == pytest.approx(found.accuracy.value, abs=0.1)
