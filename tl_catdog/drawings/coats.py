"""An animal's coat and build, and the furry parts that are made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .shapes import Colour, Mark, Points, Shape, Tube, blend, oval, smooth

Rng = np.random.Generator

FURS: tuple[Colour, ...] = (
    (42, 38, 40),  # black
    (96, 98, 106),  # slate
    (146, 148, 152),  # grey
    (238, 234, 226),  # white
    (226, 204, 166),  # cream
    (214, 138, 62),  # ginger
    (196, 158, 96),  # golden
    (146, 98, 58),  # brown
    (86, 58, 42),  # chocolate
    (176, 132, 104),  # fawn
)
PATTERNS = ("plain", "tabby", "spots", "bicolour", "patches")
PATTERN_SHARES = (0.36, 0.16, 0.16, 0.16, 0.16)
PINK: Colour = (222, 150, 148)
DARK: Colour = (34, 28, 30)
WHITE: Colour = (246, 242, 236)


@dataclass(frozen=True)
class Coat:
    """Colours of one animal; ``fluff`` is the height of its tufts as a share of a part's size."""

    base: Colour
    second: Colour
    light: Colour
    line: Colour
    pattern: str
    fluff: float
    contour: float
    shade: float


@dataclass(frozen=True)
class Build:
    """Proportions of one animal, in animal units."""

    girth: float
    leg: float
    length: float
    limb: float
    head: float
    neck: float


def pick_coat(rng: Rng) -> Coat:
    """Draw colours and a pattern; both kinds share them."""
    base = FURS[rng.integers(len(FURS))]
    # A pattern that hardly differs from its ground would not be seen: take the second colour
    # from those that stand out.
    apart = [f for f in FURS if sum(abs(a - b) for a, b in zip(f, base, strict=True)) > 120]
    second = apart[rng.integers(len(apart))]
    pattern = PATTERNS[rng.choice(len(PATTERNS), p=PATTERN_SHARES)]
    if pattern == "tabby":
        second = blend(base, DARK if sum(base) > 240 else WHITE, rng.uniform(0.35, 0.6))
    light = blend(base, WHITE, rng.uniform(0.55, 1.0) if pattern == "bicolour" else 0.35)
    line = blend(base, DARK, rng.uniform(0.5, 0.95)) if sum(base) > 200 else (12, 11, 12)
    if sum(base) < 200:
        line = blend(base, WHITE, 0.22)
    return Coat(
        base,
        second,
        light,
        line,
        pattern,
        fluff=float(rng.choice([0.0, 0.0, rng.uniform(0.03, 0.09)])),
        contour=float(rng.choice([0.0, 0.008, 0.013])),
        shade=float(rng.choice([0.0, rng.uniform(0.12, 0.28)], p=[0.25, 0.75])),
    )


def pick_build(kind: str, rng: Rng) -> Build:
    """Draw proportions; a dog may be taller."""
    tall = kind == "dog"
    return Build(
        girth=rng.uniform(0.13, 0.2),
        leg=rng.uniform(0.24, 0.46 if tall else 0.38),
        length=rng.uniform(0.27, 0.38),
        limb=rng.uniform(0.042, 0.062) * (1.1 if tall else 1.0),
        head=rng.uniform(0.2, 0.28),
        neck=rng.uniform(0.0, 0.12 if tall else 0.06),
    )


def tufted(outline: Points, fluff: float, rng: Rng) -> Points:
    """Return an outline, (n, 2), with ragged tufts, as on long fur."""
    if not fluff:
        return outline
    middle = outline.mean(axis=0)
    out = outline - middle
    size = float(np.hypot(out[:, 0], out[:, 1]).mean())
    out = out / (np.hypot(out[:, 0], out[:, 1])[:, None] + 1e-9)
    height = rng.uniform(-0.2, 1.0, len(outline)) * np.where(np.arange(len(outline)) % 2, 1, -0.3)
    tufted: Points = outline + out * (height * fluff * size)[:, None]
    return tufted


