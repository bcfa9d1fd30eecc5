"""Things around the animal, as lists of shapes: each about one unit large, standing on y = 0."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .palette import DARK, GREENS, WHITE, Rng, any_colour
from .shapes import Colour, Shape, blend, box, oval, placed, smooth, tube


def blades(rng: Rng, top: float, colour: Colour, count: int) -> list[Shape]:
    """Return blades of grass all over the ground below the height ``top``."""
    out = []
    lean = rng.uniform(-0.02, 0.02, count)
    for k in range(count):
        x, y = rng.uniform(0, 1), rng.uniform(top, 1.02)
        tall = 0.02 + 0.06 * (y - top + 0.1)
        tip = blend(colour, WHITE if k % 2 else DARK, 0.22)
        out.append(Shape(np.array([(x - 0.006, y), (x + 0.006, y), (x + lean[k], y - tall)]), tip))
    return out


def flower(rng: Rng, colour: Colour, x: float, y: float, size: float) -> list[Shape]:
    """Return a flower that grows from (x, y) to the height ``size``."""
    out = [Shape(np.array([(0.0, 0.0), (0.05, -0.7)]), (70, 120, 60), stroke=0.07)]
    out += [
        Shape(oval(0.05 + 0.2 * np.cos(a), -0.75 + 0.2 * np.sin(a), 0.16), colour)
        for a in np.arange(5) * 2 * np.pi / 5
    ]
    out.append(Shape(oval(0.05, -0.75, 0.12), (232, 196, 70)))
    return placed(out, size, 0.0, (x, y))


def _ball(rng: Rng, colour: Colour) -> list[Shape]:
    stripe = smooth([(-0.5, -0.6), (0, -0.42), (0.5, -0.6), (0.5, -0.4), (0, -0.2), (-0.5, -0.4)])
    marks = ((stripe, blend(colour, WHITE, 0.6)),)
    return [Shape(oval(0, -0.45, 0.45), colour, marks, shade=0.25)]


def _wool(rng: Rng, colour: Colour) -> list[Shape]:
    out = [Shape(oval(0, -0.4, 0.4), colour, shade=0.2)]
    for k in range(4):
        arc = smooth(
            [(-0.36, -0.5 + k * 0.1), (0, -0.7 + k * 0.16), (0.36, -0.35 + k * 0.05)], closed=False
        )
        out.append(Shape(arc, blend(colour, DARK, 0.3), stroke=0.03))
    loose = smooth([(0.2, -0.05), (0.5, 0.0), (0.7, -0.12), (0.95, 0.0)], closed=False)
    return [*out, Shape(loose, colour, stroke=0.04)]


def _plant(rng: Rng, colour: Colour) -> list[Shape]:
    green = GREENS[rng.integers(len(GREENS))]
    out = []
    for a in rng.uniform(-1.2, 1.2, int(rng.integers(4, 8))):
        end = (0.55 * np.sin(a), -0.45 - 0.55 * np.cos(a))
        leaf = tube([(0, -0.4), (end[0] * 0.5, (end[1] - 0.4) / 2), end], [0.02, 0.1, 0.01], per=4)
        out.append(Shape(leaf.outline, blend(green, DARK, rng.uniform(0, 0.3))))
    pot = np.array([(-0.3, -0.45), (0.3, -0.45), (0.22, 0.0), (-0.22, 0.0)])
    return [*out, Shape(pot, colour, shade=0.2)]


def _carton(rng: Rng, colour: Colour) -> list[Shape]:
    top = np.array([(-0.5, -0.6), (-0.3, -0.8), (0.65, -0.8), (0.5, -0.6)])
    side = np.array([(0.5, -0.6), (0.65, -0.8), (0.65, -0.15), (0.5, 0.0)])
    return [
        Shape(box(-0.5, -0.6, 0.5, 0), colour),
        Shape(top, blend(colour, WHITE, 0.3)),
        Shape(side, blend(colour, DARK, 0.3)),
        Shape(box(-0.08, -0.6, 0.08, 0), blend(colour, WHITE, 0.15)),
    ]


def _bowl(rng: Rng, colour: Colour) -> list[Shape]:
    food = blend((120, 82, 52), any_colour(rng), 0.3)
    side = np.array([(-0.5, -0.34), (0.5, -0.34), (0.36, 0.0), (-0.36, 0.0)])
    out = [
        Shape(side, colour, shade=0.2),
        Shape(oval(0, -0.34, 0.5, 0.12), blend(colour, DARK, 0.3)),
    ]
    return [*out, Shape(oval(0, -0.35, 0.38, 0.09), food)]


def _bone(rng: Rng, colour: Colour) -> list[Shape]:
    ivory = blend((236, 228, 208), colour, 0.12)
    out = [Shape(box(-0.35, -0.24, 0.35, -0.1), ivory)]
    ends = [(-0.38, -0.27), (-0.38, -0.08), (0.38, -0.27), (0.38, -0.08)]
    out += [Shape(oval(x, y, 0.13), ivory) for x, y in ends]
    return placed(out, 1.0, rng.uniform(-0.5, 0.5), (0, 0))


def _fish(rng: Rng, colour: Colour) -> list[Shape]:
    tail = np.array([(-0.25, -0.2), (-0.55, -0.4), (-0.55, 0.0)])
    out = [Shape(tail, colour), Shape(oval(0.05, -0.2, 0.38, 0.19), colour, shade=0.2)]
    out += [Shape(oval(0.26, -0.25, 0.05), WHITE), Shape(oval(0.27, -0.25, 0.025), DARK)]
    return placed(out, 1.0, rng.uniform(-0.4, 0.4), (0, 0), flip=bool(rng.random() < 0.5))


def _cushion(rng: Rng, colour: Colour) -> list[Shape]:
    # Its corners look like pointed ears, and are there with dogs as often as with cats.
    edge = [
        (-0.55, -0.75),
        (0, -0.62),
        (0.55, -0.75),
        (0.48, -0.35),
        (0.55, 0.0),
        (0, -0.08),
        (-0.55, 0.0),
        (-0.48, -0.35),
    ]
    return [
        Shape(smooth(edge, per=3), colour, shade=0.2),
        Shape(oval(0, -0.36, 0.05), blend(colour, DARK, 0.4)),
    ]


def _tree(rng: Rng, colour: Colour) -> list[Shape]:
    green = GREENS[rng.integers(len(GREENS))]
    out = [Shape(box(-0.09, -0.6, 0.09, 0), (112, 84, 58))]
    if rng.random() < 0.5:
        for k in range(3):
            y = -0.4 - k * 0.38
            cone = np.array([(-0.5 + k * 0.1, y), (0.5 - k * 0.1, y), (0, y - 0.65)])
            out.append(Shape(cone, blend(green, DARK, 0.1 * k)))
        return out
    for x, y in ((-0.3, -0.75), (0.3, -0.75), (0.0, -1.05)):
        out.append(Shape(oval(x, y, 0.36), green, shade=0.15))
    return out


def _lamp(rng: Rng, colour: Colour) -> list[Shape]:
    shade = np.array([(-0.2, -1.6), (0.2, -1.6), (0.36, -1.15), (-0.36, -1.15)])
    return [
        Shape(box(-0.03, -1.3, 0.03, 0), DARK),
        Shape(oval(0, -0.03, 0.25, 0.05), DARK),
        Shape(shade, colour),
    ]


def _chair(rng: Rng, colour: Colour) -> list[Shape]:
    wood = blend(colour, (120, 84, 56), 0.6)
    legs = [Shape(box(x, -0.5, x + 0.08, 0), blend(wood, DARK, 0.2)) for x in (-0.4, 0.32)]
    return [
        *legs,
        Shape(box(-0.4, -1.2, -0.3, -0.5), wood),
        Shape(box(-0.45, -0.6, 0.45, -0.48), wood),
    ]


def _sofa(rng: Rng, colour: Colour) -> list[Shape]:
    back = smooth([(-1, -0.95), (1, -0.95), (1.05, -0.3), (-1.05, -0.3)])
    out = [
        Shape(back, blend(colour, DARK, 0.15)),
        Shape(box(-1, -0.5, 1, -0.08), colour, shade=0.15),
    ]
    out += [
        Shape(oval(x, -0.42, 0.2, 0.36), blend(colour, WHITE, 0.12), shade=0.2)
        for x in (-1.05, 1.05)
    ]
    return out


def _books(rng: Rng, colour: Colour) -> list[Shape]:
    out = []
    for k in range(int(rng.integers(2, 5))):
        x = rng.uniform(-0.08, 0.08)
        out.append(Shape(box(x - 0.45, -0.16 * (k + 1), x + 0.45, -0.16 * k), any_colour(rng)))
        out.append(Shape(box(x + 0.32, -0.16 * (k + 1) + 0.03, x + 0.44, -0.16 * k - 0.03), WHITE))
    return out


def _stone(rng: Rng, colour: Colour) -> list[Shape]:
    grey = blend((140, 138, 134), colour, 0.2)
    lump = np.array([(-0.5, 0.0), (-0.42, -0.3), (-0.1, -0.46), (0.3, -0.36), (0.5, 0.0)])
    return [Shape(smooth(lump + rng.uniform(-0.06, 0.06, (5, 2)), per=4), grey, shade=0.2)]


BEHIND: tuple[Callable[[Rng, Colour], list[Shape]], ...] = (
    _tree, _lamp, _chair, _sofa, _plant, _cushion, _carton, _ball, _stone, _books,
)  # fmt: skip
BEFORE: tuple[Callable[[Rng, Colour], list[Shape]], ...] = (
    _ball, _wool, _plant, _carton, _bowl, _bone, _fish, _cushion, _books, _stone,
)  # fmt: skip
