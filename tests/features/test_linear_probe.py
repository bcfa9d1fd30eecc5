"""The probe: what it sees, and what it must not see."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.conftest import paint_set
from tests.support.made_up import made_up_run
from tests.test_architecture import loaded_by
from tl_catdog.config import TrainConfig
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_set
from tl_catdog.errors import CatdogError
from tl_catdog.features import linear_probe as probe
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.linear_probe import (
    backbone_of,
    cross_validated,
    out_of_fold,
    pooled,
    probe_predictions,
)


def blobs(counts: tuple[int, ...], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return features of classes that lie apart, 400 values each, and their labels."""
    labels = np.repeat(np.arange(len(counts)), counts)
    centres = np.random.default_rng(99).normal(size=(len(counts), 400))
    noise = np.random.default_rng(seed).normal(scale=1.5, size=(len(labels), 400))
    return (centres[labels] + noise).astype(np.float32), labels


def names(count: int) -> list[str]:
    return [f"digest {number}" for number in range(count)]


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what probes are trained on and predict from now on."""
    seen: list[Any] = []

    class Spied(probe._Path):
        def __init__(self, *words: Any) -> None:
            seen.append(words)
            super().__init__(*words)

    monkeypatch.setattr(probe, "_Path", Spied)
    return seen


@pytest.mark.parametrize("counts", [(60, 40), (30, 30, 30)])
def test_classes_that_lie_apart_are_told_apart(counts: tuple[int, ...]) -> None:
    features, labels = blobs(counts)
    found = out_of_fold(features, labels, names(len(labels)))
    assert found.shape == (len(labels), len(counts))
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found.argmax(axis=1) == labels).mean() > 0.95


def test_two_classes_of_five_pictures_are_told_apart() -> None:
    features, labels = blobs((5, 5))
    found = cross_validated(features, labels, names(10))
    assert (found.probabilities.argmax(axis=1) == labels).mean() >= 0.9


def test_a_class_of_one_picture_and_its_copies_can_not_be_predicted() -> None:
    features, labels = blobs((30, 3))
    digests = [*names(30), "same", "same", "same"]
    with pytest.raises(CatdogError, match="found one in 1 of 2 classes"):
        out_of_fold(features, labels, digests)
    with pytest.raises(CatdogError, match="two classes or more"):
        out_of_fold(features[:30], labels[:30], names(30))


def test_what_is_not_trusted_is_predicted_but_not_trained_on(paths: list[Any]) -> None:
    features, labels = blobs((30, 30))
    trusted = np.arange(60) % 3 > 0
    found = out_of_fold(features, labels, names(60), trusted=trusted)
    rows = {row.tobytes() for training, *_ in paths for row in training}
    assert rows == {row.tobytes() for row in features[trusted]}
    assert (found.argmax(axis=1) == labels).mean() > 0.95


def test_a_class_of_which_nothing_is_trusted_is_trained_on_all_the_same(paths: list[Any]) -> None:
    features, labels = blobs((30, 4))
    trusted = np.arange(34) < 31  # of the second class one picture: a fold would be left none
    out_of_fold(features, labels, names(34), trusted=trusted)
    assert all(set(own) == {0, 1} for _, own, _ in paths)


def test_a_seed_always_gives_the_same() -> None:
    features, labels = blobs((30, 30))
    first, second, other = (out_of_fold(features, labels, names(60), seed=s) for s in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("counts", "values"), [((40, 40), 400), ((40, 30, 50), 400), ((40, 40), 9)]
)
def test_each_job_is_logistic_regression_on_features_of_length_one(
    counts: tuple[int, ...], values: int
) -> None:
    features, labels = blobs(counts)
    others, _ = blobs((5, 5), seed=1)
    features, others = features[:, :values], others[:, :values]
    lengths, other_lengths = (np.linalg.norm(x, axis=1, keepdims=True) for x in (features, others))
    plain = LogisticRegression(C=20, max_iter=9000, tol=1e-6)
    expected = plain.fit(features / lengths, labels).predict_proba(others / other_lengths)
    (found, again) = probe_predictions([(features, labels, others, 20.0)] * 2)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert np.array_equal(found, again)


@pytest.mark.parametrize("all_folds", [2000, 0])
def test_the_regularisation_is_that_which_predicts_best_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch, all_folds: int
) -> None:
    """The more the labels are chance, the less a picture may count."""
    monkeypatch.setattr(probe, "ALL_FOLDS", all_folds)
    features, labels = blobs((100, 100))
    heard: list[tuple[int, int]] = []
    clear = cross_validated(features, labels, names(200), progress=lambda *n: heard.append(n))
    noisy = np.where(np.random.default_rng(0).random(200) < 0.35, 1 - labels, labels)
    doubtful = cross_validated(features, noisy, names(200))
    assert doubtful.strength < clear.strength == probe.STRENGTHS[-1]
    assert heard == [*((done, 30) for done in range(1, len(heard))), (30, 30)]
    losses = {}
    for strength in probe.STRENGTHS:
        monkeypatch.setattr(probe, "STRENGTHS", (strength,))
        said = out_of_fold(features, noisy, names(200))
        losses[strength] = -np.log(said[np.arange(200), noisy]).mean()
    if all_folds:
        assert min(losses, key=losses.__getitem__) == doubtful.strength


@pytest.mark.parametrize("mirror", [False, True])
def test_features_are_the_backbones_of_the_picture_and_its_mirror_image(
    tmp_path: Path, mirror: bool
) -> None:
    data = paint_set(tmp_path / "set", {"": 3})
    (data / "ant" / "broken.png").write_bytes(b"no picture")
    config = TrainConfig(image_size=32).resolved()
    heard: list[tuple[int, int]] = []
    examples = load_set(data).split("all")
    found = pooled(config, examples, mirror=mirror, progress=lambda *n: heard.append(n))
    assert [item.path.name for item in found.skipped] == ["broken.png"]
    assert [e.name for e in found.examples] == [e.name for e in examples if "broken" not in e.name]
    assert heard[-1] == (7, 7)
    forward = frozen_backbone(config, ("pooling",), lambda: None).load()
    pixels = np.stack([decode(example.path, 32) for example in found.examples])
    views = [pixels, pixels[:, :, ::-1]] if mirror else [pixels]
    expected = np.mean([forward(view)[0] for view in views], axis=0)
    np.testing.assert_allclose(found.features, expected, rtol=1e-3, atol=1e-3)


def test_features_of_a_runs_pictures_are_those_of_its_own_backbone(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 2, "validation": 2})
    weights = tmp_path / "mine.weights.h5"
    weights.touch()
    own = made_up_run(data, tmp_path / "a", image_size=96, backbone_weights=str(weights))
    assert backbone_of(own).image_size == 96
    assert backbone_of(own).backbone_weights == str(weights)
    weights.unlink()
    assert backbone_of(own).backbone_weights == "packaged"
    baseline = made_up_run(data, tmp_path / "b", arch="baseline", image_size=64, cache_size=0.5)
    found = backbone_of(baseline)
    assert (found.arch, found.image_size, found.backbone_weights, found.cache_size) == (
        "mobilenet", 224, "packaged", 0.5,
    )  # fmt: skip


def test_probing_works_without_tensorflow(tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"": 4})
    code = (
        "from pathlib import Path\nimport numpy as np\n"
        "from tl_catdog.config import TrainConfig\n"
        "from tl_catdog.data.sets import load_set\n"
        "from tl_catdog.features.linear_probe import out_of_fold, pooled\n"
        f"examples = load_set(Path({str(data)!r})).split('all')\n"
        "found = pooled(TrainConfig(image_size=32).resolved(), examples)\n"
        "out_of_fold(found.features, np.repeat([0, 1], 4), [e.digest for e in found.examples])"
    )
    loaded = loaded_by(code)
    assert "sklearn" in loaded
    assert not loaded & {"tensorflow", "keras"}


def test_pictures_that_are_all_alike_leave_the_classes_shares() -> None:
    labels = np.array([0, 1] * 10)
    found = cross_validated(np.ones((20, 50), np.float32), labels, [str(n) for n in range(20)])
    assert np.allclose(found.probabilities, 0.5, atol=0.05)
