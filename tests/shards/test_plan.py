"""A plan's hash covers all of it; what a place says is read as a stranger's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.shards.plan import (
    PLAN,
    Plan,
    difference,
    needed_plan,
    part_name,
    read_plan,
    write_plan,
)
from tl_catdog.storage.places import Place

OF_FEATURES = Plan(
    kind="features",
    source="/pictures",
    listing_sha256="a" * 64,
    shard_size=10,
    shards=3,
    rows=25,
    decoder="pillow 12",
    weights_sha256="b" * 64,
    engine="onnxruntime 1",
    engine_key="key",
    image_size=224,
    arch="mobilenet",
    compute="float32",
    weights="packaged",
    views=("plain", "mirror"),
    width=1280,
    remarks=(("left-out", "2 × .txt"),),
)


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, tuple):
        return (*value, *value[:1]) if value else ("x",)
    return value + 1 if isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(Plan)])
def test_the_hash_covers_every_field(name: str) -> None:
    changed = dataclasses.replace(OF_FEATURES, **{name: other(getattr(OF_FEATURES, name))})
    assert changed.hash != OF_FEATURES.hash
    assert difference(OF_FEATURES, changed) is not None


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_plan(Place.of(tmp_path), OF_FEATURES)
    assert read_plan(Place.of(tmp_path)) == OF_FEATURES
    assert needed_plan(Place.of(tmp_path)).hash == OF_FEATURES.hash


def test_the_last_shard_has_what_is_left() -> None:
    assert [OF_FEATURES.rows_of(shard) for shard in range(3)] == [10, 10, 5]
    assert part_name(7) < part_name(10)


def test_a_place_without_a_plan_has_none(tmp_path: Path) -> None:
    assert read_plan(Place.of(tmp_path / "nowhere")) is None
    with pytest.raises(UsageError, match="found no plan"):
        needed_plan(Place.of(tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 24},  # the hash is another
        {"rows": "25"},
        {"rows": True},
        {"shards": 10**9},
        {"views": "plain"},
        {"views": [1]},
        {"remarks": [["one"]]},
        {"kind": "train"},
        {"more": 1},
        {"hash": None},
        {"width": -1},
    ],
)
def test_a_changed_plan_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    said = {**OF_FEATURES.to_json(), **change}
    (tmp_path / PLAN).write_text(json.dumps(said))
    with pytest.raises(CatdogError, match="expected a plan that tl-catdog batch wrote"):
        read_plan(Place.of(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"format": 1}'])
def test_what_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text(text)
    with pytest.raises(CatdogError, match="expected a plan"):
        read_plan(Place.of(tmp_path))


def test_a_newer_format_asks_for_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text(json.dumps({**OF_FEATURES.to_json(), "format": 2}))
    with pytest.raises(CatdogError, match="pip install --upgrade"):
        read_plan(Place.of(tmp_path))


def test_numbers_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    wrong = dataclasses.replace(OF_FEATURES, rows=31)
    (tmp_path / PLAN).write_text(json.dumps(wrong.to_json()))
    with pytest.raises(CatdogError, match="don't go together"):
        read_plan(Place.of(tmp_path))
