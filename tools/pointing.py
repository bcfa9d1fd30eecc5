"""The pointing game: how often a network's Grad-CAM peak falls on the animal.

Zhang et al. 2016, https://arxiv.org/abs/1608.00507, section 4.1, on drawings, which know where
their animal is, and without that paper's tolerance of 15 pixels. A map that shows where pictures
have edges, or one that always shows their middle, scores as well on animals that are large and in
the middle. So every figure stands beside three others: what the middle scores, what a random spot
scores, and what the same network scores when the weights of each layer are shuffled (Adebayo et al.
2018, https://arxiv.org/abs/1810.03292).

Imports TensorFlow; call ``runtime.start()`` before.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tl_catdog.data.images import Pixels, decode
from tl_catdog.drawings import KINDS, Drawing, draw
from tl_catdog.explain.location import Location, peak_of
from tl_catdog.models.weights import flat_layers
from tl_catdog.statistics import Interval, PairedCounts, mcnemar_exact, wilson_interval
from tools.keras_gradcam import Combine, KerasGradCam, hirescam

Flags = npt.NDArray[np.bool_]

BOX, ANIMAL, HEAD = "box", "animal", "head"
TARGETS = (BOX, ANIMAL, HEAD)
"""Rising in strictness: the box around what is visible of the animal, that itself, its head."""

SHUFFLES = 5
FIRST_SEED = 10**12
"""Of the drawings: far beyond those that sets are made of, so none was trained on."""

MIDDLE = Location(0.5, 0.5)


@dataclass(frozen=True)
class Score:
    """How often one network's peak falls on one target.

    Attributes:
        target: One of ``TARGETS``.
        hits: For each picture, (N,).
        shuffled: The same with shuffled weights, (shuffles, N).
        middle: The same for the picture's middle, (N,).
        chance: Mean part of the picture that the target covers, 0..1: what random spots score.
    """

    target: str
    hits: Flags
    shuffled: Flags
    middle: Flags
    chance: float

    @property
    def n(self) -> int:
        """Number of pictures."""
        return len(self.hits)

    @property
    def rate(self) -> float:
        """Part of the pictures where the peak falls on the target, 0..1."""
        return float(self.hits.mean())

    @property
    def interval(self) -> Interval:
        """The rate's 95 % interval (Wilson)."""
        return wilson_interval(int(self.hits.sum()), self.n)

    @property
    def shuffled_rates(self) -> tuple[float, ...]:
        """The rate with each shuffle, lowest first."""
        return tuple(sorted(self.shuffled.mean(axis=1).tolist()))

    @property
    def p_shuffled(self) -> float:
        """McNemar's exact p-value against the shuffle that does best."""
        return self._p_value(self.shuffled[int(self.shuffled.sum(axis=1).argmax())])

    @property
    def p_middle(self) -> float:
        """McNemar's exact p-value against the picture's middle."""
        return self._p_value(self.middle)

    def _p_value(self, other: Flags) -> float:
        both, only_a, only_b, neither = (
            int((a & b).sum()) for a in (self.hits, ~self.hits) for b in (other, ~other)
        )
        return mcnemar_exact(PairedCounts(both, only_a, only_b, neither))


def drawings(count: int, first_seed: int = FIRST_SEED) -> list[Drawing]:
    """Draw animals for the game, both kinds in turn."""
    return [draw(KINDS[number % 2], first_seed + number) for number in range(count)]


def pointing_game(
    model: keras.Model,
    pictures: Sequence[Drawing],
    *,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    combine: Combine = hirescam,
) -> dict[str, Score]:
    """Play the pointing game with the class that the network takes each picture for.

    Args:
        model: A network of either architecture; its weights are what they were afterwards.
        pictures: Drawings of either kind.
        shuffles: How often to shuffle the weights, 1 or more.
        seed: Of the shuffling.
        combine: See ``KerasGradCam``.

    Returns:
        A score for each of ``TARGETS``.
    """
    cam = KerasGradCam(model, combine)
    pixels = decoded(pictures, model.input_shape[1])
    peaks = [peaks_of(cam, pixels)]
    for number in range(shuffles):
        with shuffled_weights(model, seed + number):
            peaks.append(peaks_of(cam, pixels))
    peaks.append([MIDDLE] * len(pictures))
    scores = {}
    for target in TARGETS:
        masks = [mask_of(picture, target) for picture in pictures]
        hits = np.array(
            [[_hit(peak, mask) for peak, mask in zip(row, masks, strict=True)] for row in peaks]
        )
        chance = float(np.mean([mask.mean() for mask in masks]))
        scores[target] = Score(target, hits[0], hits[1:-1], hits[-1], chance)
    return scores


def decoded(pictures: Sequence[Drawing], size: int) -> Pixels:
    """Send drawings through the decoder that every picture goes through: (N, size, size, 3)."""
    found = []
    for picture in pictures:
        out = io.BytesIO()
        picture.image.save(out, "PNG")
        found.append(decode(out.getvalue(), size))
    return np.stack(found)


def peaks_of(cam: KerasGradCam, pixels: Pixels) -> list[Location | None]:
    """Return where each picture's Grad-CAM is greatest."""
    return [peak_of(values) for values in cam(pixels)]


def mask_of(picture: Drawing, target: str) -> Flags:
    """Return which pixels of a drawing belong to a target, (size, size)."""
    size = picture.image.width
    if target == ANIMAL:
        return np.asarray(picture.mask) > 0
    rows, columns = np.mgrid[:size, :size]
    if target == BOX:
        left, top, right, bottom = picture.box
        return np.asarray((left <= columns) & (columns < right) & (top <= rows) & (rows < bottom))
    x, y, radius = picture.head
    return np.asarray((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2 <= radius**2)


@contextlib.contextmanager
def shuffled_weights(model: keras.Model, seed: int) -> Iterator[None]:
    """Shuffle the values within each of the network's weight arrays, for as long as it lasts.

    Their distribution stays; what the training made of their places is gone.
    """
    rng = np.random.default_rng(seed)
    kept: list[tuple[Any, list[npt.NDArray[Any]]]] = []
    for layer in flat_layers(model):
        kept.append((layer, layer.get_weights()))
    try:
        for layer, weights in kept:
            layer.set_weights([rng.permutation(w.ravel()).reshape(w.shape) for w in weights])
        yield
    finally:
        for layer, weights in kept:
            layer.set_weights(weights)


def _hit(peak: Location | None, mask: Flags) -> bool:
    if peak is None:  # a map without a peak points nowhere
        return False
    size = len(mask)
    return bool(mask[int(peak.y * size), int(peak.x * size)])
