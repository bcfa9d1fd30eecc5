"""What a search is made on: features of each backbone, copies in one group, no test copies."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.api.training import training_images
from tl_catdog.config import TrainConfig
from tl_catdog.errors import CatdogError
from tl_catdog.tuning.inputs import Prepared, prepare
from tl_catdog.tuning.storage import PARTS

SMALL, LARGE = ("mobilenet", 32), ("mobilenet", 64)
COUNTS = {"train": 6, "validation": 4, "test": 3}


def prepared(root: Path, **settings: object) -> Prepared:
    config = TrainConfig(**settings)  # type: ignore[arg-type]
    return prepare(config, training_images(config, root), (SMALL, LARGE))


def test_every_backbone_has_features_of_the_same_pictures(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    told: list[tuple[str, int, int]] = []
    config = TrainConfig()
    images = training_images(config, root)
    found = prepare(config, images, (SMALL, LARGE), lambda *some: told.append(some))
    problem = found.problem
    assert set(problem.features) == {SMALL, LARGE}
    for features in problem.features.values():
        assert features.shape == (26, 2, 1280)  # of so few pictures mirror images as well
        assert features[problem.pool].any(axis=2).all()
        assert features[found.test, 0].any(axis=1).all()
    assert (problem.features[SMALL] != problem.features[LARGE]).any()
    names = np.array([example.split for example in images.examples])
    assert sorted(problem.pool) == sorted(np.flatnonzero(names != "test"))
    assert (len(found.training), len(found.test), found.left_out) == (12, 6, 0)
    assert (problem.few, found.space.few, found.space.unequal) == (True, True, False)
    assert {what for what, _, _ in told} == {
        *("mobilenet at 32 px", "mobilenet at 64 px", "looking for copies"),
    }
    assert all(done <= total for _, done, total in told)


def test_copies_are_in_one_group_and_test_pictures_that_are_known_judge_nothing(
    tmp_path: Path,
) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    shutil.copy(root / "train/ant/000.png", root / "validation/ant/again.png")
    shutil.copy(root / "train/bee/001.png", root / "test/bee/again.png")
    found = prepared(root)
    groups = [found.problem.groups[place] for place in found.problem.pool]
    assert len(groups) - len(set(groups)) == 1
    assert (found.left_out, len(found.test)) == (1, 6)
    assert found.space.unequal  # eleven and ten
    known = {found.problem.groups[place] for place in found.problem.pool}
    assert not known & {found.problem.groups[place] for place in found.test}


def test_near_copies_are_in_one_group_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    pairs = [0, 1, 2, 3] + [3] * 2 + list(range(6, 26))
    monkeypatch.setattr("tl_catdog.tuning.inputs.copy_groups", lambda paths, tell: pairs)
    found = prepared(root)
    assert len({found.problem.groups[place] for place in (3, 4, 5)}) == 1


def test_what_cannot_be_read_is_left_out_of_every_backbone(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    (root / "train/ant/000.png").write_bytes(b"no picture")
    found = prepared(root)
    assert [item.path.name for item in found.skipped] == ["000.png"]
    assert {len(features) for features in found.problem.features.values()} == {25}
    assert len(found.problem.labels) == len(found.problem.groups) == 25
    for picture in (root / "train/bee").iterdir():
        picture.write_bytes(picture.name.encode())
    shutil.rmtree(root / "validation")
    with pytest.raises(CatdogError, match="bee"):
        prepared(root)


def test_what_was_asked_is_told_part_by_part(tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    plain = prepared(root).asked
    assert set(plain) == set(PARTS)
    assert prepared(root, runs_dir="elsewhere", force=True, run="x").asked == plain
    other = prepared(root, dropout=0.1).asked
    assert [part for part in PARTS if other[part] != plain[part]] == ["settings"]
    config = TrainConfig()
    images = training_images(config, root)
    other = prepare(config, images, (SMALL,)).asked
    assert [part for part in PARTS if other[part] != plain[part]] == ["values searched"]
    examples = tuple(
        replace(item, split="train") if item.name.startswith("validation/ant/000") else item
        for item in images.examples
    )
    other = prepare(config, replace(images, examples=examples), (SMALL, LARGE)).asked
    assert [part for part in PARTS if other[part] != plain[part]] == ["pictures"]


def test_features_by_other_means_are_other_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = paint_set(tmp_path / "set", COUNTS)
    plain = prepared(root).asked
    monkeypatch.setattr("tl_catdog.tuning.inputs.version_of", lambda name: "0.0")
    other = prepared(root).asked
    assert [part for part in PARTS if other[part] != plain[part]] == ["packages"]
    monkeypatch.undo()
    monkeypatch.setattr("tl_catdog.features.backbone.VERSION", 99)
    other = prepared(root).asked
    assert [part for part in PARTS if other[part] != plain[part]] == ["packages"]


def test_no_units_are_searched_where_a_training_would_hold_nothing_out(tmp_path: Path) -> None:
    """Of sixty of a class, twelve are tested on; with twelve held out, too few would be left."""
    root = paint_set(tmp_path / "set", {"": 60})
    config = TrainConfig(test_fraction=0.2)
    found = prepare(config, training_images(config, root), (SMALL,))
    assert (len(found.training), found.problem.few, found.space.few) == (96, True, True)
