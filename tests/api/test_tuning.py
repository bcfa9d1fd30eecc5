"""Searching from Python: backbones by name, the search's result, settings that can be trained."""

from pathlib import Path
from typing import Any

import pytest

import tl_catdog as tl
from tests.conftest import paint_set
from tests.support.extracted import extracted
from tl_catdog.api.tuning import backbones_of, of_backbone, to_search
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


def test_of_features_there_is_one_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = paint_set(tmp_path / "set", {"train": 4, "test": 2})
    dest = extracted(root, tmp_path / "features", monkeypatch, "no")
    config = TrainConfig(features=str(dest))
    fitting: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
        ((), ()),
        (("mobilenet",), ()),
        (("mobilenet",) * 2, (32,)),
    )
    for archs, sizes in fitting:
        settings, backbones = to_search(config, archs, sizes)
        assert backbones == (("mobilenet", 32),)
        assert (settings.compute, settings.image_size) == ("float32", 32)
    for archs, sizes, says in (
        (("mobilenet", "efficientnet-lite0"), (), "expected one backbone to search"),
        ((), (32, 64), "expected one backbone to search"),
        (("efficientnet-lite0",), (), "the architecture differs: efficientnet-lite0 here"),
        ((), (64,), "the picture size differs: 64 here, 32 in"),
    ):
        with pytest.raises(UsageError, match=says):
            to_search(config, archs, sizes)
