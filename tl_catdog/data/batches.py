"""From files to batches: decode once and keep, then shuffle, batch, augment and prefetch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.examples import Example
from tl_catdog.data.images import try_decode
from tl_catdog.data.packed import Packed, column
from tl_catdog.data.parallel import Progress, map_threaded
from tl_catdog.errors import CatdogError, ImageError


@dataclass(frozen=True)
class Skipped:
    """A picture that can't be used, and why."""

    path: Path
    split: str
    reason: str


class Samples:
    """Labelled pictures, or their features, to be read in any order.

    Attributes:
        examples: The pictures that could be read, in the order given.
        skipped: Those that couldn't.
        views: How many variants there are of each picture; the first is the plain one.
        rows: Pixels or features: row ``positions[i] * views + v`` is view v of ``examples[i]``.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        skipped: Sequence[Skipped],
        rows: ArrayStore,
        views: int = 1,
        positions: Sequence[int] | npt.NDArray[np.int64] | None = None,
    ) -> None:
        self.examples = examples if isinstance(examples, Packed) else list(examples)
        self.skipped = list(skipped)
        self.rows = rows
        self.views = views
        self.positions = np.asarray(
            range(len(self.examples)) if positions is None else positions, dtype=np.int64
        )

    def gather(
        self, indices: npt.NDArray[np.int64], views: npt.NDArray[np.int64]
    ) -> npt.NDArray[Any]:
        """Return the view ``views[i]`` of each picture ``indices[i]``, (B, …)."""
        return self.rows.read(self.positions[indices] * self.views + views)

    def tensor(self, indices: Any, views: Any) -> Any:
        """Return what ``gather`` does as a tensor, (B, …) float32; works within tf.data as well."""
        import tensorflow as tf

        kind = tf.as_dtype(self.rows.dtype)
        found = tf.numpy_function(self.gather, [indices, views], kind, stateful=False)
        return tf.cast(tf.ensure_shape(found, (None, *self.rows.shape[1:])), tf.float32)


def decode_all(
    examples: Sequence[Example], size: int, *, cache: str = "auto", progress: Progress | None = None
) -> Samples:
    """Decode pictures to RGB 0..255, uint8, (S, S, 3) each.

    Args:
        examples: The pictures.
        size: S, in pixels.
        cache: Where they are kept: the ``storage`` of ``ArrayStore``.
        progress: Called with (done, total) after each picture.

    Raises:
        CatdogError: There is no room for them, or one has changed since it was hashed.
    """
    rows = ArrayStore(len(examples), (size, size, 3), np.uint8, cache)
    good: list[Example] = []
    skipped: list[Skipped] = []
    results = map_threaded(lambda example: try_decode(example.source, size), examples)
    for done, (example, result) in enumerate(zip(examples, results, strict=True), start=1):
        if isinstance(result, ImageError):
            skipped.append(Skipped(example.path, example.split, result.message))
        else:
            rows.write(len(good), result)
            good.append(example)
        if progress is not None:
            progress(done, len(examples))
    return Samples(good, skipped, rows)


def class_indices(examples: Sequence[Example], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the position of each picture's label in ``classes``, (N,)."""
    place = {label: number for number, label in enumerate(classes)}
    return np.fromiter(map(place.__getitem__, column(examples, "label")), np.int64, len(examples))


