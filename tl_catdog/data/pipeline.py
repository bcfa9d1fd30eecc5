"""From files to batches: decode once and keep, then shuffle, batch, augment and prefetch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from tl_catdog.data.images import Pixels, attempt
from tl_catdog.data.parallel import in_order
from tl_catdog.data.sets import Example
from tl_catdog.errors import CatdogError, PictureError
from tl_catdog.files import cache_folder

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

MEMORY_PART = 0.25
"""Decoded pictures may take this part of the memory that is free; more go to the disk."""


@dataclass(frozen=True)
class Skipped:
    """A picture that can't be used, and why."""

    path: Path
    split: str
    reason: str


class DecodedPictures:
    """Decoded pictures of one size, in memory or in a file that goes when this object goes.

    Attributes:
        examples: The pictures that could be read, in the order given.
        skipped: Those that couldn't.
        pixels: RGB 0..255, uint8, of shape (N, S, S, 3), in the order of ``examples``.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        size: int,
        *,
        cache: str = "auto",
        progress: Progress | None = None,
    ) -> None:
        shape = (len(examples), size, size, 3)
        self.on_disk = _goes_to_disk(cache, int(np.prod(shape)))
        self._file: Any = None
        store: npt.NDArray[np.uint8]
        if self.on_disk and examples:
            folder = cache_folder() / "decoded"
            folder.mkdir(parents=True, exist_ok=True)
            # Nameless, so that not even a killed program leaves it behind.
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
            self._file.truncate(int(np.prod(shape)))
            store = np.memmap(self._file, dtype=np.uint8, mode="r+", shape=shape)
        else:
            store = np.empty(shape, np.uint8)
        self.examples: list[Example] = []
        self.skipped: list[Skipped] = []
        results = in_order(lambda example: attempt(example.path, size), examples)
        for done, (example, result) in enumerate(zip(examples, results, strict=True), start=1):
            if isinstance(result, PictureError):
                self.skipped.append(Skipped(example.path, example.split, result.message))
            else:
                store[len(self.examples)] = result
                self.examples.append(example)
            if progress is not None:
                progress(done, len(examples))
        self.pixels = store[: len(self.examples)]

    def gather(self, indices: npt.NDArray[np.int64]) -> Pixels:
        """Return the pictures at these positions, (B, S, S, 3)."""
        return np.asarray(self.pixels[indices])

    def tensor(self, indices: Any) -> Any:
        """Return ``gather`` as a tensor of float32, inside a tf.data pipeline too."""
        import tensorflow as tf

        pictures = tf.numpy_function(self.gather, [indices], tf.uint8, stateful=False)
        return tf.cast(tf.ensure_shape(pictures, (None, *self.pixels.shape[1:])), tf.float32)


def _goes_to_disk(cache: str, size: int) -> bool:
    if cache != "auto":
        return cache == "disk"
    return bool(size > MEMORY_PART * psutil.virtual_memory().available)


def class_indices(examples: Sequence[Example], classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the position of each picture's label in ``classes``, (N,)."""
    return np.array([classes.index(example.label) for example in examples], dtype=np.int64)


def targets(examples: Sequence[Example], classes: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return what the network should say: (N, 1) with 1 for the second class, or (N, C) one-hot."""
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
    if class_weights == "none":
        return np.ones(len(examples), np.float32)
    indices = class_indices(examples, classes)
    counts = np.bincount(indices, minlength=len(classes))
    weights = len(examples) / (len(classes) * np.maximum(counts, 1))
    return np.asarray(weights[indices], dtype=np.float32)


def training_batches(
    decoded: DecodedPictures,
    classes: tuple[str, ...],
    *,
    batch_size: int,
    seed: int,
    augment: Callable[[Any], Any],
    class_weights: str = "none",
) -> Any:
    """Return an endless tf.data stream of augmented batches, epoch after epoch.

    Each epoch is a permutation drawn from (seed, epoch) and ends in its own, smaller, batch. The
    stream never restarts: keras-cv's layers draw from op-level seeds as well, which begin anew in
    every new iterator, so a dataset iterated once per epoch would show the same colours each time.
    For the stream to repeat, call ``runtime.make_deterministic`` first.

    Yields:
        (pictures (B, S, S, 3) float32 in [0, 255], targets (B, 1 or C), weights (B,)).
    """
    import tensorflow as tf

    count = len(decoded.examples)
    wanted = tf.constant(targets(decoded.examples, classes))
    weights = tf.constant(sample_weights(decoded.examples, classes, class_weights))

    def one_epoch(epoch: Any) -> Any:
        order = tf.random.experimental.stateless_shuffle(
            tf.range(count, dtype=tf.int64), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def load(indices: Any) -> Any:
        # One call at a time, in order: the random numbers come from one stream.
        return (
            augment(decoded.tensor(indices)),
            tf.gather(wanted, indices),
            tf.gather(weights, indices),
        )

    epochs = tf.data.Dataset.range(2**31)
    return epochs.flat_map(one_epoch).map(load, num_parallel_calls=1).prefetch(4)


def evaluation_batches(
    decoded: DecodedPictures, classes: tuple[str, ...], *, batch_size: int
) -> Any:
    """Return all pictures once, in order, never augmented, the last smaller batch included.

    Yields:
        (pictures (B, S, S, 3) float32 in [0, 255], targets (B, 1 or C)).
    """
    import tensorflow as tf

    wanted = tf.constant(targets(decoded.examples, classes))

    def load(indices: Any) -> Any:
        return decoded.tensor(indices), tf.gather(wanted, indices)

    order = tf.data.Dataset.range(len(decoded.examples)).batch(batch_size)
    return order.map(load, num_parallel_calls=1).prefetch(4)


def usable(decoded: DecodedPictures, classes: tuple[str, ...], where: str) -> None:
    """Make sure that every class still has a picture after the unreadable ones were dropped.

    Raises:
        CatdogError: A class has none.
    """
    present = {example.label for example in decoded.examples}
    missing = [label for label in classes if label not in present]
    if missing:
        bad = next((item for item in decoded.skipped), None)
        detail = f"; for one, {bad.path} {bad.reason}" if bad else ""
        raise CatdogError(
            f"expected readable pictures of every class in {where}, found none of "
            f"{', '.join(missing)}{detail}.",
            "Add pictures that open in a viewer, then train again.",
        )
