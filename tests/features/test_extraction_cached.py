"""Features from the cache: only what is lacking is computed, and no bit differs."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.backbones import MOBILENET
from tests.support.counted_features import ALL, CONFIG, FEATURE_LAYERS, counted, everything
from tl_catdog.config import TrainConfig
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.sets import load_set
from tl_catdog.features import backbone as backbones
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.cache import FeatureStore
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models.weights import packaged_weights


def test_the_second_time_nothing_is_computed(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, forward = counted()
    heard: list[tuple[int, int, int]] = []
    first = extract(backbone, examples, ALL, store=store, progress=lambda *n: heard.append(n))
    assert first.cached == 0
    assert forward.count == 40 * 4
    assert heard[-1] == (40, 40, 0)
    for path in {example.path for example in examples}:
        path.unlink()  # so that no picture can be touched
    heard.clear()
    second = extract(backbone, examples, ALL, store=store, progress=lambda *n: heard.append(n))
    assert second.cached == 40
    assert forward.count == 40 * 4
    assert heard == [(40, 40, 40)]
    for feature_layer in FEATURE_LAYERS:
        assert np.array_equal(everything(first, feature_layer), everything(second, feature_layer))


@pytest.mark.parametrize("known", [[0, 7, 39], list(range(33))])
def test_what_was_known_before_changes_no_bit(
    examples: tuple[Example, ...], store: FeatureStore, known: list[int]
) -> None:
    backbone, forward = counted()
    without = everything(extract(backbone, examples, ALL))
    extract(backbone, [examples[i] for i in known], Views(mirror=True), store=store)
    forward.count = 0
    found = extract(backbone, examples, ALL, store=store)
    assert np.array_equal(everything(found), without)
    assert forward.count == 40 * 4 - 2 * len(known)


def test_a_copy_elsewhere_is_known_and_a_change_is_not(
    tmp_path: Path, examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, _ = counted()
    extract(backbone, examples, Views(), store=store)
    shutil.copytree(tmp_path / "set", tmp_path / "copy")
    first = next(iter(sorted((tmp_path / "copy" / "ant").iterdir())))
    first.write_bytes((tmp_path / "copy" / "bee" / "000.png").read_bytes() + b" ")
    copies = load_set(tmp_path / "copy").split("all")
    assert extract(backbone, copies, Views(), store=store).cached == 39


@pytest.mark.parametrize("change", ["weights", "size", "feature layer", "engine", "decoder"])
def test_what_features_depend_on_is_computed_anew(
    examples: tuple[Example, ...],
    store: FeatureStore,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    extract(counted()[0], examples, Views(), store=store)
    config, feature_layers = CONFIG, FEATURE_LAYERS
    if change == "weights":
        other = {name: value * 1.01 for name, value in packaged_weights(MOBILENET).items()}
        monkeypatch.setattr(backbones, "read_backbone_weights", lambda *_: other)
    elif change == "size":
        config = TrainConfig(image_size=40).resolved()
    elif change == "decoder":
        monkeypatch.setattr(backbones, "versions_key", lambda *packages: "another")
    elif change == "feature layer":
        feature_layers = ("pooling", "block_14")
    backbone = frozen_backbone(config, feature_layers, lambda: None)
    if change == "engine":
        backbone = replace(backbone, engine="another")
    assert extract(backbone, examples, Views(), store=store).cached == 0


@pytest.mark.parametrize("other", [{"recipe": "strong"}, {"seed": 4}])
def test_other_augmented_views_are_computed_anew(
    examples: tuple[Example, ...], store: FeatureStore, other: dict[str, Any]
) -> None:
    backbone, forward = counted()
    extract(backbone, examples, ALL, store=store)
    forward.count = 0
    extract(backbone, examples, replace(ALL, **other), store=store)
    assert forward.count == 40 * 2  # the plain and the mirrored ones are known


def test_one_more_augmented_view_costs_one_more_view(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, forward = counted()
    fewer = everything(extract(backbone, examples, replace(ALL, augmented=1), store=store))
    forward.count = 0
    found = everything(extract(backbone, examples, ALL, store=store))
    assert forward.count == 40
    assert np.array_equal(found[:, :3], fewer)


def test_a_value_of_another_length_is_computed_anew(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    """Its checksum may be right: what made it was another program."""
    first = everything(extract(counted()[0], examples, ALL, store=store))
    keys = _keys(store)
    with sqlite3.connect(store.path) as database:
        database.execute("DELETE FROM entries")
    store.put({key: bytes(12) for key in keys})
    found = extract(counted()[0], examples, ALL, store=store)
    assert np.array_equal(everything(found), first)
    assert found.cached == 0
    assert store.damaged == len(keys)
    store.damaged = 0
    assert extract(counted()[0], examples, ALL, store=store).cached == 40


def test_ctrl_c_keeps_what_was_computed(examples: tuple[Example, ...], store: FeatureStore) -> None:
    def stop(done: int, total: int, known: int) -> None:
        if done == 11:
            raise KeyboardInterrupt

    backbone, _ = counted()
    with pytest.raises(KeyboardInterrupt):
        extract(backbone, examples, Views(), store=store, progress=stop)
    assert extract(backbone, examples, Views(), store=store).cached >= 11


def test_pictures_without_a_digest_are_neither_read_from_the_cache_nor_written_to_it(
    examples: tuple[Example, ...],
) -> None:
    """They would share a key."""

    class Watched:
        asked: list[bytes] = []  # noqa: RUF012
        written: list[bytes] = []  # noqa: RUF012

        def get(self, keys: Any) -> Iterator[tuple[bytes, bytes]]:
            self.asked.extend(keys)
            yield from ()

        def put(self, values: Any) -> None:
            self.written.extend(values)

    some = [replace(example, digest=UNREADABLE) for example in examples[:2]]
    for example in some:
        example.path.unlink()
    some.append(examples[2])
    store: Any = Watched()
    found = extract(counted()[0], some, Views(mirror=True), store=store).samples["pooling"]
    assert len(store.asked) == len(store.written) == len(FEATURE_LAYERS) * 2
    assert set(store.asked) == set(store.written)
    assert [item.path for item in found.skipped] == [example.path for example in examples[:2]]


def test_a_picture_is_from_the_cache_only_if_all_of_its_views_are(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, forward = counted()
    extract(backbone, examples, Views(), store=store)
    heard: list[tuple[int, int, int]] = []
    forward.count = 0
    found = extract(
        backbone, examples, Views(mirror=True), store=store, progress=lambda *n: heard.append(n)
    )
    assert found.cached == 0
    assert forward.count == 40
    assert heard == [(done, 40, 0) for done in range(1, 41)]


def test_each_feature_layer_and_view_has_a_key_of_its_own(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, forward = counted()
    extract(backbone, examples[:5], ALL, store=store)
    assert len(store) == 5 * 4 * len(FEATURE_LAYERS)
    # One of the two feature layers alone is known as well.
    pooling = replace(backbone, feature_layers=("pooling",))
    assert extract(pooling, examples[:5], ALL, store=store).cached == 5
    assert forward.count == 5 * 4


def test_a_view_is_computed_anew_where_one_of_its_feature_layers_is_lacking(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, _ = counted()
    expected = extract(backbone, examples[:5], Views())
    only = frozen_backbone(CONFIG, ("block_13",), lambda: None)
    extract(only, examples[:3], Views(), store=store)
    found = extract(backbone, examples[:5], Views(), store=store)
    assert found.cached == 0
    for feature_layer in FEATURE_LAYERS:
        assert np.array_equal(everything(found, feature_layer), everything(expected, feature_layer))


def test_what_comes_from_the_cache_is_as_precise_as_what_is_computed(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, _ = counted()
    extract(backbone, examples, Views(), store=store)
    lengths = {len(value) for _, value in store.get(_keys(store))}
    assert lengths == {1280 * 4, 2 * 2 * 96 * 2}  # float32 for pooling, float16 for blocks
    found = extract(backbone, examples, Views(), store=store)
    assert found.samples["pooling"].rows.dtype == np.float32
    assert found.samples["block_13"].rows.dtype == np.float16


def _keys(store: FeatureStore) -> list[bytes]:
    with sqlite3.connect(store.path) as database:
        return [key for (key,) in database.execute("SELECT key FROM entries")]
