"""Hidden units trained without Keras are what Keras makes of them."""

from typing import Any

import numpy as np
import pytest

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.models.layout import linear_units
from tl_catdog.tuning.units import Units, begin_units, train_units

COUNT, WIDTH = 24, 10


def config(**settings: Any) -> ResolvedConfig:
    plain: dict[str, Any] = {"dropout": 0.0, "dense_units": 16, "batch_size": COUNT, "epochs": 25}
    return TrainConfig(**(plain | settings)).resolved(COUNT, 3)


def pictures(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = np.arange(COUNT) % classes
    labels[:3] = 0  # unequal classes
    features = rng.normal(0, 1, (COUNT, WIDTH)) + np.eye(WIDTH)[labels] * 3
    return features.astype(np.float32), labels.astype(np.int64)


def by_keras(
    features: np.ndarray, labels: np.ndarray, classes: int, settings: ResolvedConfig, begun: Units
) -> list[np.ndarray]:
    """Train the same weights on whole batches, as a training does."""
    runtime.start()
    import keras

    from tl_catdog.data.batches import sample_weights, targets
    from tl_catdog.data.examples import Example
    from tl_catdog.training.compilation import compile_stage
    from tl_catdog.training.stages import FROZEN, Stage

    names = ("ant", "bee", "cat")[:classes]
    examples: list[Any] = [
        Example(runtime.__file__, str(n), names[label], "train", str(n))  # type: ignore[arg-type]
        for n, label in enumerate(labels)
    ]
    units = begun.outer.shape[1]
    inputs = keras.Input((WIDTH,))
    hidden = keras.layers.Dense(begun.inner.shape[1], activation="relu")(inputs)
    activation = "sigmoid" if units == 1 else "softmax"
    model = keras.Model(inputs, keras.layers.Dense(units, activation=activation)(hidden))
    model.set_weights([values.copy() for values in begun.all])
    stage = Stage(FROZEN, settings.epochs, settings.learning_rate)
    compile_stage(model, settings, stage, 1)
    wanted = targets(examples, names)
    weights = sample_weights(examples, names, settings.class_weights)
    for _ in range(settings.epochs):
        model.train_on_batch(features, wanted, sample_weight=weights)
    return [np.asarray(values) for values in model.get_weights()]


@pytest.mark.parametrize(
    ("classes", "settings"),
    [
        (2, {}),
        (3, {"optimizer": "adam", "learning_rate": 3e-3}),
        (2, {"optimizer": "adamw", "weight_decay": 0.3, "learning_rate": 3e-3}),
        (3, {"optimizer": "sgd", "learning_rate": 0.5, "schedule": "constant"}),
        (3, {"label_smoothing": 0.2, "class_weights": "balanced", "learning_rate": 3e-3}),
        (2, {"label_smoothing": 0.2, "warmup_epochs": 5, "final_learning_rate": 0.3}),
    ],
)
def test_the_weights_are_those_of_keras(classes: int, settings: dict[str, Any]) -> None:
    features, labels = pictures(classes)
    settled = config(**settings)
    begun = begin_units(WIDTH, classes, settled, seed=3)
    first = [values.copy() for values in begun.all]
    expected = by_keras(features, labels, classes, settled, begun)
    found = train_units(features[:, None], labels, classes, settled, seed=3, begun=begun)
    for ours, theirs, before in zip(found.all, expected, first, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)
        assert np.abs(ours - before).max() > 1e-3


def test_they_begin_as_keras_draws_them_and_leave_room_for_a_linear_model() -> None:
    settled = config(dense_units=128)
    found = begin_units(1280, 3, settled, seed=0)
    assert found.inner.shape == (1280, 128 - linear_units(128, 3))
    he, glorot = np.sqrt(6 / 1280), np.sqrt(6 / (128 + 3))
    assert 0.98 * he < np.abs(found.inner).max() <= he
    assert 0.9 * glorot < np.abs(found.outer).max() <= glorot
    assert not found.offset.any()
    assert not found.bias.any()


def test_every_setting_of_the_units_changes_them_and_the_seed_does() -> None:
    features, labels = pictures(3)

    def weights(seed: int = 0, **settings: Any) -> np.ndarray:
        settled = config(batch_size=8, epochs=3, **settings)
        return train_units(features[:, None], labels, 3, settled, seed=seed).inner

    plain = weights()
    assert (weights() == plain).all()
    for other in (
        weights(seed=1),
        weights(dropout=0.5),
        weights(learning_rate=1e-3),
        weights(label_smoothing=0.1),
        weights(optimizer="adam"),
        weights(weight_average=0.9),
    ):
        assert (other != plain).any()
    assert weights(dense_units=32).shape != plain.shape


def test_a_view_of_each_picture_is_drawn_in_each_epoch() -> None:
    """With the right picture in one view only, it can be learned from that view alone."""
    features, labels = pictures(3)
    nothing = np.zeros_like(features)
    settled = config(epochs=200, learning_rate=1e-2)
    both = np.stack([features, nothing], axis=1)
    found = train_units(both, labels, 3, settled, seed=0)
    assert (found.logits(features).argmax(axis=1) == labels).mean() > 0.9
    blind = train_units(np.stack([nothing, nothing], axis=1), labels, 3, settled, seed=0)
    assert (blind.logits(features).argmax(axis=1) == labels).mean() < 0.9
