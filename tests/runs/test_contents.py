"""What the files of a run say: pictures and epochs, each checked."""

from pathlib import Path

import pytest

from tests.conftest import Trained, paint_set
from tests.support.bare_runs import publish_run
from tests.support.made_up import made_up_run
from tl_catdog.data.sets import load_training_set
from tl_catdog.errors import CatdogError
from tl_catdog.runs.contents import (
    extracted_of,
    own_images,
    read_metrics,
    read_split,
    with_features,
)
from tl_catdog.runs.folder import find_run


def test_the_epochs_of_a_real_run_come_stage_after_stage(trained: Trained) -> None:
    run = find_run("tuned", trained.runs_dir)
    assert [row["stage"] for row in read_metrics(run)] == ["linear", "finetune"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "expected JSON as line 2"),
        (b"[]", "expected an object as line 2"),
        (b'{"stage": "frozen"}', "a value as line 2.epoch"),
        (b'{"stage": "frozen", "epoch": -1}', "line 2.epoch"),
        (b"[" * 5000, "lists and objects within each other as line 2"),
    ],
)
def test_what_is_no_line_of_an_epoch_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    good = (
        b'{"stage": "a", "epoch": 1, "loss": 1, "val_loss": NaN, "accuracy": 0, "val_accuracy": 1}'
    )
    run = publish_run(tmp_path, files={"metrics.jsonl": good + b"\n" + line})
    with pytest.raises(CatdogError, match=problem):
        read_metrics(run)


def test_a_run_knows_its_pictures_without_opening_one(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 3, "test": 1})
    images = load_training_set(data)
    run = made_up_run(data, tmp_path / "models", drawn=True)
    for path in data.rglob("*.png"):
        path.unlink()
    found = own_images(run)
    assert found.examples == images.examples
    assert found.classes == run.classes == ("ant", "bee")
    assert found.drawn
    assert found.root == data
    assert run.image_size == 32
    assert run.predicted_splits() == ("test", "validation")
    assert run.predictions_path("test") == run.path / "predictions" / "test.csv"


def test_a_run_without_its_split_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatdogError, match=r"found none: .*split\.csv") as caught:
        read_split(publish_run(tmp_path))
    assert "split.csv" in caught.value.hint


def test_features_may_be_named_in_the_place_of_pictures(tmp_path: Path) -> None:
    run = publish_run(tmp_path)
    assert extracted_of(run) is None
    assert extracted_of(with_features(run, "s3://bucket/features")) == {
        "place": "s3://bucket/features"
    }
    assert extracted_of(run) is None
