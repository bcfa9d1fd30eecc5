"""Which split an evaluation is of, and what a run has saved of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tl_catdog.api.evaluated import default_split, saved_predictions, split_to_evaluate
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.errors import CatdogError, UsageError
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
