"""Batches: decode once, nothing lost, nothing augmented that shouldn't be, seeded throughout."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from tests.conftest import paint_set
from tl_catdog import runtime
from tl_catdog.data import batches as pipeline
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.augment import Augmenter, decode_size
from tl_catdog.data.examples import Example
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError

SIZE = 32


@pytest.fixture
def examples(tmp_path: Path) -> Sequence[Example]:
    return load_set(paint_set(tmp_path / "set", {"": 11})).split("all")


def pixels_of(decoded: pipeline.Samples) -> np.ndarray:
    indices = np.arange(len(decoded.examples))
    return decoded.gather(indices, np.zeros_like(indices))


def epochs_of(
    decoded: pipeline.Samples, seed: int, recipe: str = "none", epochs: int = 2
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
    decoded = pipeline.decode_all(examples, SIZE)
    first, second = epochs_of(decoded, seed=0)
    assert [len(batch[0]) for batch in first] == [8, 8, 6]
    pictures = [np.concatenate([batch[0] for batch in epoch]) for epoch in (first, second)]
    expected = {picture.tobytes() for picture in pixels_of(decoded).astype(np.float32)}
    for shown in pictures:
        assert len(shown) == 22
        assert {picture.tobytes() for picture in shown} == expected
    assert not np.array_equal(pictures[0], pictures[1])


def test_targets_stay_with_their_pictures(examples: tuple[Example, ...]) -> None:
    for pictures, targets, weights in epochs_of(pipeline.decode_all(examples, SIZE), 3)[0]:
        blue_is_bee = pictures[..., 2].mean(axis=(1, 2)) > pictures[..., 0].mean(axis=(1, 2))
        assert (targets[:, 0] == blue_is_bee).all()
        assert (weights == 1).all()


@pytest.mark.parametrize("recipe", ["none", "light", "strong", "randaugment"])
def test_the_same_seed_repeats_and_another_doesnt(
    examples: tuple[Example, ...], recipe: str
) -> None:
    decoded = pipeline.decode_all(examples, SIZE)

    def everything(seed: int) -> np.ndarray:
        runtime.make_deterministic(seed)
        batches = epochs_of(decoded, seed, recipe, epochs=1)[0]
        return np.concatenate([batch[0] for batch in batches])

    first = everything(0)
    assert np.array_equal(first, everything(0))
    assert not np.array_equal(first, everything(1))


def test_validation_is_whole_in_order_and_never_augmented(examples: tuple[Example, ...]) -> None:
    decoded = pipeline.decode_all(examples, SIZE)
    batches = list(pipeline.evaluation_batches(decoded, ("ant", "bee"), batch_size=8))
    assert [len(targets) for _, targets in batches] == [8, 8, 6]
    shown = np.concatenate([pictures.numpy() for pictures, _ in batches])
    expected = np.stack([decode(example.path, SIZE) for example in examples])
    assert np.array_equal(shown, expected.astype(np.float32))


def test_disk_and_memory_hold_the_same(examples: tuple[Example, ...]) -> None:
    memory = pipeline.decode_all(examples, SIZE, cache="memory")
    disk = pipeline.decode_all(examples, SIZE, cache="disk")
    assert disk.rows.on_disk
    assert not memory.rows.on_disk
    assert np.array_equal(pixels_of(memory), pixels_of(disk))


def test_each_epoch_draws_one_of_the_views(examples: tuple[Example, ...]) -> None:
    rows = ArrayStore(3 * len(examples), (1,), np.float32)
    for position in range(3 * len(examples)):
        rows.write(position, np.array([position], np.float32))
    samples = pipeline.Samples(examples, [], rows, views=3)

    def drawn() -> list[np.ndarray]:
        stream = pipeline.training_batches(samples, ("ant", "bee"), batch_size=22, seed=1)
        found = [numbers.numpy()[:, 0].astype(int) for numbers, _, _ in stream.take(40)]
        assert all(sorted(epoch // 3) == list(range(22)) for epoch in found)
        return found

    first = drawn()
    assert np.array_equal(first, drawn())
    # Over 40 epochs of 22 pictures each of the three views gets about its third.
    counts = np.bincount(np.concatenate(first) % 3, minlength=3)
    assert counts.min() > 880 / 3 * 0.8
    (plain,) = pipeline.evaluation_batches(samples, ("ant", "bee"), batch_size=22)
    assert plain[0].numpy()[:, 0].tolist() == list(range(0, 66, 3))


def test_an_unreadable_picture_is_named_and_leaves_no_gap(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 4})
    broken = root / "ant" / "001.png"
    broken.write_bytes(broken.read_bytes()[:60])
    (root / "bee" / "empty.jpg").touch()
    examples = load_set(root).split("all")
    seen: list[tuple[int, int]] = []
    decoded = pipeline.decode_all(
        examples, SIZE, progress=lambda done, total: seen.append((done, total))
    )
    assert {item.path.name for item in decoded.skipped} == {"001.png", "empty.jpg"}
    assert len(decoded.examples) == 7
    for example, pixels in zip(decoded.examples, pixels_of(decoded), strict=True):
        assert np.array_equal(pixels, decode(example.path, SIZE))
    assert seen[-1] == (9, 9)


def test_a_class_without_a_readable_picture_is_an_error(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 1})
    (root / "bee" / "000.png").write_text("no picture")
    decoded = pipeline.decode_all(load_set(root).split("all"), SIZE)
    with pytest.raises(CatdogError, match=r"none of bee.*000\.png"):
        pipeline.require_every_class(decoded, ("ant", "bee"), "train")
    pipeline.require_every_class(decoded, ("ant",), "train")
    whole = pipeline.Samples(decoded.examples, [], decoded.rows)
    with pytest.raises(CatdogError, match=r"every class in train, found none of bee, fly\. Add"):
        pipeline.require_every_class(whole, ("ant", "bee", "fly"), "train")


def test_balanced_weights_are_scikit_learns(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 6}, ("ant", "bee", "fly"))
    for index in range(4):
        (root / "bee" / f"{index:03}.png").unlink()
    examples = load_set(root).split("all")
    labels = [example.label for example in examples]
    found = pipeline.sample_weights(examples, ("ant", "bee", "fly"), "balanced")
    assert found == pytest.approx(compute_sample_weight("balanced", labels))
    assert (pipeline.sample_weights(examples, ("ant", "bee", "fly"), "none") == 1).all()


def test_the_weights_of_all_pictures_of_a_class_are_the_same_in_sum() -> None:
    def example(label: str) -> Example:
        return Example(Path(label), label, label, "train", "")

    examples = [example(label) for label in ("bee", "ant", "bee", "bee", "ant", "bee")]
    found = pipeline.sample_weights(examples, ("ant", "bee"), "balanced")
    assert found.tolist() == pytest.approx([0.75, 1.5, 0.75, 0.75, 1.5, 0.75])
    rare = pipeline.sample_weights(examples[:4], ("ant", "bee"), "balanced")
    assert rare.tolist() == pytest.approx([2 / 3, 2, 2 / 3, 2 / 3])
    # A class that these pictures lack counts among the classes, and divides nothing by zero.
    found = pipeline.sample_weights(examples, ("ant", "bee", "fly"), "balanced")
    assert found.tolist() == pytest.approx([0.5, 1.0, 0.5, 0.5, 1.0, 0.5])


def test_the_weights_stay_with_their_pictures(tmp_path: Path) -> None:
    root = paint_set(tmp_path, {"": 6})
    for index in range(4):
        (root / "bee" / f"{index:03}.png").unlink()
    decoded = pipeline.decode_all(load_set(root).split("all"), SIZE)
    stream = pipeline.training_batches(
        decoded, ("ant", "bee"), batch_size=3, seed=0, class_weights="balanced"
    )
    seen = [(targets.numpy()[:, 0], weights.numpy()) for _, targets, weights in stream.take(3)]
    targets, weights = (np.concatenate(parts) for parts in zip(*seen, strict=True))
    assert sorted(targets) == [0] * 6 + [1] * 2
    assert weights == pytest.approx(np.where(targets == 1, 8 / 4, 8 / 12))


def test_targets_follow_the_order_of_the_classes_as_given() -> None:
    examples = [Example(Path(c), c, c, "train", "") for c in "abca"]
    assert pipeline.class_indices(examples, ("c", "b", "a")).tolist() == [2, 1, 0, 2]
    assert pipeline.targets(examples[:2], ("b", "a")).tolist() == [[1], [0]]
    assert pipeline.targets(examples, ("c", "b", "a")).argmax(1).tolist() == [2, 1, 0, 2]


def test_views_are_those_of_the_positions_that_pictures_have_in_the_store() -> None:
    rows = ArrayStore(8, (1,), np.float32)
    for position in range(8):
        rows.write(position, np.array([position], np.float32))
    examples = [Example(Path(c), c, c, "train", "") for c in "ab"]
    samples = pipeline.Samples(examples, [], rows, views=2, positions=[3, 1])
    found = samples.gather(np.array([0, 1, 0]), np.array([0, 1, 1]))
    assert found[:, 0].tolist() == [6, 3, 7]
    assert pipeline.Samples(examples, [], rows, views=2).positions.tolist() == [0, 1]


def test_two_classes_take_one_unit_and_more_take_one_each(tmp_path: Path) -> None:
    examples = load_set(paint_set(tmp_path, {"": 1}, ("ant", "bee", "fly"))).split("all")
    assert pipeline.targets(examples, ("ant", "bee", "fly")).tolist() == np.eye(3).tolist()
    two = [example for example in examples if example.label != "fly"]
    assert pipeline.targets(two, ("ant", "bee")).tolist() == [[0], [1]]


@pytest.mark.parametrize("recipe", ["none", "light", "strong", "randaugment"])
def test_a_stream_entered_at_an_epoch_is_the_rest_of_the_whole_one(recipe: str) -> None:
    """A training that was killed goes on with what it would have seen."""
    runtime.make_deterministic(5)
    size = decode_size(recipe, SIZE)
    rows = ArrayStore(10, (size, size, 3), np.uint8)
    for position in range(10):
        pixels = np.random.default_rng(position).integers(0, 256, (size, size, 3))
        rows.write(position, pixels.astype(np.uint8))
    examples = [Example(Path(f"{n}"), f"{n}", "ab"[n % 2], "train", f"{n}") for n in range(10)]
    samples = pipeline.Samples(examples, [], rows)

    def epochs(first: int, count: int) -> list[np.ndarray]:
        stream = pipeline.training_batches(
            samples,
            ("a", "b"),
            batch_size=4,
            seed=3,
            augment=Augmenter(recipe, SIZE, 3),
            first_epoch=first,
        )
        return [inputs.numpy() for inputs, *_ in stream.take(3 * count)]

    whole = epochs(0, 3)
    assert all(map(np.array_equal, epochs(2, 1), whole[6:]))
    assert all(map(np.array_equal, epochs(0, 1), whole[:3]))
    assert not np.array_equal(whole[0], whole[3])


def test_a_picture_that_changed_since_it_was_hashed_ends_it(examples: tuple[Example, ...]) -> None:
    examples[7].path.write_bytes(examples[3].path.read_bytes())
    with pytest.raises(CatdogError, match=rf"{examples[7].path.name} changed meanwhile"):
        pipeline.decode_all(examples, SIZE)
    examples[7].path.unlink()
    decoded = pipeline.decode_all(examples, SIZE)
    assert [item.path for item in decoded.skipped] == [examples[7].path]
