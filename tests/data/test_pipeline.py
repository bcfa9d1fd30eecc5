"""Batches: decode once, nothing lost, nothing augmented that shouldn't be, seeded throughout."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.data import pipeline
from tl_catdog.data.augment import Augmenter
from tl_catdog.data.images import decode
from tl_catdog.data.sets import Example, load_set
from tl_catdog.errors import CatdogError

SIZE = 32


@pytest.fixture
def examples(tmp_path: Path) -> tuple[Example, ...]:
    return load_set(paint_set(tmp_path / "set", {"": 11})).split("all")


def epochs_of(
    decoded: pipeline.DecodedPictures, seed: int, recipe: str = "none", epochs: int = 2
) -> list[list[tuple[np.ndarray, ...]]]:
    """Return the batches of some epochs of 22 pictures in batches of 8."""
    stream = iter(
        pipeline.training_batches(
            decoded, ("ant", "bee"), batch_size=8, seed=seed, augment=Augmenter(recipe, SIZE, seed)
        )
    )
    return [[tuple(part.numpy() for part in next(stream)) for _ in range(3)] for _ in range(epochs)]


def test_each_epoch_shows_every_picture_once_in_another_order(
    examples: tuple[Example, ...],
) -> None:
    decoded = pipeline.DecodedPictures(examples, SIZE)
    first, second = epochs_of(decoded, seed=0)
    assert [len(batch[0]) for batch in first] == [8, 8, 6]
    pictures = [np.concatenate([batch[0] for batch in epoch]) for epoch in (first, second)]
    expected = {picture.tobytes() for picture in decoded.pixels.astype(np.float32)}
    for shown in pictures:
        assert len(shown) == 22
        assert {picture.tobytes() for picture in shown} == expected
    assert not np.array_equal(*pictures)


def test_targets_stay_with_their_pictures(examples: tuple[Example, ...]) -> None:
    for pictures, targets, weights in epochs_of(pipeline.DecodedPictures(examples, SIZE), 3)[0]:
        blue_is_bee = pictures[..., 2].mean(axis=(1, 2)) > pictures[..., 0].mean(axis=(1, 2))
        assert (targets[:, 0] == blue_is_bee).all()
        assert (weights == 1).all()


@pytest.mark.parametrize("recipe", ["none", "light", "strong", "randaugment"])
def test_the_same_seed_repeats_and_another_doesnt(
    examples: tuple[Example, ...], recipe: str
) -> None:
    decoded = pipeline.DecodedPictures(examples, SIZE)

    def everything(seed: int) -> np.ndarray:
        runtime.make_deterministic(seed)
        batches = epochs_of(decoded, seed, recipe, epochs=1)[0]
        return np.concatenate([batch[0] for batch in batches])

    assert np.array_equal(everything(0), everything(0))
    assert not np.array_equal(everything(0), everything(1))


def test_validation_is_whole_in_order_and_never_augmented(examples: tuple[Example, ...]) -> None:
    decoded = pipeline.DecodedPictures(examples, SIZE)
    batches = list(pipeline.evaluation_batches(decoded, ("ant", "bee"), batch_size=8))
    assert [len(targets) for _, targets in batches] == [8, 8, 6]
    shown = np.concatenate([pictures.numpy() for pictures, _ in batches])
    expected = np.stack([decode(example.path, SIZE) for example in examples])
    assert np.array_equal(shown, expected.astype(np.float32))


def test_disk_and_memory_hold_the_same(examples: tuple[Example, ...]) -> None:
    memory = pipeline.DecodedPictures(examples, SIZE, cache="memory")
    disk = pipeline.DecodedPictures(examples, SIZE, cache="disk")
    assert disk.on_disk
    assert not memory.on_disk
    assert np.array_equal(memory.pixels, disk.pixels)
    indices = np.array([5, 0, 21])
    assert np.array_equal(memory.gather(indices), disk.gather(indices))


def test_too_much_for_memory_goes_to_disk(
    examples: tuple[Example, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not pipeline.DecodedPictures(examples, SIZE).on_disk
    monkeypatch.setattr(pipeline, "MEMORY_PART", 0.0)
    assert pipeline.DecodedPictures(examples, SIZE).on_disk


def test_an_unreadable_picture_is_named_and_leaves_no_gap(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 4})
    broken = root / "ant" / "001.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (root / "bee" / "empty.jpg").touch()
    examples = load_set(root).split("all")
    seen: list[tuple[int, int]] = []
    decoded = pipeline.DecodedPictures(
        examples, SIZE, progress=lambda done, total: seen.append((done, total))
    )
    assert {item.path.name for item in decoded.skipped} == {"001.png", "empty.jpg"}
    assert len(decoded.examples) == len(decoded.pixels) == 7
    for example, pixels in zip(decoded.examples, decoded.pixels, strict=True):
        assert np.array_equal(pixels, decode(example.path, SIZE))
    assert seen[-1] == (9, 9)


def test_a_class_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 1})
    (root / "bee" / "000.png").write_text("no picture")
    decoded = pipeline.DecodedPictures(load_set(root).split("all"), SIZE)
    with pytest.raises(CatdogError, match=r"none of bee.*000\.png"):
        pipeline.usable(decoded, ("ant", "bee"), "train")


def test_balanced_weights_are_scikit_learns(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 6}, ("ant", "bee", "fly"))
    for index in range(4):
        (root / "bee" / f"{index:03}.png").unlink()
    examples = load_set(root).split("all")
    labels = [example.label for example in examples]
    found = pipeline.sample_weights(examples, ("ant", "bee", "fly"), "balanced")
    assert found == pytest.approx(compute_sample_weight("balanced", labels))
    assert (pipeline.sample_weights(examples, ("ant", "bee", "fly"), "none") == 1).all()


def test_two_classes_take_one_unit_and_more_take_one_each(tmp_path: Path) -> None:
    examples = load_set(paint_set(tmp_path, {"": 1}, ("ant", "bee", "fly"))).split("all")
    assert pipeline.targets(examples, ("ant", "bee", "fly")).tolist() == np.eye(3).tolist()
    two = [example for example in examples if example.label != "fly"]
    assert pipeline.targets(two, ("ant", "bee")).tolist() == [[0], [1]]
