"""The linear model that a head begins at: as good as a plain one, and calibrated."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples
from tl_catdog.data.examples import Example
from tl_catdog.errors import CatdogError
from tl_catdog.training import linear_start as module
from tl_catdog.training.linear_start import LinearStart, linear_start

CLASSES = ("ant", "bee", "cat")


def blobs(
    counts: dict[str, int], seed: int, *, views: int = 1, spread: float = 1.0, groups: int = 0
) -> Samples:
    """Return pictures of classes whose features lie around a point each, 20 numbers a picture."""
    rng = np.random.default_rng(seed)
    middles = np.random.default_rng(99).normal(0, 1, (len(CLASSES), 20)) + 5
    examples, rows = [], []
    for label, count in counts.items():
        for number in range(count):
            name = f"{label}{seed}-{number}"
            group = f"{label}{seed}-{number % groups}" if groups else ""
            examples.append(Example(Path(name), name, label, "train", name, group))
            middle = middles[CLASSES.index(label)] + rng.normal(0, spread, 20)
            rows += [middle + rng.normal(0, 0.1 * view, 20) for view in range(views)]
    store = ArrayStore(len(rows), (20,), np.float32)
    for position, row in enumerate(rows):
        store.write(position, row.astype(np.float32))
    return Samples(examples, (), store, views)


def labels_of(samples: Samples) -> np.ndarray:
    return np.array([CLASSES.index(example.label) for example in samples.examples])


def features_of(samples: Samples) -> np.ndarray:
    positions = np.arange(len(samples.examples))
    return samples.gather(positions, 0 * positions)


def accuracy(found: LinearStart, samples: Samples) -> float:
    return float((found.of(samples).argmax(axis=1) == labels_of(samples)).mean())


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_as_good_as_the_best_of_plain_logistic_regressions(classes: int) -> None:
    names = CLASSES[:classes]
    training, held_out = (blobs(dict.fromkeys(names, n), s) for n, s in ((40, 0), (200, 1)))
    other = blobs(dict.fromkeys(names, 400), 2)
    found = linear_start(training, names, held_out)
    truth = labels_of(other)

    def plain(strength: float) -> float:
        model = LogisticRegression(C=strength, max_iter=5000)
        model.fit(features_of(training) / 25, labels_of(training))
        return float(model.score(features_of(other) / 25, truth))

    assert found.kernel.shape == (20, 1 if classes == 2 else 3)
    assert accuracy(found, other) >= max(map(plain, (1.0, 10.0, 100.0))) - 0.01
    assert accuracy(found, other) > 0.8


def test_its_sureness_is_that_of_the_pictures_it_is_calibrated_by() -> None:
    training, held_out, other = (
        blobs(dict.fromkeys(CLASSES, n), s, spread=1.5) for n, s in ((50, 0), (300, 1), (500, 2))
    )
    sure = linear_start(training, CLASSES, held_out).of(other).max(axis=1)
    right = linear_start(training, CLASSES, held_out).of(other).argmax(axis=1) == labels_of(other)
    assert sure.mean() == pytest.approx(right.mean(), abs=0.03)


def test_out_of_fold_figures_are_those_of_other_pictures_not_of_its_own() -> None:
    """Twenty numbers and few pictures: it knows its own by heart, more or less."""
    training = blobs(dict.fromkeys(CLASSES, 12), 0, spread=4.0)
    other = blobs(dict.fromkeys(CLASSES, 500), 1, spread=4.0)
    found = linear_start(training, CLASSES, None)
    said = float((found.probabilities.argmax(axis=1) == labels_of(training)).mean())
    assert said == pytest.approx(accuracy(found, other), abs=0.15)
    assert said < found.training[1] - 0.15


def test_groups_are_never_judged_by_models_that_know_them() -> None:
    """Pictures of a group share their noise, labels are drawn: only a known group can be told."""
    rng = np.random.default_rng(0)
    examples, rows = [], []
    for group in range(16):
        middle, label = rng.normal(5, 1, 20), CLASSES[group % 2]
        for number in range(6):
            name = f"{group}-{number}"
            examples.append(Example(Path(name), name, label, "train", name, f"group {group}"))
            rows.append(middle + rng.normal(0, 0.05, 20))
    store = ArrayStore(len(rows), (20,), np.float32)
    for position, row in enumerate(rows):
        store.write(position, row.astype(np.float32))
    found = linear_start(Samples(examples, (), store), CLASSES[:2], None)
    truth = np.array([CLASSES.index(example.label) for example in examples])
    assert (found.probabilities.argmax(axis=1) == truth).mean() < 0.8
    alone = [Example(e.path, e.name, e.label, e.split, e.digest) for e in examples]
    parted = linear_start(Samples(alone, (), store), CLASSES[:2], None)
    assert (parted.probabilities.argmax(axis=1) == truth).mean() > 0.95


def test_views_of_a_picture_count_as_one() -> None:
    one, three = (blobs(dict.fromkeys(CLASSES, 30), 0, views=views) for views in (1, 3))
    for samples in (three,):
        for position in range(len(samples.examples)):
            plain = samples.rows.read(np.array([3 * position]))[0]
            for view in (1, 2):
                samples.rows.write(3 * position + view, plain)
    same = Samples(three.examples, (), three.rows, 3)
    thinned = ArrayStore(90, (20,), np.float32)
    for position in range(90):
        thinned.write(position, three.rows.read(np.array([3 * position]))[0])
    held_out = blobs(dict.fromkeys(CLASSES, 100), 1)
    once = linear_start(Samples(one.examples, (), thinned), CLASSES, held_out)
    thrice = linear_start(same, CLASSES, held_out)
    assert thrice.strength == once.strength
    np.testing.assert_allclose(thrice.of(held_out), once.of(held_out), atol=0.01)


def test_every_class_can_count_the_same() -> None:
    training = blobs({"ant": 400, "bee": 25}, 0, spread=2.5)
    held_out = blobs({"ant": 200, "bee": 200}, 1, spread=2.5)

    def recall(balanced: bool) -> float:
        found = linear_start(training, CLASSES[:2], held_out, balanced=balanced)
        said = found.of(held_out).argmax(axis=1)
        return float((said[labels_of(held_out) == 1] == 1).mean())

    assert recall(balanced=True) > recall(balanced=False) + 0.05


def test_of_very_many_pictures_a_part_of_each_class_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = blobs({"ant": 300, "bee": 30, "cat": 30}, 0)
    held_out = blobs(dict.fromkeys(CLASSES, 100), 1)
    monkeypatch.setattr(module, "MOST", 120)
    found = linear_start(training, CLASSES, held_out, seed=4)
    assert accuracy(found, held_out) > 0.85
    again = linear_start(training, CLASSES, held_out, seed=4)
    assert np.array_equal(found.kernel, again.kernel)
    assert not np.array_equal(
        found.kernel, linear_start(training, CLASSES, held_out, seed=5).kernel
    )


def test_it_depends_on_no_seed_where_all_pictures_fit() -> None:
    training, held_out = (blobs(dict.fromkeys(CLASSES, 30), seed) for seed in (0, 1))
    first, second = (linear_start(training, CLASSES, held_out, seed=seed) for seed in (0, 1))
    assert np.array_equal(first.kernel, second.kernel)


def test_a_class_of_one_group_cannot_be_judged_out_of_fold() -> None:
    training = blobs(dict.fromkeys(CLASSES, 6), 0, groups=1)
    with pytest.raises(CatdogError, match="two different pictures or more of every class"):
        linear_start(training, CLASSES, None)
