"""Which split an evaluation is of, and what a run has saved of it."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.made_up import network_run, small_network
from tl_catdog.api import classifier
from tl_catdog.api.classifier import Classifier
from tl_catdog.api.evaluated import (
    default_split,
    own_again,
    saved_predictions,
    split_to_evaluate,
)
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.contents import with_features
from tl_catdog.runs.folder import shipped_run


def images(*splits: str) -> ImageSet:
    examples = tuple(Example(Path(s), s, "cats", s, s) for s in splits)
    return ImageSet(Path(), "class folders", ("cats",), examples)


@pytest.mark.parametrize(
    ("splits", "chosen"),
    [
        (("train", "validation", "test"), "test"),
        (("train", "validation"), "validation"),
        (("all",), "all"),
        (("train",), "train"),
    ],
)
def test_the_split_that_says_most_is_chosen(splits: tuple[str, ...], chosen: str) -> None:
    assert default_split(images(*splits)) == chosen
    run = shipped_run()
    assert split_to_evaluate(run, images(*splits), None, own=False, again=True) == chosen
    assert split_to_evaluate(run, images(*splits), "train", own=True, again=True) == "train"


def test_out_of_fold_figures_cant_be_made_anew() -> None:
    run = shipped_run()
    run = replace(run, manifest={**run.manifest, "validation": "out-of-fold"})
    assert run.out_of_fold
    assert split_to_evaluate(run, images("train"), None, own=True, again=False) == "validation"
    with pytest.raises(UsageError, match=r"out-of-fold.*--data DIR"):
        split_to_evaluate(run, images("train"), None, own=True, again=True)
    assert split_to_evaluate(run, images("train", "test"), None, own=True, again=True) == "test"
    assert split_to_evaluate(run, images("all"), None, own=False, again=True) == "all"


def test_saved_predictions_come_with_what_couldnt_be_read_of_their_split() -> None:
    run = shipped_run()
    skipped = [{"path": f"{s}.jpg", "split": s, "reason": "empty"} for s in ("train", "test")]
    run = replace(run, manifest={**run.manifest, "skipped": skipped})
    predictions, found = saved_predictions(run, "test")
    assert len(predictions) == 351
    assert [(item.path.name, item.reason) for item in found] == [("test.jpg", "empty")]
    with pytest.raises(CatdogError, match=r"found none: .*none\.csv"):
        saved_predictions(run, "none")


def test_figures_are_given_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 4})
    images = load_training_set(data)
    run = network_run(tmp_path / "runs", small_network(pool=4)[0], size=32, images=images)

    def full(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(classifier, "keep", full)
    found = Classifier(run).evaluate(split="test", again=True)
    assert found.metrics.n == 8
    assert found.notes == (f"Not kept: {run.path} can't be written to (Read-only file system).",)
    assert len(Classifier(run).robustness(split="test")) > 5
    monkeypatch.undo()
    assert Classifier(run).evaluate(split="test", again=True).notes == ()
    assert Classifier(run).evaluate(split="test").metrics == found.metrics


def test_pictures_in_a_store_are_told_by_their_address_and_features_are_offered() -> None:
    address = "s3://bucket/pictures"
    run = with_features(shipped_run(), "s3://bucket/features")
    data = {**run.manifest["data"], "root": address}
    run = replace(run, manifest={**run.manifest, "data": data})
    example = Example(Path(address, "a.jpg"), "a.jpg", "cats", "test", "0" * 64)
    with pytest.raises(CatdogError) as caught:
        own_again(run, [example], Path(address))
    assert f"{address}/a.jpg" in caught.value.message
    assert caught.value.hint.startswith("Add --features s3://bucket/features, or")
