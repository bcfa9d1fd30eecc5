"""Searching from Python: backbones by name, the search's result, settings that can be trained."""

from pathlib import Path
from typing import Any

import pytest

import tl_catdog as tl
from tests.conftest import paint_set
from tl_catdog.api.tuning import backbones_of, of_backbone
from tl_catdog.config import TrainConfig
from tl_catdog.errors import UsageError
from tl_catdog.tuning.results import Progress


def test_backbones_are_each_architecture_at_each_size() -> None:
    assert backbones_of(TrainConfig(), (), ()) == (("mobilenet", 224),)
    assert backbones_of(TrainConfig(image_size=96), (), ()) == (("mobilenet", 96),)
    names = ("efficientnet-lite2", "mobilenet", "mobilenet")
    assert backbones_of(TrainConfig(), names, ()) == (
        ("efficientnet-lite2", 260),
        ("mobilenet", 224),
    )
    assert len(backbones_of(TrainConfig(), names, (64, 96))) == 4


def test_a_set_is_split_as_for_what_is_searched() -> None:
    """The baseline holds pictures out where a frozen backbone, of few, doesn't."""
    searched = (("mobilenet", 224),)
    assert of_backbone(TrainConfig(arch="baseline"), searched).arch == "mobilenet"
    assert of_backbone(TrainConfig(arch="efficientnet-lite0"), searched).arch != "mobilenet"


@pytest.mark.parametrize(
    ("archs", "sizes", "match"),
    [(("baseline",), (), "baseline"), (("x",), (), "x"), ((), (7,), "image_size")],
)
def test_what_cannot_be_searched_is_refused(archs: Any, sizes: Any, match: str) -> None:
    with pytest.raises(UsageError, match=match):
        backbones_of(TrainConfig(), archs, sizes)


def test_a_search_from_python(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"train": 8, "test": 4})
    seen: list[Progress] = []
    out = tmp_path / "found.toml"
    found = tl.tune(root, trials=2, image_size=32, out=out, watch=seen.append, seed=5)
    assert [progress.trial.number for progress in seen] == [0, 1]
    assert found.accuracy is not None
    assert found.accuracy.n == 8
    assert found.config == out
    assert (found.settings.seed, found.settings.image_size) == (5, 32)
    assert found.settings.data == str(root)
    with pytest.raises(UsageError, match="expected known settings"):
        tl.tune(root, epohcs=3)
