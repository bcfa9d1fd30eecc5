"""Cats and dogs as lists of shapes.

Both kinds share poses, coats, patterns and build; what tells them apart is what tells real ones
apart: ears, muzzle, nose, eyes, whiskers, tongue and tail.
An animal stands on y = 0 facing right and is about one unit tall; a head's own unit is its radius.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .coats import DARK, Build, Coat, Rng, lump, part, pick_build, pick_coat
from .heads import HEADS
from .shapes import CAP_POINTS, Points, Shape, blend, oval, placed, tube


@dataclass(frozen=True)
class Animal:
    """A cat or a dog.

    Attributes:
        shapes: What to paint, in animal units.
        head: The circle (x, y, radius) that holds the head.
        close_up: Whether the body below the head is only hinted at and belongs out of sight.
    """

    shapes: tuple[Shape, ...]
    head: tuple[float, float, float]
    close_up: bool = False


def _tail(kind: str, coat: Coat, start: tuple[float, float], heading: float, rng: Rng) -> Shape:
    """Return a tail from ``start`` in the direction ``heading`` (radians, 0 right, positive down).

    Cats' are long and slim, dogs' are shorter and thick at the root.
    """
    if kind == "cat":
        length, bend = rng.uniform(0.55, 0.8), rng.uniform(-1.2, 1.2)
        thick = rng.uniform(0.032, 0.045)
        radii = np.full(6, thick) * (1.6 if coat.fluff else 1.0)
    else:
        length, bend = rng.uniform(0.22, 0.5), rng.uniform(-1.6, 0.6)
        thick = rng.uniform(0.05, 0.07)
        bushy = 1.5 if coat.fluff else 0.85
        radii = thick * np.array([1.0, bushy, bushy, 0.8 * bushy, 0.6 * bushy, 0.35])
    headings = heading + np.cumsum(np.full(5, bend / 5) * rng.uniform(0.3, 1.7, 5))
    steps = length / 5 * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    points = np.concatenate([[start], start + np.cumsum(steps, axis=0)])
    return part(coat, tube(points, radii, per=4), "tail", rng)


def _leg(
    coat: Coat,
    points: list[tuple[float, float]],
    limb: float,
    rng: Rng,
    far: bool = False,
    straight: bool = False,
) -> list[Shape]:
    """Return a leg through points down to the foot; its paw points right, or at us if straight."""
    x, y = points[-1]
    course = tube(points, np.linspace(1.5, 0.95, len(points)) * limb, per=4)
    shape = part(coat, course, "leg", rng, far)
    fill = coat.light if coat.pattern == "bicolour" else coat.base
    paw_at = (x, y + limb * 0.3) if straight else (x + limb * 0.5, y + limb * 0.35)
    paw = oval(*paw_at, limb * (1.35 if straight else 1.45), limb * 0.85)
    out = [replace(shape, line=None)]
    if coat.contour:
        # No contour around the top: a leg grows out of the body, it is not pinned to it.
        skip = len(course.centre) // 4
        out.append(
            Shape(
                course.outline[skip : 2 * len(course.centre) + CAP_POINTS - skip],
                coat.line,
                stroke=coat.contour,
            )
        )
    return [*out, lump(coat, paw, blend(fill, DARK, 0.28) if far else fill)]


def _collar(coat: Coat, x: float, y: float, r: float, turn: float, rng: Rng) -> list[Shape]:
    if rng.random() > 0.25:
        return []
    band = tube([(-r, -0.01), (0, r * 0.22), (r, -0.01)], [0.022, 0.026, 0.022])
    red, green, blue = (int(v) for v in rng.integers(40, 230, 3))
    tag = Shape(oval(0, r * 0.36, 0.03), (222, 186, 70))
    return placed([Shape(band.outline, (red, green, blue)), tag], 1.0, turn, (x, y))


def _with_head(
    kind: str,
    coat: Coat,
    body: list[Shape],
    at: tuple[float, float],
    r: float,
    rng: Rng,
    side: bool,
    close_up: bool = False,
) -> Animal:
    """Return the animal of a body and a head of radius ``r``, in profile if ``side``."""
    # Contours are set in animal units; the head is built in units of its own radius.
    inner = replace(coat, contour=coat.contour / r)
    turn = rng.uniform(-0.25, 0.2) if side else rng.uniform(-0.18, 0.18)
    head = placed(HEADS[kind, side](inner, rng), r, turn, at)
    # A muzzle in profile is as much of the face as the eyes are. Cats get the same circle, or
    # the room around the head would tell the kinds apart.
    circle = (at[0] + 0.35 * r, at[1] + 0.1 * r, 1.25 * r) if side else (*at, r)
    return Animal((*body, *head), circle, close_up)


def _standing(kind: str, coat: Coat, build: Build, rng: Rng) -> Animal:
    back = -(build.leg + build.girth)
    ends, g = build.length, build.girth
    body = tube(
        [(-ends, back), (0.0, back + 0.02), (ends, back - 0.03)],
        [g * 0.92, g * rng.uniform(0.8, 1.0), g * 1.05],
    )
    stride = rng.uniform(-0.14, 0.14)
    far: list[Shape] = []
    near: list[Shape] = []
    for front in (False, True):
        x = ends * (0.95 if front else -1.0)
        for way, group in ((-1.0, far), (1.0, near)):
            foot = x + 0.02 + way * stride + (0.05 if group is far else 0.0)
            knee = (x + way * stride * 0.3 + (0.01 if front else 0.05), -build.leg * 0.62)
            hock = (foot - (0.0 if front else 0.05), -build.leg * 0.34)
            points = [(x, back + g * 0.25), knee, hock, (foot, -build.limb)]
            group += _leg(coat, points, build.limb, rng, far=group is far)
    heading = np.pi + rng.uniform(-0.5, 1.2)
    tail = _tail(kind, coat, (-ends - g * 0.7, back - g * 0.25), heading, rng)
    head = (ends + g * rng.uniform(0.7, 1.2), back - g * 0.9 - build.neck - build.head * 0.5)
    neck = part(coat, tube([(ends, back), head], [g * 0.85, build.head * 0.72]), "leg", rng)
    plain_neck = replace(neck, marks=())
    shapes = [tail, *far, plain_neck, part(coat, body, "body", rng), *near]
    shapes += _collar(coat, (ends + head[0]) / 2, (back + head[1]) / 2, build.head * 0.7, 0.6, rng)
    side = rng.random() < 0.6
    return _with_head(kind, coat, shapes, head, build.head, rng, side)


def _sitting_side(kind: str, coat: Coat, build: Build, rng: Rng) -> Animal:
    g, lean = build.girth, rng.uniform(0.1, 0.24)
    top = -rng.uniform(0.62, 0.76)
    body = tube([(-0.12, -g), (0.0, top * 0.6), (lean, top)], [g * 1.15, g * 1.05, g * 0.8])
    tail = _tail(kind, coat, (-0.2 - g * 0.6, -g * 0.5), np.pi + rng.uniform(-0.2, 0.7), rng)
    foot = lean + rng.uniform(0.02, 0.1)
    far = _leg(
        coat,
        [(lean, top * 0.7), (foot + 0.06, top * 0.4), (foot + 0.07, -build.limb)],
        build.limb,
        rng,
        True,
    )
    near = _leg(coat, [(lean, top * 0.72), (foot, top * 0.4), (foot, -build.limb)], build.limb, rng)
    thigh = lump(coat, oval(-0.08, -g * 0.95, g * 0.95, g * 0.92), shade=True)
    paw = lump(coat, oval(0.06, -build.limb * 0.8, build.limb * 2.1, build.limb * 0.85))
    head = (lean + rng.uniform(0.0, 0.08), top - build.head * 0.75 - build.neck)
    shapes = [tail, *far, part(coat, body, "body", rng), *near, paw, thigh]
    shapes += _collar(coat, lean, top - g * 0.2, build.head * 0.75, 0.2, rng)
    side = rng.random() < 0.55
    return _with_head(kind, coat, shapes, head, build.head, rng, side)


def _sitting_front(kind: str, coat: Coat, build: Build, rng: Rng) -> Animal:
    g, top = build.girth * 1.25, -rng.uniform(0.56, 0.7)
    body = tube([(0, top), (0, top * 0.55), (0, -g * 0.9)], [g * 0.75, g * 0.95, g * 1.1])
    tail = _tail(kind, coat, (-g * 0.9, -0.08), np.pi + rng.uniform(-0.3, 1.0), rng)
    if rng.random() < 0.5:
        (tail,) = placed([tail], 1.0, 0.0, (0.0, 0.0), flip=True)
    shapes = [tail]
    for way in (-1.0, 1.0):
        shapes.append(lump(coat, oval(way * g * 0.95, -g * 0.62, g * 0.6, g * 0.68), shade=True))
        shapes.append(
            lump(coat, oval(way * g * 1.15, -build.limb * 0.7, build.limb * 1.5, build.limb * 0.8))
        )
    shapes.append(part(coat, body, "chest", rng))
    gap = g * rng.uniform(0.35, 0.55)
    for way in (-1.0, 1.0):
        course = [(way * gap, top * 0.62), (way * gap, top * 0.3), (way * gap * 1.1, -build.limb)]
        shapes += _leg(coat, course, build.limb, rng, straight=True)
    r = build.head * 1.1
    head = (rng.uniform(-0.05, 0.05), top - r * 0.75 - build.neck * 0.5)
    shapes += _collar(coat, 0.0, top - g * 0.1, r * 0.75, 0.0, rng)
    side = rng.random() < 0.2
    return _with_head(kind, coat, shapes, head, r, rng, side)


def _lying(kind: str, coat: Coat, build: Build, rng: Rng) -> Animal:
    g, ends = build.girth, build.length
    body = tube([(-ends, -g * 0.95), (0, -g * 1.05), (ends, -g * 1.05)], [g, g * 1.05, g])
    tail = _tail(kind, coat, (-ends - g * 0.8, -g * 0.5), np.pi + rng.uniform(-0.3, 0.6), rng)
    shapes = [tail]
    paws: list[Shape] = []
    if rng.random() < 0.6:
        reach = rng.uniform(0.15, 0.3)
        for far in (True, False):
            x = ends + reach + (0.06 if far else 0.0)
            paws = _leg(
                coat,
                [(ends * 0.8, -g * 0.5), (ends + 0.1, -g * 0.3), (x, -build.limb)],
                build.limb,
                rng,
                far,
            )
            if far:
                shapes += paws
    else:
        paws = [lump(coat, oval(ends * 0.9, -build.limb * 0.8, build.limb * 2, build.limb * 0.85))]
    thigh = lump(coat, oval(-ends * 0.75, -g * 0.75, g * 1.0, g * 0.72), shade=True)
    paw = lump(coat, oval(-ends * 0.4, -build.limb * 0.75, build.limb * 2.0, build.limb * 0.8))
    head = (
        ends + g * rng.uniform(0.1, 0.6),
        -g * 1.5 - build.head * rng.uniform(0.35, 0.9) - build.neck * 0.5,
    )
    neck = tube([(ends * 0.95, -g * 1.1), head], [g * 0.85, build.head * 0.75])
    shapes += [
        replace(part(coat, neck, "leg", rng), marks=()),
        part(coat, body, "body", rng),
        paw,
        thigh,
        *paws,
    ]
    shapes += _collar(coat, (ends + head[0]) / 2, (head[1] - g) / 2, build.head * 0.75, 0.4, rng)
    side = rng.random() < 0.4
    return _with_head(kind, coat, shapes, head, build.head, rng, side)


def _close_up(kind: str, coat: Coat, build: Build, rng: Rng) -> Animal:
    side = rng.random() < 0.25
    r = 0.45
    head = (0.0, -0.85)
    chest = tube(
        [(-0.12 if side else 0.0, -0.75), (-0.05, -0.2), (-0.05, 0.6)],
        [r * 0.62, r * 0.95, r * 1.4],
        per=12,
    )
    shapes = [part(coat, chest, "chest", rng), *_collar(coat, 0.0, -0.45, r * 0.8, 0.0, rng)]
    return _with_head(kind, coat, shapes, head, r, rng, side, close_up=True)


_POSES: tuple[tuple[Callable[[str, Coat, Build, Rng], Animal], float], ...] = (
    (_standing, 0.16),
    (_sitting_side, 0.14),
    (_sitting_front, 0.18),
    (_lying, 0.12),
    (_close_up, 0.4),
)


def animal(kind: str, rng: Rng) -> Animal:
    """Return a cat or a dog in some pose and coat, in animal units."""
    coat, build = pick_coat(rng), pick_build(kind, rng)
    pose = int(rng.choice(len(_POSES), p=[share for _, share in _POSES]))
    return _POSES[pose][0](kind, coat, build, rng)


def extent(shapes: tuple[Shape, ...] | list[Shape]) -> tuple[Points, Points]:
    """Return the lowest and the highest x and y of the filled shapes; whiskers don't count."""
    points = np.concatenate([s.points for s in shapes if not s.stroke])
    return points.min(axis=0), points.max(axis=0)
