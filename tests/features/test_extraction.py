"""Features: computed once for each picture and view, the same whatever was cached before."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tl_catdog.config import TrainConfig
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import ImageError
from tl_catdog.features import backbone as backbones
from tl_catdog.features import extraction as module
from tl_catdog.features.backbone import Backbone, frozen_backbone
from tl_catdog.features.cache import FeatureStore
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models import engine
from tl_catdog.models.build import build
from tl_catdog.models.weights import packaged_weights

FEATURE_LAYERS = ("pooling", "block_13")
CONFIG = TrainConfig(image_size=32).resolved()
ALL = Views(mirror=True, augmented=2, recipe="light", seed=3)


class Counting:
    """Counts the pictures that go through a network."""

    def __init__(self, forward: Any) -> None:
        self.forward = forward
        self.engine = forward.engine
        self.batch = forward.batch
        self.count = 0

    def __call__(self, images: np.ndarray) -> Any:
        self.count += len(images)
        return self.forward(images)


def counted() -> tuple[Backbone, Counting]:
    backbone = frozen_backbone(CONFIG, FEATURE_LAYERS, lambda: None)
    forward = Counting(backbone.load())
    return replace(backbone, load=lambda: forward), forward


@pytest.fixture
def examples(tmp_path: Path) -> tuple[Example, ...]:
    return load_set(paint_set(tmp_path / "set", {"": 20})).split("all")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "features.sqlite", 10**8) as opened:
        yield opened


def everything(found: module.Features, feature_layer: str = "pooling") -> np.ndarray:
    """Return all features, (pictures, views, …)."""
    samples = found.samples[feature_layer]
    indices = np.arange(len(samples.examples))
    columns = [samples.gather(indices, np.full_like(indices, v)) for v in range(samples.views)]
    return np.stack(columns, axis=1)


def test_each_view_is_the_backbones_output(examples: tuple[Example, ...]) -> None:
    backbone, forward = counted()
    found = extract(backbone, examples, Views(mirror=True))
    pixels = np.stack([decode(example.path, 32) for example in examples])
    for feature_layer, index in (("pooling", 0), ("block_13", 1)):
        features = everything(found, feature_layer)
        for view, images in enumerate((pixels, pixels[:, :, ::-1])):
            expected = forward.forward(images)[index]
            np.testing.assert_allclose(features[:, view], expected, rtol=1e-3, atol=1e-3)
    assert found.samples["pooling"].rows.dtype == np.float32
    assert found.samples["block_13"].rows.dtype == np.float16


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


def test_more_pictures_later_leave_the_augmented_views_of_those_before(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    backbone, forward = counted()
    few = everything(extract(backbone, examples[:35], ALL, store=store))
    forward.count = 0
    more = everything(extract(backbone, examples, ALL, store=store))
    assert np.array_equal(more[:35], few)
    assert forward.count == 5 * 4


def test_augmented_views_differ_from_each_other_and_by_seed(
    examples: tuple[Example, ...],
) -> None:
    backbone, _ = counted()
    features = everything(extract(backbone, examples, ALL))
    for a in range(4):
        for b in range(a):
            assert np.abs(features[:, a] - features[:, b]).max(axis=1).min() > 0
    other = Views(mirror=True, augmented=2, recipe="light", seed=4)
    assert not np.array_equal(everything(extract(backbone, examples, other))[:, 2], features[:, 2])


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
        other = {name: value * 1.01 for name, value in packaged_weights().items()}
        monkeypatch.setattr(backbones, "read_backbone_weights", lambda _: other)
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


def test_a_picture_that_cannot_be_read_makes_no_work_for_the_others(
    examples: tuple[Example, ...], store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples[3].path.write_bytes(b"no picture")
    backbone, _ = counted()
    extract(backbone, examples, ALL, store=store)

    def unwanted(*_: Any) -> None:
        raise AssertionError("all pictures were varied again")

    monkeypatch.setattr(module._Extraction, "_augmented", unwanted)
    found = extract(backbone, examples, ALL, store=store)
    assert [item.path for item in found.samples["pooling"].skipped] == [examples[3].path]
    assert found.cached == 39


def test_what_cannot_be_kept_is_tried_once(
    examples: tuple[Example, ...], store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def full(values: Any) -> None:
        nonlocal tried
        tried += 1
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store, "put", full)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        extract(counted()[0], examples, Views(mirror=True), store=store)
    assert tried == 1


def test_unreadable_pictures_are_named_and_leave_no_gap(
    tmp_path: Path, store: FeatureStore
) -> None:
    root = paint_set(tmp_path / "set", {"": 6})
    for name in ("ant/002.png", "bee/005.png"):
        (root / name).write_bytes(b"no picture")
    examples = load_set(root).split("all")
    backbone, _ = counted()
    for known in (0, 10):
        heard: list[int] = []
        found = extract(
            backbone, examples, ALL, store=store, progress=lambda *n, to=heard: to.append(n[0])
        )
        assert found.cached == known
        assert heard[-1] == 12
        samples = found.samples["pooling"]
        assert [item.path.name for item in samples.skipped] == ["002.png", "005.png"]
        assert len(samples.examples) == 10
        expected = [decode(example.path, 32) for example in samples.examples]
        plain = everything(found)[:, 0]
        np.testing.assert_allclose(plain, backbone.load()(np.stack(expected))[0], rtol=1e-5)


def test_ctrl_c_keeps_what_was_computed(examples: tuple[Example, ...], store: FeatureStore) -> None:
    def stop(done: int, total: int, known: int) -> None:
        if done == 11:
            raise KeyboardInterrupt

    backbone, _ = counted()
    with pytest.raises(KeyboardInterrupt):
        extract(backbone, examples, Views(), store=store, progress=stop)
    assert extract(backbone, examples, Views(), store=store).cached >= 11


def test_tensorflow_takes_over_without_onnx_runtime(
    examples: tuple[Example, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_onnx = everything(extract(counted()[0], examples, ALL))
    monkeypatch.setattr(engine, "onnx_works", lambda: False)
    backbone = frozen_backbone(CONFIG, FEATURE_LAYERS, lambda: build(CONFIG, 2))
    assert backbone.engine.startswith("tensorflow")
    found = everything(extract(backbone, examples, ALL))
    np.testing.assert_allclose(found, with_onnx, atol=1e-4)


def test_pictures_without_a_digest_are_neither_read_from_the_cache_nor_written_to_it(
    examples: tuple[Example, ...],
) -> None:
    """They would share a key: one that opens at the second try would get another's features."""

    class Watched:
        asked: list[bytes] = []  # noqa: RUF012
        written: list[bytes] = []  # noqa: RUF012

        def get(self, keys: Any) -> Iterator[tuple[bytes, bytes]]:
            self.asked.extend(keys)
            yield from ()

        def put(self, values: Any) -> None:
            self.written.extend(values)

    some = [replace(example, digest=UNREADABLE) for example in examples[:2]]
    some.append(examples[2])
    store: Any = Watched()
    found = everything(extract(counted()[0], some, Views(mirror=True), store=store))
    assert len(store.asked) == len(store.written) == len(FEATURE_LAYERS) * 2
    assert set(store.asked) == set(store.written)
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(found, everything(extract(counted()[0], some, Views(mirror=True))))


