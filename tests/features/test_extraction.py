"""Features: computed once for each picture and view, the same whatever was cached before."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import paint_set
from tests.support.counted_features import ALL, CONFIG, FEATURE_LAYERS, counted, everything
from tl_catdog.data.examples import Example
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.features import extraction as module
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.cache import FeatureStore
from tl_catdog.features.extraction import extract
from tl_catdog.features.views import Views
from tl_catdog.models import engine
from tl_catdog.models.build import build


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


def test_a_picture_that_cannot_be_read_makes_no_work_for_the_others(
    tmp_path: Path, store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = paint_set(tmp_path / "set", {"": 20})
    (root / "ant" / "003.png").write_bytes(b"no picture")
    examples = load_set(root).split("all")
    backbone, _ = counted()
    extract(backbone, examples, ALL, store=store)

    def unwanted(*_: Any) -> None:
        raise AssertionError("all pictures were varied again")

    monkeypatch.setattr(module._Extraction, "_augmented", unwanted)
    found = extract(backbone, examples, ALL, store=store)
    assert [item.path for item in found.samples["pooling"].skipped] == [examples[3].path]
    assert found.cached == 39


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


def test_tensorflow_takes_over_without_onnx_runtime(
    examples: tuple[Example, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_onnx = everything(extract(counted()[0], examples, ALL))
    monkeypatch.setattr(engine, "onnx_works", lambda: False)
    backbone = frozen_backbone(CONFIG, FEATURE_LAYERS, lambda: build(CONFIG, 2))
    assert backbone.engine.startswith("tensorflow")
    found = everything(extract(backbone, examples, ALL))
    np.testing.assert_allclose(found, with_onnx, atol=1e-4)


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


def test_augmented_views_are_the_same_with_and_without_mirror_images(
    examples: tuple[Example, ...],
) -> None:
    """Their keys in the cache are."""
    backbone, _ = counted()
    with_mirror = everything(extract(backbone, examples, ALL))
    without = everything(extract(backbone, examples, replace(ALL, mirror=False)))
    assert np.array_equal(with_mirror[:, 2:], without[:, 1:])


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


@pytest.mark.parametrize("views", [Views(), ALL])
def test_a_picture_that_changes_ends_it_and_nothing_is_kept_of_its_new_content(
    examples: tuple[Example, ...], store: FeatureStore, views: Views
) -> None:
    """Else its features would be those of the old content, for every later training."""
    changed = examples[25]
    before = changed.path.read_bytes()
    changed.path.write_bytes(examples[5].path.read_bytes())
    with pytest.raises(CatdogError, match=rf"{changed.path.name} changed") as caught:
        extract(counted()[0], examples, views, store=store)
    assert "same command again" in caught.value.hint
    changed.path.write_bytes(before)
    found = everything(extract(counted()[0], examples, views, store=store))
    assert np.array_equal(found, everything(extract(counted()[0], examples, views)))


def test_a_picture_that_changes_before_an_augmented_view_ends_it_too(
    examples: tuple[Example, ...], store: FeatureStore
) -> None:
    """The plain views are in the cache; the others are decoded within TensorFlow."""
    extract(counted()[0], examples, replace(ALL, augmented=0), store=store)
    examples[25].path.write_bytes(b"other")
    with pytest.raises(CatdogError, match=rf"{examples[25].path.name} changed"):
        extract(counted()[0], examples, ALL, store=store)


def test_a_picture_that_vanishes_is_left_out_and_named(examples: tuple[Example, ...]) -> None:
    examples[3].path.unlink()
    samples = extract(counted()[0], examples, Views()).samples["pooling"]
    assert [item.path for item in samples.skipped] == [examples[3].path]
    assert len(samples.examples) == 39
