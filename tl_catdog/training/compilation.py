"""What a stage trains, and how: which weights move, optimiser, learning rate, loss."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tl_catdog.config import ResolvedConfig
from tl_catdog.models.layout import POOLING
from tl_catdog.models.pretrained import BACKBONE, freeze, unfreeze_from
from tl_catdog.training.stages import FINETUNE, FROZEN, Stage


def count_parameters(weights: Any) -> int:
    """Return how many parameters the weights hold."""
    return int(sum(np.prod(weight.shape) for weight in weights))


def set_trainable(model: keras.Model, stage: Stage) -> None:
    """Set which layers are trainable in a stage. The model has to be compiled afterwards."""
    if stage.name == FINETUNE:
        unfreeze_from(model, stage.unfreeze_from)
    elif stage.name == FROZEN:
        freeze(model.get_layer(BACKBONE))


def compile_stage(model: keras.Model, config: ResolvedConfig, stage: Stage, steps: int) -> None:
    """Compile what a stage of ``steps`` steps an epoch trains; resets the optimiser."""
    rate = learning_rate_of(config, stage, steps)
    optimizers = {
        "rmsprop": keras.optimizers.RMSprop,
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
    }
    look_back = config.weight_average * steps * stage.epochs
    optimizer = optimizers[config.optimizer](
        rate,
        # AdamW refuses None, which for the others means no decay.
        weight_decay=config.weight_decay or (0.0 if config.optimizer == "adamw" else None),
        use_ema=look_back > 1,
        # A mean with momentum m looks back on about 1 / (1 − m) steps.
        ema_momentum=1.0 - 1.0 / look_back if look_back > 1 else 0.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    binary = model.output_shape[-1] == 1
    model.compile(
        optimizer=optimizer,
        loss=(
            keras.losses.BinaryCrossentropy(label_smoothing=config.label_smoothing)
            if binary
            # Not a sigmoid for each of C classes: the mean over them divides the true class's
            # gradient by C, so that many classes hardly learn.
            else keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
        ),
        metrics=[
            keras.metrics.MeanMetricWrapper(_binary_accuracy, name="accuracy")
            if binary
            else keras.metrics.CategoricalAccuracy(name="accuracy")
        ],
        jit_compile=False,  # measured: XLA is ten times slower on a CPU
        # The head alone takes less time than Keras does between two steps. A divisor, because
        # Keras would go beyond the epoch's end.
        steps_per_execution=_divisor(steps) if stage.feature_layer == POOLING else 1,
    )
    # TensorFlow traces a step again if variables came into being while it traced it: of a whole
    # MobileNetV2 that takes a second and a half.
    optimizer.build(model.trainable_variables)


def _binary_accuracy(targets: Any, outputs: Any) -> Any:
    """Return whether each output, (B, 1), is nearer to its target's side; targets may be soft."""
    # Keras' own compares with the target itself, which no answer equals where targets are mixed.
    same = keras.ops.equal(targets > 0.5, outputs > 0.5)
    return keras.ops.mean(keras.ops.cast(same, outputs.dtype), axis=-1)


def _divisor(steps: int, most: int = 32) -> int:
    """Return the largest divisor that is at most ``most``."""
    return next(number for number in range(min(steps, most), 0, -1) if steps % number == 0)


def learning_rate_of(config: ResolvedConfig, stage: Stage, steps: int) -> Any:
    """Return the learning rate, or its schedule over the stage's steps.

    A warm-up never takes more than half of the stage.
    """
    if config.schedule == "constant":
        return stage.learning_rate
    warmup = min(config.warmup_epochs * steps, stage.epochs * steps // 2)
    if not warmup:
        return keras.optimizers.schedules.CosineDecay(
            stage.learning_rate, stage.epochs * steps, alpha=config.final_learning_rate
        )
    return keras.optimizers.schedules.CosineDecay(
        stage.learning_rate / 10,
        decay_steps=stage.epochs * steps - warmup,
        alpha=config.final_learning_rate,
        warmup_target=stage.learning_rate,
        warmup_steps=warmup,
    )
