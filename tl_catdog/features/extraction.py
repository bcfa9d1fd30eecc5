"""Features that a frozen backbone computes, once for each picture and view, then cached.

A view is a variant of a picture: the plain one, its mirror image, or one of some augmented ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.batches import Samples, Skipped
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.examples import Example
from tl_catdog.data.images import try_decode
from tl_catdog.data.parallel import chunks, map_threaded
from tl_catdog.errors import CatdogError, ImageError
from tl_catdog.features.backbone import Backbone, versions_key
from tl_catdog.features.cache import FeatureStore
from tl_catdog.features.views import Views
from tl_catdog.models.engine import Outputs
from tl_catdog.models.forward import forward_files
from tl_catdog.models.layout import POOLING

BATCH = 32  # pictures that are augmented together
COMMIT = 64  # rows that are written to the cache together


@dataclass(frozen=True)
class Features:
    """The features of N pictures in V views.

    Attributes:
        samples: For each feature layer the pictures that could be read, with their features in
            rows, (N·V, 1280) in float32 for ``pooling``, (N·V, h, w, C) in float16 for the others:
            row i·V + v holds view v of picture i, counted among all pictures asked for.
        cached: Number of pictures whose features were all in the cache.
    """

    samples: dict[str, Samples]
    cached: int


def extract(
    backbone: Backbone,
    examples: Sequence[Example],
    views: Views,
    *,
    store: FeatureStore | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> Features:
    """Compute the features of pictures with a frozen backbone, or take them from the cache.

    Args:
        backbone: The backbone and its feature layers.
        examples: The pictures.
        views: Their views.
        store: The cache; what it lacks is added to it.
        progress: Called with (done, total, cached), numbers of pictures.

    Raises:
        CatdogError: There is no room for the features, or a picture has changed since it was
            hashed.
    """
    return _Extraction(backbone, examples, views, store, progress).run()


class _Extraction:
    """One call of ``extract``."""

    def __init__(
        self,
        backbone: Backbone,
        examples: Sequence[Example],
        views: Views,
        store: FeatureStore | None,
        progress: Callable[[int, int, int], None] | None,
    ) -> None:
        self.backbone, self.examples, self.views = backbone, examples, views
        self.store, self.progress = store, progress
        # Half precision is enough to train a stage on, and takes half the room; pooled features
        # are few, and predictions are made from them.
        self.rows = {
            feature_layer: ArrayStore(
                len(examples) * views.count,
                backbone.shape_at(feature_layer),
                np.float32 if feature_layer == POOLING else np.float16,
            )
            for feature_layer in backbone.feature_layers
        }
        self.missing = np.ones((len(examples), views.count), dtype=bool)
        self.skipped: dict[int, Skipped] = {}
        self.done = self.cached = 0
        self._fresh: dict[bytes, bytes] = {}

    def run(self) -> Features:
        self._read_cache()
        self.cached = int((~self.missing.any(axis=1)).sum())
        self._advance(self.cached)
        try:
            self._compute_fixed()
            for view in range(len(self.views.fixed), self.views.count):
                if self.missing[:, view].any():
                    self._compute_augmented(view)
        finally:
            self._commit()  # after Ctrl-C too: the next training goes on from there
        kept = [i for i in range(len(self.examples)) if i not in self.skipped]
        examples = [self.examples[i] for i in kept]
        skipped = list(self.skipped.values())
        return Features(
            {
                feature_layer: Samples(examples, skipped, rows, self.views.count, kept)
                for feature_layer, rows in self.rows.items()
            },
            self.cached,
        )

    def _read_cache(self) -> None:
        if self.store is None:
            return
        wanted = (
            (self._key(position, view, feature_layer), position, view, feature_layer)
            for position in range(len(self.examples))
            if self.examples[position].digest != UNREADABLE
            for view in range(self.views.count)
            for feature_layer in self.rows
        )
        lacking = np.full(self.missing.shape, len(self.rows))
        for some in chunks(wanted, COMMIT * len(self.rows)):
            # Copies of a picture have the same keys.
            places: dict[bytes, list[tuple[int, int, str]]] = {}
            for key, *place in some:
                places.setdefault(key, []).append(tuple(place))  # type: ignore[arg-type]
            for key, value in self.store.get(places):
                rows = self.rows[places[key][0][2]]
                if len(value) != rows.row_bytes:
                    self.store.refuse(key)
                    continue
                features = np.frombuffer(value, rows.dtype).reshape(rows.shape[1:])
                for position, view, _ in places[key]:
                    rows.write(position * self.views.count + view, features)
                    lacking[position, view] -= 1
        self.missing = lacking > 0

    def _compute_fixed(self) -> None:
        """Compute the plain and mirrored views that are missing; record what can't be decoded."""
        fixed = self.views.fixed
        wanted = [int(i) for i in np.flatnonzero(self.missing[:, : len(fixed)].any(axis=1))]
        jobs = (
            (self.examples[i].source, tuple(v for k, v in enumerate(fixed) if self.missing[i, k]))
            for i in wanted
        )
        if not wanted:
            return
        results = forward_files(self.backbone.load(), jobs, self.backbone.image_size)
        for position, (_, found) in zip(wanted, results, strict=True):
            if isinstance(found, ImageError):
                example = self.examples[position]
                self.skipped[position] = Skipped(example.path, example.split, found.message)
                self.missing[position] = False  # nor will any other view of it be there
            else:
                views = [k for k in range(len(fixed)) if self.missing[position, k]]
                for index, view in enumerate(views):
                    self._keep(position, view, tuple(output[index] for output in found))
            if not self.missing[position].any():
                self._advance(1)

    def _compute_augmented(self, view: int) -> None:
        """Compute an augmented view of each picture.

        keras-cv draws from a stream of random numbers, so how a picture is varied depends on its
        position, and all pictures are varied even if some of their features are cached.
        """
        forward = self.backbone.load()
        for start, images in self._augmented(view - len(self.views.fixed)):
            positions = [
                position
                for position in range(start, min(start + BATCH, len(self.examples)))
                if self.missing[position, view]
            ]
            parts = (images[[p - start for p in part]] for part in chunks(positions, forward.batch))
            rows = [
                tuple(output[index] for output in outputs)
                for outputs in map_threaded(forward, parts)
                for index in range(len(outputs[0]))
            ]
            for position, outputs in zip(positions, rows, strict=True):
                self._keep(position, view, outputs)
                if not self.missing[position].any():
                    self._advance(1)

    def _augmented(self, number: int) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Yield the pictures of one augmented view, (32, S, S, 3), with the first one's position.

        The last batch is filled up, so that more pictures later don't change those before.
        """
        runtime.make_deterministic(self.views.seed)
        import tensorflow as tf

        from tl_catdog.data.augment import Augmenter, decode_size

        size = self.backbone.image_size
        larger = decode_size(self.views.recipe, size)
        stream = np.random.SeedSequence([self.views.seed, number]).generate_state(1)[0]
        augment = Augmenter(self.views.recipe, size, int(stream))
        changed: list[CatdogError] = []

        def decoded(start: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
            batch = np.zeros((BATCH, larger, larger, 3), np.uint8)
            some = self.examples[int(start) : int(start) + BATCH]
            try:
                results = map_threaded(lambda example: try_decode(example.source, larger), some)
                for index, pixels in enumerate(results):
                    if not isinstance(pixels, ImageError):
                        batch[index] = pixels
            except CatdogError as error:
                changed.append(error)
                raise
            return batch

        def varied(start: Any) -> Any:
            images = tf.numpy_function(decoded, [start], tf.uint8, stateful=False)
            images = tf.ensure_shape(images, (BATCH, larger, larger, 3))
            return start, augment(tf.cast(images, tf.float32))

        starts = tf.data.Dataset.range(0, len(self.examples), BATCH)
        batches = starts.map(varied, num_parallel_calls=1).prefetch(1)
        try:
            for start, images in batches.as_numpy_iterator():
                yield int(start), images
        except tf.errors.OpError:
            if changed:  # TensorFlow makes it an error of its own
                raise changed[0] from None
            raise

    def _keep(self, position: int, view: int, outputs: Outputs) -> None:
        """Keep the features of a picture's view, one output for each feature layer."""
        for (feature_layer, rows), output in zip(self.rows.items(), outputs, strict=True):
            row = output.astype(rows.dtype)
            rows.write(position * self.views.count + view, row)
            if self.store is not None and self.examples[position].digest != UNREADABLE:
                self._fresh[self._key(position, view, feature_layer)] = row.tobytes()
        self.missing[position, view] = False
        if len(self._fresh) >= COMMIT:
            self._commit()

    def _commit(self) -> None:
        # Forgotten before they are written: what can't be isn't tried again on the way out.
        fresh, self._fresh = self._fresh, {}
        if self.store is not None and fresh:
            self.store.put(fresh)

    def _key(self, position: int, view: int, feature_layer: str) -> bytes:
        fixed = self.views.fixed
        if view < len(fixed):
            name = fixed[view]
        else:
            recipe, seed = self.views.recipe, self.views.seed
            drawn_by = versions_key("tensorflow", "keras-cv")
            name = f"{recipe}|{seed}|{view - len(fixed)}|{position}|{drawn_by}"
        digest = self.examples[position].digest
        text = f"{self.backbone.identity}|{feature_layer}|{name}|{digest}"
        return hashlib.sha256(text.encode()).digest()

    def _advance(self, images: int) -> None:
        self.done += images
        if self.progress is not None and images:
            self.progress(self.done, len(self.examples), self.cached)
