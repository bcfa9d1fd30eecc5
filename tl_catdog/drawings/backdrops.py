"""What lies behind everything: meadow, sky, room, beach and plainer ones, as lists of shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .palette import DARK, GREENS, SKIES, WHITE, Rng, any_colour
from .shapes import Colour, Shape, blend, box, oval, placed, smooth
from .things import blades, flower


def _fade(top: Colour, bottom: Colour, start: float, end: float, steps: int = 14) -> list[Shape]:
    """Return bands from one colour to another between two heights, across the whole picture."""
    edges = np.linspace(start, end, steps + 1)
    return [
        Shape(box(-0.1, edges[k], 1.1, end), blend(top, bottom, k / (steps - 1)))
        for k in range(steps)
    ]


def _hills(rng: Rng, horizon: float, colour: Colour) -> Shape:
    heights = horizon - rng.uniform(0.0, 0.14, 6)
    line = smooth(np.stack([np.linspace(-0.1, 1.1, 6), heights], axis=1), closed=False)
    return Shape(np.concatenate([line, [(1.1, 1.1), (-0.1, 1.1)]]), colour)


def _clouds(rng: Rng, below: float, count: int) -> list[Shape]:
    out = []
    for _ in range(count):
        x, y, r = rng.uniform(0, 1), rng.uniform(0.03, below), rng.uniform(0.03, 0.09)
        white = blend(WHITE, (190, 200, 214), rng.uniform(0, 0.6))
        for dx in (-1.0, 0.0, 1.1):
            out.append(Shape(oval(x + dx * r, y + abs(dx) * r * 0.25, r * 1.2, r * 0.75), white))
    return out


def _meadow(rng: Rng) -> list[Shape]:
    horizon, green = rng.uniform(0.3, 0.68), GREENS[rng.integers(len(GREENS))]
    out = _fade(SKIES[rng.integers(len(SKIES))], WHITE, 0.0, horizon + 0.05)
    out += _clouds(rng, horizon * 0.7, int(rng.integers(0, 4)))
    if rng.random() < 0.6:
        out.append(_hills(rng, horizon, blend(green, SKIES[0], 0.45)))
    out += _fade(blend(green, WHITE, 0.15), blend(green, DARK, 0.2), horizon, 1.05, 8)
    out += blades(rng, horizon, green, int(rng.integers(10, 60)))
    for _ in range(int(rng.integers(0, 9))):
        x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.05, 1)
        out += flower(rng, any_colour(rng, 90, 250), x, y, rng.uniform(0.04, 0.09))
    return out


def _sky(rng: Rng) -> list[Shape]:
    colour = SKIES[rng.integers(len(SKIES))]
    out = _fade(blend(colour, DARK, rng.uniform(0, 0.3)), blend(colour, WHITE, 0.6), 0.0, 1.0)
    out += _clouds(rng, 0.9, int(rng.integers(2, 7)))
    top = rng.uniform(0.78, 0.95)
    ground = [any_colour(rng), GREENS[0], (206, 186, 140), (232, 236, 240)][rng.integers(4)]
    return [*out, _hills(rng, top + 0.06, ground)]


def _room(rng: Rng) -> list[Shape]:
    wall, floor = any_colour(rng, 110, 240), any_colour(rng, 60, 190)
    edge = rng.uniform(0.45, 0.75)
    out = [Shape(box(0, 0, 1, 1), wall)]
    if rng.random() < 0.35:
        stripe = blend(wall, WHITE, 0.25)
        for x in np.arange(rng.uniform(0, 0.1), 1.0, rng.uniform(0.07, 0.16)):
            out.append(Shape(box(x, 0, x + 0.03, edge), stripe))
    out.append(Shape(box(0, edge, 1, 1), floor))
    if rng.random() < 0.5:
        for y in edge + (1 - edge) * np.linspace(0.1, 1, 5) ** 1.5:
            out.append(Shape(box(0, y, 1, y + 0.006), blend(floor, DARK, 0.25)))
    out.append(Shape(box(0, edge - 0.025, 1, edge), blend(wall, WHITE, 0.6)))
    if rng.random() < 0.6:
        x, y = rng.uniform(0.0, 0.7), rng.uniform(0.04, 0.15)
        w, h = rng.uniform(0.2, 0.36), rng.uniform(0.2, 0.34)
        frame, sky = any_colour(rng), SKIES[rng.integers(len(SKIES))]
        out += [Shape(box(x - 0.02, y - 0.02, x + w + 0.02, y + h + 0.02), frame)]
        out += [Shape(box(x, y, x + w, y + h), sky)]
        out += [Shape(box(x + w * 0.48, y, x + w * 0.52, y + h), frame)]
        out += [Shape(box(x, y + h * 0.48, x + w, y + h * 0.52), frame)]
        if rng.random() < 0.5:
            cloth = any_colour(rng)
            for way, side in ((1, x - 0.05), (-1, x + w + 0.05)):
                course = [
                    (side, y - 0.05),
                    (side + way * 0.1, y - 0.05),
                    (side + way * 0.04, y + h + 0.08),
                ]
                out.append(Shape(np.array([*course, (side, y + h + 0.08)]), cloth))
    if rng.random() < 0.55:
        rug, x = any_colour(rng), rng.uniform(0.3, 0.7)
        for k, r in enumerate((1.0, 0.85, 0.5)):
            shade = blend(rug, WHITE, 0.25 * (k % 2))
            out.append(Shape(oval(x, (edge + 1.05) / 2, 0.5 * r, (1.05 - edge) * 0.4 * r), shade))
    return out


def _gradient(rng: Rng) -> list[Shape]:
    out = _fade(any_colour(rng, 20, 250), any_colour(rng, 20, 250), 0.0, 1.0, 32)
    for _ in range(int(rng.integers(0, 5))):
        x, y = rng.uniform(0, 1, 2)
        out.append(Shape(oval(x, y, rng.uniform(0.03, 0.2)), any_colour(rng, 60, 250)))
    return out


def _pattern(rng: Rng) -> list[Shape]:
    ground = any_colour(rng, 40, 245)
    ink = blend(ground, any_colour(rng, 40, 245), rng.uniform(0.3, 0.9))
    step, style = rng.uniform(0.09, 0.2), rng.integers(4)
    out = [Shape(box(-1, -1, 2, 2), ground)]
    cells = int(1.6 / step)
    for k in range(cells):
        x = (k - cells / 2) * step
        if style == 0:
            out.append(Shape(box(x, -0.8, x + step * 0.5, 0.8), ink))
            continue
        for j in range(cells):
            y = (j - cells / 2) * step
            if style == 1:
                out.append(Shape(oval(x, y, step * 0.28), ink))
            elif style == 2 and (k + j) % 2:
                out.append(Shape(box(x, y, x + step, y + step), ink))
            elif style == 3:
                out.append(
                    Shape(
                        np.array([(x, y), (x + step * 0.7, y), (x + step * 0.35, y - step * 0.6)]),
                        ink,
                    )
                )
    return [out[0], *placed(out[1:], 1.0, rng.uniform(-0.8, 0.8), (0.5, 0.5))]


def _bricks(rng: Rng) -> list[Shape]:
    brick, rows = any_colour(rng, 80, 210), int(rng.integers(6, 12))
    high, edge = 1 / rows, rng.uniform(0.7, 1.0)
    out = [Shape(box(0, 0, 1, 1), blend(brick, WHITE, rng.uniform(0.2, 0.5)))]
    for row in range(int(rows * edge) + 1):
        for k in range(-1, rows // 2 + 1):
            x, y = (k + 0.5 * (row % 2)) * high * 2.1, row * high
            shade = blend(brick, DARK, rng.uniform(0, 0.25))
            out.append(Shape(box(x, y, x + high * 1.95, y + high * 0.88), shade))
    return [*out, Shape(box(0, edge, 1, 1.01), any_colour(rng, 70, 190))]


def _beach(rng: Rng) -> list[Shape]:
    horizon, shore = rng.uniform(0.25, 0.4), rng.uniform(0.48, 0.65)
    out = _fade(SKIES[rng.integers(len(SKIES))], WHITE, 0.0, horizon + 0.02, 16)
    out += _clouds(rng, horizon * 0.7, int(rng.integers(0, 3)))
    out += _fade((58, 118, 158), (120, 178, 190), horizon, shore + 0.08, 6)
    sand = blend((224, 204, 156), any_colour(rng), 0.15)
    out.append(_hills(rng, shore + 0.1, sand))
    for _ in range(int(rng.integers(4, 20))):
        x, y = rng.uniform(0, 1), rng.uniform(shore + 0.1, 1)
        out.append(Shape(oval(x, y, rng.uniform(0.004, 0.015)), blend(sand, DARK, 0.3)))
    return out


BACKDROPS: tuple[Callable[[Rng], list[Shape]], ...] = (
    _meadow,
    _meadow,
    _sky,
    _room,
    _room,
    _gradient,
    _pattern,
    _bricks,
    _beach,
)