def targets(examples: Sequence[Example], classes: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return the targets: of two classes (N, 1), 1 for the second; of more (N, C), one-hot."""
    indices = class_indices(examples, classes)
    if len(classes) == 2:
        return indices[:, None].astype(np.float32)
    return np.eye(len(classes), dtype=np.float32)[indices]


def sample_weights(
    examples: Sequence[Example], classes: tuple[str, ...], class_weights: str
) -> npt.NDArray[np.float32]:
    """Return each picture's weight in the loss, (N,): 1, or its class's inverse frequency.

    ``balanced`` is scikit-learn's N / (C · count of the class), whose mean over pictures is 1.
    """
    return _weights_of(examples, classes, class_weights)[class_indices(examples, classes)]


def _weights_of(
    examples: Sequence[Example], classes: tuple[str, ...], class_weights: str
) -> npt.NDArray[np.float32]:
    """Return the weight of each class's pictures, (C,)."""
    if class_weights == "none":
        return np.ones(len(classes), np.float32)
    counts = np.bincount(class_indices(examples, classes), minlength=len(classes))
    return (len(examples) / (len(classes) * np.maximum(counts, 1))).astype(np.float32)


def _targets_of(labels: Any, classes: int) -> Any:
    """Return what ``targets`` does of places of classes, (B,), as a tensor."""
    import tensorflow as tf

    if classes == 2:
        return tf.cast(labels, tf.float32)[:, None]
    return tf.one_hot(labels, classes, dtype=tf.float32)


def training_batches(
    samples: Samples,
    classes: tuple[str, ...],
    *,
    batch_size: int,
    seed: int,
    augment: Callable[[Any, Any], Any] | None = None,
    mix: Callable[[Any, Any, Any, Any], tuple[Any, Any, Any]] | None = None,
    class_weights: str = "none",
    first_epoch: int = 0,
) -> Any:
    """Return an endless tf.data stream of batches, epoch after epoch, augmented.

    Each epoch is a permutation drawn from (seed, epoch) and ends in its own, smaller, batch; the
    view that stands for a picture in it is drawn alike, and what augmenting and mixing draw comes
    from (seed, epoch, step). So a stream that begins at a later epoch is the rest of one that began
    at the first. Call ``runtime.make_deterministic`` first.

    Args:
        samples: N pictures or their features.
        classes: The C classes.
        batch_size: B, of all batches but an epoch's last.
        seed: 0 or more.
        augment: Called with inputs and the moment, (2,) int64: epoch and step, from 0.
        mix: Called with what a batch is after that, and the moment; see ``data.mixing.Mixer``.
        class_weights: As in ``sample_weights``.
        first_epoch: Where the stream begins, from 0.

    Yields:
        (inputs (B, …) float32, of pictures (B, S, S, 3) in [0, 255]; targets (B, 1 or C), soft
        where they are mixed; weights (B,)).
    """
    import tensorflow as tf

    count = len(samples.examples)
    # Made for each batch: of a million pictures of a thousand classes, targets would take 4 GB.
    labels = tf.constant(class_indices(samples.examples, classes).astype(np.int32))
    weights = tf.constant(_weights_of(samples.examples, classes, class_weights))

    def one_epoch(epoch: Any) -> Any:
        seeds = tf.stack([tf.constant(seed, tf.int64), epoch])
        order = tf.random.experimental.stateless_shuffle(tf.range(count, dtype=tf.int64), seeds)
        views = tf.random.stateless_uniform((count,), seeds, maxval=samples.views, dtype=tf.int64)
        batches = tf.data.Dataset.from_tensor_slices((order, views)).batch(batch_size).enumerate()
        return batches.map(lambda step, batch: (tf.stack([epoch, step]), *batch))

    def load(moment: Any, indices: Any, views: Any) -> Any:
        # One call at a time, in order: augmenting sets its generator to the moment first.
        inputs = samples.tensor(indices, views)
        batch = (
            inputs if augment is None else augment(inputs, moment),
            _targets_of(tf.gather(labels, indices), len(classes)),
            tf.gather(weights, tf.gather(labels, indices)),
        )
        return batch if mix is None else mix(*batch, moment)

    epochs = tf.data.Dataset.range(first_epoch, 2**31)
    return epochs.flat_map(one_epoch).map(load, num_parallel_calls=1).prefetch(4)


def evaluation_batches(samples: Samples, classes: tuple[str, ...], *, batch_size: int) -> Any:
    """Return the plain view of all pictures once, in order, the last smaller batch included.

    Yields:
        (inputs (B, …) float32, of pictures (B, S, S, 3) in [0, 255]; targets (B, 1 or C)).
    """
    import tensorflow as tf

    labels = tf.constant(class_indices(samples.examples, classes).astype(np.int32))

    def load(indices: Any) -> Any:
        plain = samples.tensor(indices, tf.zeros_like(indices))
        return plain, _targets_of(tf.gather(labels, indices), len(classes))

    order = tf.data.Dataset.range(len(samples.examples)).batch(batch_size)
    return order.map(load, num_parallel_calls=1).prefetch(4)


def require_every_class(samples: Samples, classes: tuple[str, ...], where: str) -> None:
    """Make sure that every class still has a picture after the unreadable ones were dropped.

    Raises:
        CatdogError: A class has none.
    """
    present = set(column(samples.examples, "label"))
    missing = [label for label in classes if label not in present]
    if missing:
        bad = next((item for item in samples.skipped), None)
        detail = f"; for one, {bad.path} {bad.reason}" if bad else ""
        raise CatdogError(
            f"expected readable pictures of every class in {where}, found none of "
            f"{', '.join(missing)}{detail}.",
            "Add pictures that open in a viewer, then train again.",
        )
