"""Scenes, as lists of shapes in picture units: what is behind the animal and what is before it.

Both kinds get the same.
"""

from __future__ import annotations

import numpy as np

from .backdrops import BACKDROPS
from .palette import GREENS, Rng, any_colour
from .shapes import Shape, placed
from .things import BEFORE, BEHIND, blades


def background(rng: Rng) -> list[Shape]:
    """Return a backdrop and the things that stand behind the animal."""
    out = list(BACKDROPS[rng.integers(len(BACKDROPS))](rng))
    for _ in range(int(rng.integers(0, 5))):
        thing = BEHIND[rng.integers(len(BEHIND))](rng, any_colour(rng))
        y = rng.uniform(0.55, 0.95)
        to = (rng.uniform(0, 1), y)
        out += placed(thing, rng.uniform(0.14, 0.42), 0.0, to, flip=bool(rng.random() < 0.5))
    return out


def foreground(rng: Rng, head: tuple[float, float, float]) -> list[Shape]:
    """Return things in front of the animal; they leave its head free, a circle (x, y, radius)."""
    out: list[Shape] = []
    for _ in range(int(rng.integers(0, 3))):
        thing = BEFORE[rng.integers(len(BEFORE))](rng, any_colour(rng))
        size, x, y = rng.uniform(0.08, 0.24), rng.uniform(0, 1), rng.uniform(0.8, 1.08)
        # The face is what tells the kinds apart, so it stays in sight.
        apart = np.hypot(x - head[0], y - size / 2 - head[1])
        if apart > head[2] * 1.35 + size * 0.6:
            out += placed(thing, size, rng.uniform(-0.15, 0.15), (x, y))
    if rng.random() < 0.15:
        grass = blades(rng, 0.9, GREENS[rng.integers(len(GREENS))], 30)
        out += placed(grass, 1.0, 0.0, (0.0, 0.03))
    return out
