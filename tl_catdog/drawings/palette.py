"""Colours of the scenes, the same for both kinds."""

from __future__ import annotations

import numpy as np

from .shapes import Colour, blend

Rng = np.random.Generator

GREENS: tuple[Colour, ...] = ((96, 150, 66), (126, 168, 78), (70, 118, 62), (150, 164, 84))
SKIES: tuple[Colour, ...] = ((136, 190, 228), (180, 212, 234), (226, 178, 148), (96, 128, 176))
DARK: Colour = (40, 34, 34)
WHITE: Colour = (246, 244, 240)


def any_colour(rng: Rng, low: int = 50, high: int = 235) -> Colour:
    """Draw a colour, from vivid to nearly grey, with channels in low..high-1."""
    red, green, blue = (int(v) for v in rng.integers(low, high, 3))
    grey = (red + green + blue) // 3
    return blend((red, green, blue), (grey, grey, grey), rng.uniform(0.0, 0.7))
