"""What a stage is compiled with: optimiser, learning rate, loss, and how many steps at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.models.layout import activation_of
from tl_catdog.training import compilation
from tl_catdog.training.stages import LINEAR, Stage, stages_of


def trained_stage(config: ResolvedConfig) -> Stage:
    return next(stage for stage in stages_of(config) if stage.name != LINEAR)


def compiled(*, steps: int = 10, features: int = 4, units: int = 1, **settings: Any) -> keras.Model:
    """Return a tiny network compiled as the frozen stage of these settings would be."""
    config = TrainConfig(**{"image_size": 32, **settings}).resolved()
    stage = trained_stage(config)
    model = keras.Sequential(
        [keras.Input((features,)), keras.layers.Dense(units, activation=activation_of(units))]
    )
    compilation.compile_stage(model, config, stage, steps)
    return model


def test_weight_decay_leaves_biases_alone() -> None:
    model = compiled(weight_decay=0.5, learning_rate=0.1, schedule="constant", optimizer="sgd")
    model.set_weights([np.ones((4, 1), np.float32), np.ones(1, np.float32)])
    model.optimizer.apply([keras.ops.zeros((4, 1)), keras.ops.zeros(1)], model.trainable_variables)
    kernel, bias = model.get_weights()
    assert kernel == pytest.approx(1 - 0.5 * 0.1)
    assert bias == pytest.approx(1)


@pytest.mark.parametrize(
    ("part", "momentum"),
    [(0.5, 1 - 1 / (0.5 * 10 * 4)), (1.0, 1 - 1 / 40), (0.025, None), (0.0, None)],
)
def test_the_running_mean_looks_back_on_a_part_of_the_stage(
    part: float, momentum: float | None
) -> None:
    optimizer = compiled(weight_average=part, epochs=4, steps=10).optimizer
    assert optimizer.use_ema is (momentum is not None)
    if momentum is not None:
        assert optimizer.ema_momentum == pytest.approx(momentum)


def rates(config: TrainConfig, steps: int, *at: int) -> list[float]:
    settings = config.resolved()
    schedule = compilation.learning_rate_of(settings, trained_stage(settings), steps)
    return [float(schedule(step)) for step in at]


def test_the_learning_rate_rises_from_a_tenth_and_falls_to_its_final_part() -> None:
    config = TrainConfig(
        arch="baseline", epochs=6, learning_rate=0.4, warmup_epochs=2, final_learning_rate=0.25
    )
    assert rates(config, 10, 0, 10, 20, 40, 60) == pytest.approx(
        [0.04, 0.22, 0.4, (0.4 + 0.1) / 2, 0.1], rel=1e-5
    )


def test_without_a_warm_up_it_falls_from_the_beginning() -> None:
    config = TrainConfig(epochs=2, learning_rate=0.4, final_learning_rate=0.5)
    assert rates(config, 10, 0, 10, 20) == pytest.approx([0.4, 0.3, 0.2], rel=1e-5)


def test_a_warm_up_takes_half_of_the_stage_at_most() -> None:
    config = TrainConfig(arch="baseline", epochs=2, learning_rate=0.4, warmup_epochs=9)
    assert rates(config, 10, 0, 10) == pytest.approx([0.04, 0.4], rel=1e-5)


def test_the_loss_of_many_classes_is_that_of_the_true_one_with_smoothed_targets() -> None:
    model = compiled(label_smoothing=0.3, units=3)
    probabilities = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])
    targets = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    smooth = targets * 0.7 + 0.1
    expected = -(smooth * np.log(probabilities)).sum(axis=1).mean()
    assert float(model.loss(targets, probabilities)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_two_classes_is_the_binary_cross_entropy_with_smoothed_targets() -> None:
    model = compiled(label_smoothing=0.2)
    probabilities, targets = np.array([[0.9], [0.3]]), np.array([[1.0], [0.0]])
    smooth = targets * 0.8 + 0.1
    expected = -(smooth * np.log(probabilities) + (1 - smooth) * np.log(1 - probabilities)).mean()
    assert float(model.loss(targets, probabilities)) == pytest.approx(expected, rel=1e-5)


def test_parameters_are_counted() -> None:
    model = compiled(features=4, units=3)
    assert compilation.count_parameters(model.trainable_weights) == 4 * 3 + 3


@pytest.mark.parametrize(("steps", "together"), [(1, 1), (64, 32), (33, 11), (37, 1), (31, 31)])
def test_steps_are_run_together_by_a_divisor_of_the_epoch(steps: int, together: int) -> None:
    assert compiled(steps=steps).steps_per_execution == together
    assert compiled(steps=steps, arch="baseline").steps_per_execution == 1


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw", "sgd"])
def test_every_optimiser_does_without_weight_decay(optimizer: str) -> None:
    model = compiled(weight_decay=0.0, optimizer=optimizer)
    assert not model.optimizer.weight_decay


def test_a_step_is_traced_once() -> None:
    """Twice takes seconds of each stage of a large network."""
    traced: list[bool] = []

    class Seen(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any, training: bool = False) -> Any:
            traced.append(training)
            return inputs

    model = keras.Sequential(
        [keras.Input((4,)), Seen(), keras.layers.Dense(1, activation="sigmoid")]
    )
    config = TrainConfig(arch="baseline", image_size=32).resolved()
    compilation.compile_stage(model, config, trained_stage(config), 2)
    traced.clear()
    model.fit(np.ones((8, 4)), np.ones((8, 1)), batch_size=4, verbose=0)
    assert traced == [True]