def test_features_of_augmented_views_depend_on_what_varies_them_and_on_the_place(
    examples: tuple[Example, ...], store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone, forward = counted()
    extract(backbone, examples, ALL, store=store)
    forward.count = 0
    extract(backbone, examples[::-1], ALL, store=store)
    assert forward.count == 40 * 2  # the plain and mirrored ones are the same anywhere
    named: list[tuple[str, ...]] = []

    def others(*packages: str) -> str:
        named.append(packages)
        return "others"

    monkeypatch.setattr(module, "versions_key", others)
    forward.count = 0
    extract(backbone, examples, ALL, store=store)
    assert forward.count == 40 * 2
    assert set(named) == {("tensorflow", "keras-cv")}


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


def test_augmented_views_are_the_same_with_and_without_mirror_images(
    examples: tuple[Example, ...],
) -> None:
    """Their keys in the cache are."""
    backbone, _ = counted()
    with_mirror = everything(extract(backbone, examples, ALL))
    without = everything(extract(backbone, examples, replace(ALL, mirror=False)))
    assert np.array_equal(with_mirror[:, 2:], without[:, 1:])


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


def test_a_skipped_picture_keeps_its_split_and_the_reason(
    tmp_path: Path, store: FeatureStore
) -> None:
    root = paint_set(tmp_path / "set", {"train": 3, "test": 3})
    (root / "test" / "bee" / "001.png").write_bytes(b"no picture")
    examples = load_set(root).examples
    backbone, _ = counted()
    (skipped,) = extract(backbone, examples, Views(), store=store).samples["pooling"].skipped
    assert (skipped.path.name, skipped.split) == ("001.png", "test")
    with pytest.raises(ImageError) as reason:
        decode(skipped.path, 32)
    assert skipped.reason == reason.value.message
