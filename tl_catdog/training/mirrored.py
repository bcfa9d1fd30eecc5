"""Several devices of one machine share each step of a stage, by TensorFlow's ``MirroredStrategy``.

Each device has a copy of what is trained, and computes a part of each batch. Whatever could tell
several devices from one is a function of the whole batch: pictures are shuffled, varied and mixed
before they are shared out, the loss is the mean over the whole batch, dropout takes the numbers
that it would draw for the whole batch, and BatchNorm layers of backbones are frozen. So the figures
are those of one device, but for the order in which sums are rounded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tl_catdog.training.checkpoint import restore, values_of


class Placement:
    """Where a stage is trained.

    Args:
        devices: TensorFlow's names of several devices; with none or one, everything stays as it is
            given.
    """

    def __init__(self, devices: Sequence[str] = ()) -> None:
        self.count = max(1, len(devices))
        self._strategy = None
        if self.count > 1:
            # TensorFlow's usual way of adding up, by collectives, fails where a process has had
            # another number of devices before; this one adds in the devices' order besides.
            adding = tf.distribute.ReductionToOneDevice()
            self._strategy = tf.distribute.MirroredStrategy(list(devices), adding)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Return where optimisers are made, and their variables."""
        return contextlib.nullcontext() if self._strategy is None else self._strategy.scope()

    def mirrored(self, part: keras.Model) -> keras.Model:
        """Return a network's copy that is on every device; on one device the network itself.

        Weights, the states of generators, and what is trainable are the network's own.
        """
        if self._strategy is None:
            return part
        with self._strategy.scope():
            copy = keras.models.clone_model(part, clone_function=_cloned, recursive=True)
            copy = _Mirrored(copy.input, copy.output, name=part.name)
            restore(copy.variables, values_of(part.variables))
        layers = (model._flatten_layers(include_self=False) for model in (copy, part))
        for layer, like in zip(*layers, strict=True):
            layer.trainable = like.trainable
        return copy

    def batches(self, batches: Any) -> Any:
        """Return a stream of batches whose parts go to their devices; it begins anew at its end.

        Args:
            batches: tf.data stream of (inputs (B, …), targets (B, …)), with or without weights of
                more than 0, (B,). With one device it is what is returned.

        Yields:
            For each device (inputs (P, …), targets (P, …), weights (P,)), P being B / devices,
            rounded up. What the last parts lack is filled with copies of weight 0.
        """
        if self._strategy is None:
            return batches
        devices = self.count

        def parts(inputs: Any, targets: Any, weights: Any = None) -> Any:
            rows = tf.shape(targets)[0]
            places = tf.range(-(-rows // devices) * devices)
            taken = tf.minimum(places, rows - 1)
            weights = tf.ones(rows) if weights is None else weights
            whole = (
                tf.gather(inputs, taken),
                tf.gather(targets, taken),
                tf.where(places < rows, tf.gather(weights, taken), 0.0),
            )
            shared = [tf.reshape(item, (devices, -1, *item.shape[1:])) for item in whole]
            return tf.data.Dataset.from_tensor_slices(tuple(shared))

        endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        # Not left to TensorFlow: it would cut an epoch's last batch together with the next one.
        stream = batches.repeat().flat_map(parts).apply(endless).prefetch(2 * devices)
        return self._strategy.distribute_datasets_from_function(lambda _: stream)

    def steps(self, batches: Any) -> int | None:
        """Return the batches of a stream, once through; None where Keras sees them by itself."""
        return None if self._strategy is None else int(batches.cardinality())

    def callbacks(self, part: keras.Model) -> list[keras.callbacks.Callback]:
        """Return what keeps the network itself as its copy is, whenever that is validated."""
        return [] if self._strategy is None else [_Follow(part)]


class _Follow(keras.callbacks.Callback):  # type: ignore[misc]
    """Gives a network the weights and generators' states of the copy that is trained."""

    def __init__(self, part: keras.Model) -> None:
        super().__init__()
        self.part = part

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        restore(self.part.variables, values_of(self.model.variables))


def _cloned(layer: keras.layers.Layer) -> keras.layers.Layer:
    kind = _Dropout if type(layer) is keras.layers.Dropout else type(layer)
    return kind.from_config(layer.get_config())


class _Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """Dropout of a part of a batch: what the whole batch would have there."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        replica = tf.distribute.get_replica_context()
        if not training or not self.rate or replica is None:
            return super().call(inputs, training=training)
        # Numbers are drawn row by row: those of the parts before are drawn, and passed over.
        passed = replica.replica_id_in_sync_group * tf.shape(inputs)[0]
        before = tf.zeros(tf.concat([[passed], tf.shape(inputs)[1:]], 0), inputs.dtype)
        whole = super().call(tf.concat([before, inputs], 0), training=True)
        return tf.ensure_shape(whole[passed:], inputs.shape)


class _Mirrored(keras.Model):  # type: ignore[misc]
    """A network whose losses and figures are those of the whole batch.

    Keras would take the mean over the devices of each one's mean, in which a row counts for more
    where there are fewer.
    """

    def train_step(self, data: Any) -> Any:
        inputs, targets, weights = data
        with tf.GradientTape() as tape:
            outputs = self(inputs, training=True)
            loss = self._part_of_loss(inputs, targets, weights, outputs, training=True)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._figures(inputs, targets, weights, outputs)

    def test_step(self, data: Any) -> Any:
        inputs, targets, weights = data
        outputs = self(inputs, training=False)
        self._part_of_loss(inputs, targets, weights, outputs, training=False)
        return self._figures(inputs, targets, weights, outputs)

    def _part_of_loss(
        self, inputs: Any, targets: Any, weights: Any, outputs: Any, *, training: bool
    ) -> Any:
        """Return what a part adds to the mean loss of the whole batch, and count it in."""
        replica = tf.distribute.get_replica_context()
        devices = replica.num_replicas_in_sync
        rows = tf.reduce_sum(tf.cast(weights > 0, tf.float32))
        rows = replica.all_reduce(tf.distribute.ReduceOp.SUM, rows)
        # Keras divides by the rows of all parts, those that only fill them included.
        filled = tf.cast(devices * tf.shape(weights)[0], tf.float32)
        loss = self.compute_loss(inputs, targets, outputs, weights * filled / rows, training)
        self._loss_tracker.update_state(loss * devices, sample_weight=rows / devices)
        return loss

    def _figures(self, inputs: Any, targets: Any, weights: Any, outputs: Any) -> Any:
        rows = tf.where(weights > 0)[:, 0]
        return self.compute_metrics(inputs, tf.gather(targets, rows), tf.gather(outputs, rows))