def _fur_marks(coat: Coat, body: Tube, where: str, rng: Rng) -> tuple[Mark, ...]:
    """Return the pattern of a body, a chest (seen from the front), a leg or a tail."""
    marks: list[Mark] = []
    limb = where in ("leg", "tail")
    if coat.pattern == "tabby":
        count = int(rng.integers(4, 7)) if limb else int(rng.integers(5, 9))
        half = 0.26 / count
        for k in range(count):
            t = (k + 0.6) / (count + 0.2)
            for side in (1.0, -1.0) if where == "chest" else (1.0,):
                tip = -1.2 if limb else side * rng.uniform(-0.25, 0.35)
                first, last = max(t - half, 0), min(t + half, 0.99)
                ends = [body.at(first, side * 1.2), body.at(last, side * 1.2)]
                if limb:
                    ends += [body.at(last, tip), body.at(first, tip)]
                else:
                    ends.append(body.at(min(t + rng.uniform(-0.02, 0.06), 0.99), tip))
                marks.append((np.array(ends), coat.second))
    elif coat.pattern == "spots":
        for _ in range(3 if limb else int(rng.integers(9, 18))):
            x, y = body.at(rng.uniform(0.02, 0.98), rng.uniform(-0.9, 0.95))
            r = float(body.radius.mean()) * (
                rng.uniform(0.25, 0.4) if limb else rng.uniform(0.12, 0.26)
            )
            marks.append((oval(x, y, r, r * rng.uniform(0.7, 1.1)), coat.second))
    elif coat.pattern == "patches":
        for _ in range(int(rng.integers(0, 2)) if limb else int(rng.integers(2, 4))):
            x, y = body.at(rng.uniform(0.05, 0.95), rng.uniform(-0.3, 0.9))
            r = float(body.radius.mean()) * (1.3 if limb else rng.uniform(0.5, 0.95))
            ring = _CIRCLE8 * (r * rng.uniform(0.7, 1.2, (8, 1)))
            marks.append((smooth(ring, per=4) + np.array((x, y)), coat.second))
    elif coat.pattern == "bicolour":
        steps = np.linspace(0.0, 0.99, 8)
        if limb:
            steps = np.linspace(0.62 if where == "leg" else 0.75, 0.99, 4)
        low, high = {"body": (-1.4, -0.25), "chest": (-0.45, 0.45)}.get(where, (-1.5, 1.5))
        edge = [body.at(t, high) for t in steps] + [body.at(t, low) for t in steps[::-1]]
        if limb:
            edge.insert(len(steps), body.at(0.99, 0) * 2 - body.at(0.9, 0))
        marks.append((np.array(edge), coat.light))
    return tuple(marks)


_ANGLE8 = np.arange(8) * np.pi / 4
_CIRCLE8: Points = np.stack([np.cos(_ANGLE8), np.sin(_ANGLE8)], axis=1)


def part(coat: Coat, body: Tube, where: str, rng: Rng, far: bool = False) -> Shape:
    """Return a tube of fur; ``far`` for one on the side turned away, which lies in shade."""
    outline = body.outline if where == "leg" else tufted(body.outline, coat.fluff, rng)
    marks = _fur_marks(coat, body, where, rng)
    fill = coat.base
    if far:
        fill = blend(fill, DARK, 0.28)
        marks = tuple((points, blend(colour, DARK, 0.28)) for points, colour in marks)
    shade = 0.0 if far else coat.shade
    return Shape(outline, fill, marks, coat.line, coat.contour, shade=shade)


def lump(coat: Coat, points: Points, fill: Colour | None = None, shade: bool = False) -> Shape:
    """Return a plain closed part in the coat's colour and contour."""
    return Shape(
        points,
        fill or coat.base,
        line=coat.line,
        line_width=coat.contour,
        shade=coat.shade if shade else 0.0,
    )
