"""Backgrounds and clutter, as lists of shapes in picture units, the same for both kinds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .shapes import Colour, Shape, blend, box, oval, placed, smooth, tube

Rng = np.random.Generator

GREENS: tuple[Colour, ...] = ((96, 150, 66), (126, 168, 78), (70, 118, 62), (150, 164, 84))
SKIES: tuple[Colour, ...] = ((136, 190, 228), (180, 212, 234), (226, 178, 148), (96, 128, 176))
DARK: Colour = (40, 34, 34)
WHITE: Colour = (246, 244, 240)


def any_colour(rng: Rng, low: int = 50, high: int = 235) -> Colour:
    """A random colour, from vivid to nearly grey, with channels in low..high-1."""
    red, green, blue = (int(v) for v in rng.integers(low, high, 3))
    grey = (red + green + blue) // 3
    return blend((red, green, blue), (grey, grey, grey), rng.uniform(0.0, 0.7))


def _fade(top: Colour, bottom: Colour, start: float, end: float, steps: int = 14) -> list[Shape]:
    """Bands from `top` to `bottom` between two heights, across the whole picture."""
    edges = np.linspace(start, end, steps + 1)
    return [
        Shape(box(-0.1, edges[k], 1.1, end), blend(top, bottom, k / (steps - 1)))
        for k in range(steps)
    ]


def _hills(rng: Rng, horizon: float, colour: Colour) -> Shape:
    heights = horizon - rng.uniform(0.0, 0.14, 6)
    line = smooth(np.stack([np.linspace(-0.1, 1.1, 6), heights], axis=1), closed=False)
    return Shape(np.concatenate([line, [(1.1, 1.1), (-0.1, 1.1)]]), colour)


def _blades(rng: Rng, top: float, colour: Colour, count: int) -> list[Shape]:
    out = []
    lean = rng.uniform(-0.02, 0.02, count)
    for k in range(count):
        x, y = rng.uniform(0, 1), rng.uniform(top, 1.02)
        tall = 0.02 + 0.06 * (y - top + 0.1)
        tip = blend(colour, WHITE if k % 2 else DARK, 0.22)
        out.append(Shape(np.array([(x - 0.006, y), (x + 0.006, y), (x + lean[k], y - tall)]), tip))
    return out


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
    out += _blades(rng, horizon, green, int(rng.integers(10, 60)))
    for _ in range(int(rng.integers(0, 9))):
        x, y = rng.uniform(0, 1), rng.uniform(horizon + 0.05, 1)
        out += _flower(rng, any_colour(rng, 90, 250), x, y, rng.uniform(0.04, 0.09))
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


_BACKGROUNDS: tuple[Callable[[Rng], list[Shape]], ...] = (
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


# --- clutter: each thing about one unit large, standing on y = 0 ---------------------------------


def _flower(rng: Rng, colour: Colour, x: float, y: float, size: float) -> list[Shape]:
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


_BEHIND: tuple[Callable[[Rng, Colour], list[Shape]], ...] = (
    _tree, _lamp, _chair, _sofa, _plant, _cushion, _carton, _ball, _stone, _books,
)  # fmt: skip
_BEFORE: tuple[Callable[[Rng, Colour], list[Shape]], ...] = (
    _ball, _wool, _plant, _carton, _bowl, _bone, _fish, _cushion, _books, _stone,
)  # fmt: skip


def background(rng: Rng) -> list[Shape]:
    """Backdrop and the things that stand behind the animal."""
    out = list(_BACKGROUNDS[rng.integers(len(_BACKGROUNDS))](rng))
    for _ in range(int(rng.integers(0, 5))):
        thing = _BEHIND[rng.integers(len(_BEHIND))](rng, any_colour(rng))
        y = rng.uniform(0.55, 0.95)
        to = (rng.uniform(0, 1), y)
        out += placed(thing, rng.uniform(0.14, 0.42), 0.0, to, flip=bool(rng.random() < 0.5))
    return out


def foreground(rng: Rng, head: tuple[float, float, float]) -> list[Shape]:
    """Things in front of the animal; `head` is the circle (x, y, radius) they leave free."""
    out: list[Shape] = []
    for _ in range(int(rng.integers(0, 3))):
        thing = _BEFORE[rng.integers(len(_BEFORE))](rng, any_colour(rng))
        size, x, y = rng.uniform(0.08, 0.24), rng.uniform(0, 1), rng.uniform(0.8, 1.08)
        # The face is what tells the kinds apart, so it stays in sight.
        apart = np.hypot(x - head[0], y - size / 2 - head[1])
        if apart > head[2] * 1.35 + size * 0.6:
            out += placed(thing, size, rng.uniform(-0.15, 0.15), (x, y))
    if rng.random() < 0.15:
        blades = _blades(rng, 0.9, GREENS[rng.integers(len(GREENS))], 30)
        out += placed(blades, 1.0, 0.0, (0.0, 0.03))
    return out
