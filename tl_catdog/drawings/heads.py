"""Heads, from the front and from the side: what tells the two kinds apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .coats import DARK, PINK, WHITE, Coat, Rng, lump, tufted
from .shapes import Colour, Mark, Points, Shape, blend, oval, placed, smooth


def _head_marks(coat: Coat, rng: Rng, side_view: bool) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    x = rng.choice([-1.0, 1.0])
    if coat.pattern == "tabby":
        for dx in (-0.3, 0.0, 0.3):
            marks.append(
                (np.array([(dx - 0.09, -1.2), (dx + 0.09, -1.2), (dx * 0.7, -0.42)]), coat.second)
            )
        for sx in (-1, 1):
            for y in (0.1, 0.35):
                bar = [(sx * 1.3, y - 0.08), (sx * 1.3, y + 0.1), (sx * 0.62, y)]
                marks.append((np.array(bar), coat.second))
    elif coat.pattern == "spots":
        for _ in range(6):
            a, r = rng.uniform(0, 6.28), rng.uniform(0.5, 0.95)
            marks.append((oval(r * np.cos(a), r * np.sin(a), rng.uniform(0.08, 0.17)), coat.second))
    elif coat.pattern == "patches":
        marks.append((oval(x * 0.55, -0.4, 0.6, 0.65), coat.second))
    elif coat.pattern == "bicolour":
        if side_view:
            marks.append((oval(0.7, 0.85, 0.9, 0.75), coat.light))
        else:
            blaze = [(0, -0.75), (0.16, -0.2), (0.65, 0.55), (0, 1.3), (-0.65, 0.55), (-0.16, -0.2)]
            marks.append((smooth(blaze), coat.light))
    return tuple(marks)


def _eye(x: float, y: float, r: float, colour: Colour, pupil: tuple[float, float]) -> list[Shape]:
    """Return an eye of radius r; ``pupil`` is half its width and height as shares of r."""
    return [
        Shape(oval(x, y, r * 1.14, r * 1.08), DARK),
        Shape(oval(x, y, r, r * 0.94), colour),
        Shape(oval(x, y, r * pupil[0], r * pupil[1]), DARK),
        Shape(oval(x - r * 0.3, y - r * 0.35, r * 0.26), WHITE),
    ]


def _closed_eye(x: float, y: float, r: float, line: Colour) -> list[Shape]:
    arc = smooth([(x - r, y), (x, y + r * 0.5), (x + r, y)], closed=False)
    return [Shape(arc, line, stroke=0.07)]


def _whiskers(x: float, y: float, way: float, colour: Colour, rng: Rng) -> list[Shape]:
    out = []
    for k in range(3):
        reach, rise = rng.uniform(0.8, 1.15), (k - 1) * 0.24 + rng.uniform(-0.08, 0.08)
        course = [
            (x, y + k * 0.07),
            (x + way * reach * 0.5, y + rise * 0.7 - 0.06),
            (x + way * reach, y + rise),
        ]
        out.append(Shape(smooth(course, closed=False, per=4), colour, stroke=0.042))
    return out


def _ink(coat: Coat) -> Colour:
    """Return a colour for thin lines that stands out from the fur."""
    return DARK if sum(coat.base) > 270 else (205, 198, 190)


CAT_EYES: tuple[Colour, ...] = ((142, 178, 74), (214, 184, 62), (206, 132, 44), (112, 168, 206))
DOG_EYES: tuple[Colour, ...] = ((92, 58, 34), (66, 42, 28), (140, 92, 44), (124, 160, 190))


def _inner_ear(coat: Coat, ear: Points) -> Shape:
    middle = ear.mean(axis=0)
    return Shape((ear - middle) * 0.57 + middle, blend(coat.base, PINK, 0.7))


def _ear_colour(coat: Coat, rng: Rng) -> Colour:
    """Return the colour of a dog's hanging ears, which often differs from the head's."""
    if coat.pattern in ("spots", "patches"):
        return coat.second
    if sum(coat.base) < 200:
        return blend(coat.base, WHITE, 0.12)
    return blend(coat.base, DARK, rng.uniform(0.05, 0.4))


def _cat_ear(x: float, tall: float, lean: float, width: float) -> Points:
    """Return a pointed ear whose base lies around (x, -0.62)."""
    tip = (x + lean, -0.75 - tall)
    left, right = (x - width, -0.42), (x + width, -0.5)
    bend = [
        (2 * tip[0] + a + b) / 4
        for a, b in ((left[0], x - width * 1.2), (right[0], x + width * 1.2))
    ]
    ym = (tip[1] - 0.5) / 2
    return np.array([left, (bend[0], ym), tip, (bend[1], ym), right, (x, -0.2)], np.float64)


def _cat_front(coat: Coat, rng: Rng) -> list[Shape]:
    tall, lean, width = rng.uniform(0.62, 0.92), rng.uniform(0.05, 0.3), rng.uniform(0.36, 0.46)
    turn_x, turn_y = rng.uniform(-0.16, 0.16), rng.uniform(-0.06, 0.1)
    out: list[Shape] = []
    for side in (-1.0, 1.0):
        ear = _cat_ear(0.58, tall, lean, width) * (side, 1.0)
        second = coat.pattern == "patches" and side > 0
        out.append(lump(coat, ear, coat.second if second else None))
        out.append(_inner_ear(coat, ear))
    wide, high = rng.uniform(0.98, 1.12), rng.uniform(0.8, 0.9)
    cheeks = [(0, -high), (0.62, -0.72), (0.96, -0.2), (wide, 0.32), (0.62, 0.72), (0, high)]
    skull = np.array(cheeks + [(-x, y) for x, y in cheeks[4:0:-1]])
    outline = tufted(smooth(skull, per=5), coat.fluff * 1.2, rng)
    out.append(replace(lump(coat, outline, shade=True), marks=_head_marks(coat, rng, False)))
    face: list[Shape] = []
    pad = blend(coat.light, WHITE, 0.3)
    for side in (-1.0, 1.0):
        face.append(Shape(oval(side * 0.16, 0.4, 0.22, 0.17), pad))
    face.append(Shape(oval(0, 0.56, 0.14, 0.12), pad))
    colour = CAT_EYES[rng.integers(len(CAT_EYES))]
    pupil = [(0.26, 0.86), (0.55, 0.8), (0.78, 0.8)][rng.integers(3)]
    r, asleep = rng.uniform(0.21, 0.28), rng.random() < 0.1
    for side in (-1.0, 1.0):
        x = side * 0.43
        face += _closed_eye(x, -0.05, r, _ink(coat)) if asleep else _eye(x, -0.06, r, colour, pupil)
    nose = PINK if rng.random() < 0.6 else DARK
    face.append(Shape(np.array([(-0.13, 0.2), (0.13, 0.2), (0.0, 0.35)]), nose))
    mouth = [(-0.22, 0.46), (-0.1, 0.53), (0.0, 0.36), (0.1, 0.53), (0.22, 0.46)]
    face.append(Shape(smooth(mouth, closed=False, per=4), DARK, stroke=0.04))
    out += placed(face, 1.0, 0.0, (turn_x, turn_y))
    ink = (238, 236, 232) if rng.random() < 0.5 else _ink(coat)
    for side in (-1.0, 1.0):
        out += _whiskers(side * 0.3 + turn_x, 0.36 + turn_y, side, ink, rng)
    return out


def _cat_side(coat: Coat, rng: Rng) -> list[Shape]:
    tall, width = rng.uniform(0.55, 0.85), rng.uniform(0.34, 0.44)
    far = _cat_ear(0.36, tall * 0.95, 0.12, width * 0.8)
    near = _cat_ear(-0.25, tall, rng.uniform(-0.15, 0.1), width)
    out = [lump(coat, far, blend(coat.base, DARK, 0.25))]
    skull = [(-0.1, -0.86), (0.5, -0.62), (0.8, -0.12), (1.06, 0.1), (1.08, 0.34), (0.9, 0.56)]
    skull += [(0.45, 0.74), (-0.2, 0.84), (-0.8, 0.5), (-0.92, -0.1), (-0.65, -0.65)]
    outline = tufted(smooth(skull, per=4), coat.fluff, rng)
    out.append(replace(lump(coat, outline, shade=True), marks=_head_marks(coat, rng, True)))
    out.append(lump(coat, near))
    out.append(_inner_ear(coat, near))
    out.append(Shape(oval(0.84, 0.38, 0.2, 0.17), blend(coat.light, WHITE, 0.2)))
    colour = CAT_EYES[rng.integers(len(CAT_EYES))]
    out += _eye(0.46, -0.08, rng.uniform(0.17, 0.23), colour, (0.3, 0.85))
    nose = PINK if rng.random() < 0.6 else DARK
    out.append(Shape(np.array([(0.96, 0.08), (1.12, 0.12), (1.06, 0.26)]), nose))
    mouth = smooth([(1.04, 0.38), (0.86, 0.5), (0.66, 0.44)], closed=False, per=4)
    out.append(Shape(mouth, DARK, stroke=0.04))
    ink = (238, 236, 232) if rng.random() < 0.5 else _ink(coat)
    out += _whiskers(0.8, 0.34, 1.0 if rng.random() < 0.5 else -1.0, ink, rng)
    return out


def _flop_ear(coat: Coat, rng: Rng, drop: float) -> Points:
    """Return a hanging ear on the right of a head seen from the front."""
    out = rng.uniform(0.95, 1.25)
    ear = [
        (0.38, -0.82),
        (0.85, -0.78),
        (out, -0.2),
        (out * 0.98, drop * 0.7),
        (0.86, drop),
        (0.68, drop * 0.5),
    ]
    return tufted(smooth([*ear, (0.6, -0.25)], per=4), coat.fluff, rng)


def _prick_ear(x: float, tall: float, lean: float) -> Points:
    """Return an upright ear with a broad blunt tip."""
    tip, top = x + lean, -0.62 - tall
    ear = [(x - 0.36, -0.4), (x - 0.3 + lean * 0.4, -0.72), (tip - 0.13, top), (tip + 0.09, top)]
    return smooth([*ear, (x + 0.33 + lean * 0.6, -0.6), (x + 0.32, -0.2)], per=4)


def _tongue(x: float, y: float, reach: float) -> list[Shape]:
    lick = [
        (x - 0.15, y),
        (x + 0.15, y),
        (x + 0.16, y + reach * 0.7),
        (x, y + reach),
        (x - 0.16, y + reach * 0.7),
    ]
    middle = np.array([(x, y + 0.02), (x, y + reach * 0.6)])
    return [Shape(smooth(lick, per=4), (216, 96, 104)), Shape(middle, (180, 66, 80), stroke=0.04)]


def _dog_front(coat: Coat, rng: Rng) -> list[Shape]:
    style = rng.choice(["flop", "prick", "half"], p=[0.6, 0.2, 0.2])
    turn_x, turn_y = rng.uniform(-0.14, 0.14), rng.uniform(-0.06, 0.06)
    dark = _ear_colour(coat, rng)
    ears: list[Shape] = []
    drop, tall, lean = rng.uniform(0.25, 0.95), rng.uniform(0.6, 0.9), rng.uniform(0.05, 0.3)
    for side in (-1.0, 1.0):
        if style == "flop":
            ears.append(lump(coat, _flop_ear(coat, rng, drop) * (side, 1.0), dark))
            continue
        ear = _prick_ear(0.55, tall, lean) * (side, 1.0)
        ears.append(lump(coat, ear))
        if style == "prick":
            ears.append(_inner_ear(coat, ear))
        else:
            top = -0.62 - tall * 0.55
            fold = np.array(
                [
                    (0.32, top),
                    (0.7 + lean, top - 0.06),
                    (1.02 + lean, top + 0.1),
                    (0.98 + lean, -0.3),
                ]
            )
            ears[-1] = lump(coat, _prick_ear(0.55, tall * 0.5, lean * 0.5) * (side, 1.0))
            ears.append(lump(coat, smooth(fold * (side, 1.0), per=4), dark))
    jaw = rng.uniform(0.62, 0.82)
    cheeks = [(0, -0.88), (0.52, -0.76), (0.86, -0.28), (0.84, 0.2), (jaw, 0.66), (0, 1.0)]
    skull = np.array(cheeks + [(-x, y) for x, y in cheeks[4:0:-1]])
    outline = tufted(smooth(skull, per=5), coat.fluff * 1.2, rng)
    head = replace(lump(coat, outline, shade=True), marks=_head_marks(coat, rng, False))
    out = [head, *ears] if style == "flop" else [*ears, head]
    muzzle, low = rng.uniform(0.42, 0.58), rng.uniform(0.4, 0.54)
    face: list[Shape] = []
    if rng.random() < 0.6:
        face += _tongue(0.0, 0.42 + low * 0.7, rng.uniform(0.35, 0.6))
    snout = tufted(oval(0, 0.5, muzzle, low), coat.fluff, rng)
    face.append(
        lump(
            coat,
            snout,
            coat.light if rng.random() < 0.7 else blend(coat.base, coat.light, 0.4),
            shade=True,
        )
    )
    eyes, r = DOG_EYES[rng.integers(len(DOG_EYES))], rng.uniform(0.12, 0.19)
    asleep = rng.random() < 0.1
    for side in (-1.0, 1.0):
        x = side * rng.uniform(0.36, 0.4)
        face += (
            _closed_eye(x, -0.14, r, _ink(coat))
            if asleep
            else _eye(x, -0.16, r, eyes, (0.66, 0.66))
        )
    nose = DARK if rng.random() < 0.8 else (110, 72, 62)
    face.append(Shape(oval(0, 0.26, rng.uniform(0.2, 0.27), 0.17), nose))
    face.append(Shape(oval(-0.06, 0.2, 0.06, 0.035), blend(nose, WHITE, 0.5)))
    mouth = [(-0.32, 0.6), (-0.16, 0.74), (0.0, 0.62), (0.16, 0.74), (0.32, 0.6)]
    face.append(Shape(np.array([(0.0, 0.35), (0.0, 0.62)]), DARK, stroke=0.05))
    face.append(Shape(smooth(mouth, closed=False, per=4), DARK, stroke=0.05))
    return out + placed(face, 1.0, 0.0, (turn_x, turn_y))


def _dog_side(coat: Coat, rng: Rng) -> list[Shape]:
    style = rng.choice(["flop", "prick"], p=[0.72, 0.28])
    long, thick = rng.uniform(1.45, 1.95), rng.uniform(0.24, 0.34)
    out: list[Shape] = []
    if style == "prick":
        out.append(lump(coat, _prick_ear(0.25, 0.55, 0.1), blend(coat.base, DARK, 0.25)))
    if rng.random() < 0.45:
        out += _tongue(long - 0.35, 0.5, rng.uniform(0.35, 0.6))
    # Skull and muzzle are one outline: stop below the brow, blunt nose, jaw back to the throat.
    skull = [
        (-0.15, -0.84),
        (0.4, -0.68),
        (0.72, -0.22),
        (long - 0.3, 0.34 - thick),
        (long, 0.4 - thick * 0.8),
    ]
    skull += [
        (long + 0.04, 0.42),
        (long - 0.25, 0.3 + thick),
        (0.7, 0.68),
        (0.1, 0.85),
        (-0.65, 0.6),
    ]
    skull += [(-0.9, 0.0), (-0.68, -0.6)]
    outline = tufted(smooth(skull, per=4), coat.fluff * 0.8, rng)
    out.append(replace(lump(coat, outline, shade=True), marks=_head_marks(coat, rng, True)))
    out += _eye(
        0.38, -0.2, rng.uniform(0.12, 0.17), DOG_EYES[rng.integers(len(DOG_EYES))], (0.66, 0.66)
    )
    nose = DARK if rng.random() < 0.8 else (110, 72, 62)
    out.append(Shape(oval(long - 0.02, 0.34 - thick * 0.5, 0.17, 0.14), nose))
    mouth = smooth([(long - 0.02, 0.46), (long - 0.4, 0.5), (0.72, 0.4)], closed=False, per=4)
    out.append(Shape(mouth, DARK if sum(coat.base) > 150 else _ink(coat), stroke=0.05))
    dark = _ear_colour(coat, rng)
    if style == "prick":
        out.append(
            lump(coat, _prick_ear(-0.3, rng.uniform(0.5, 0.75), rng.uniform(-0.15, 0.1)), dark)
        )
    else:
        drop = rng.uniform(0.2, 0.85)
        ear = [
            (-0.35, -0.72),
            (0.08, -0.55),
            (0.12, drop * 0.5),
            (-0.15, drop),
            (-0.5, drop * 0.7),
            (-0.62, -0.15),
        ]
        out.append(lump(coat, tufted(smooth(ear, per=4), coat.fluff, rng), dark))
    return out


HEADS: dict[tuple[str, bool], Callable[[Coat, Rng], list[Shape]]] = {
    ("cat", False): _cat_front,
    ("cat", True): _cat_side,
    ("dog", False): _dog_front,
    ("dog", True): _dog_side,
}
