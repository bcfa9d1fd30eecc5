"""Pictures unlike all others are found by the backbone's features, and usual ones aren't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.audit.test_check import quietly
from tl_catdog.audit import outliers as module
from tl_catdog.audit.check import check
from tl_catdog.audit.outliers import FEWEST, outliers
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples
from tl_catdog.data.examples import Example
from tl_catdog.data.parallel import Progress
from tl_catdog.drawings import draw_set


@pytest.mark.slow
def test_what_is_no_drawing_of_a_pet_stands_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw_set(root, counts={"train": 40, "validation": 1}, size=160, workers=1)
    rng = np.random.default_rng(0)
    strange = rng.integers(0, 255, (200, 200, 3)).astype(np.uint8)
    Image.fromarray(strange).save(root / "train" / "cats" / "noise.png")
    _, usable = check(root, quietly)
    found = outliers(usable, lambda done, total: None)
    assert found[0].paths == ("train/cats/noise.png",)
    assert found[0].kind == "outlier"
    assert len(found) <= 3


def test_among_few_pictures_none_stands_out(tmp_path: Path) -> None:
    root = tmp_path / "set"
    draw_set(root, counts={"train": 2, "validation": 1}, size=64, workers=1)
    _, usable = check(root, quietly)
    assert outliers(usable, lambda done, total: None) == []


class Far:
    """A feature bank in which each picture's only feature is its distance to the others."""

    @classmethod
    def of(cls, read: Any, n: int, *, neighbours: int) -> Far:
        return cls()

    def distances(self, read: Any, n: int, *, own: bool) -> npt.NDArray[np.float64]:
        assert own  # else each would be its own nearest neighbour
        found: npt.NDArray[np.float64] = read(np.arange(n))[:, 0].astype(np.float64)
        return found


def found_at(
    distances: list[float], monkeypatch: pytest.MonkeyPatch, split: str = ""
) -> tuple[list[tuple[str, str]], set[str]]:
    """Return the outliers among pictures of these distances, and the splits they were given."""
    entries = [Example(Path(str(n)), f"{n}.jpg", "cats", split, "") for n in range(len(distances))]
    splits: set[str] = set()

    def pooled(config: object, examples: list[Example], *, progress: Progress) -> Samples:
        splits.update(example.split for example in examples)
        rows = ArrayStore(len(distances), (1,), np.float32)
        for place, distance in enumerate(distances):
            rows.write(place, np.array([distance], np.float32))
        return Samples(examples, (), rows)

    monkeypatch.setattr(module, "pooled_samples", pooled)
    monkeypatch.setattr(module, "FeatureBank", Far)
    found = outliers(entries, lambda done, total: None)
    assert {item.kind for item in found} <= {"outlier"}
    return [(item.paths[0], item.detail) for item in found], splits


def test_far_out_is_three_interquartile_ranges_above_the_upper_quartile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The quartiles are 0.2 and 0.4, so that the limit is 1.0.
    usual = [0.2] * 15 + [0.3] * 15 + [0.4] * 15
    found, splits = found_at([*usual, 0.99, 1.25, 1.01], monkeypatch)
    assert found == [
        ("46.jpg", "distance 1.25 to its 10th neighbour; usual are 0.20 to 0.40"),
        ("47.jpg", "distance 1.01 to its 10th neighbour; usual are 0.20 to 0.40"),
    ]
    # Pictures without splits are taken for training ones, as the training that follows does.
    assert splits == {"train"}
    assert found_at(usual, monkeypatch, "test") == ([], {"test"})


def test_from_four_times_the_neighbours_on_pictures_can_stand_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert FEWEST == 40
    assert len(found_at([0.2] * 39 + [1.0], monkeypatch)[0]) == 1
    assert found_at([0.2] * 38 + [1.0], monkeypatch) == ([], set())
