"""Flat shapes of the drawn pictures: smooth outlines, tubes, and the canvas that paints them.

Every length is in the units of the frame that a shape lives in (a picture is the unit square,
x to the right, y down); pixels appear only in ``Canvas``, so a composition does not depend on the
size that it is painted at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageChops, ImageDraw

Points: TypeAlias = NDArray[np.float64]
Colour: TypeAlias = tuple[int, int, int]
Mark: TypeAlias = tuple[Points, Colour]


@dataclass(frozen=True)
class Shape:
    """One painted area, or with ``stroke`` above 0 one line of that width.

    Attributes:
        points: Outline, or the line's course, (n, 2).
        fill: Colour of the area, or of the line.
        marks: Areas that are painted inside the outline only.
        line: Colour of the contour, None for none.
        line_width: Width of the contour.
        stroke: Width of the line; 0 for an area.
        shade: How much darker the side turned away from the light is, 0..1; 0 is flat.
    """

    points: Points
    fill: Colour
    marks: tuple[Mark, ...] = ()
    line: Colour | None = None
    line_width: float = 0.0
    stroke: float = 0.0
    shade: float = 0.0


@dataclass(frozen=True)
class Tube:
    """A tube around a curve; ``normal`` points to the left of it (up for a curve going right)."""

    outline: Points
    centre: Points
    normal: Points
    radius: Points

    def at(self, along: float, across: float) -> Points:
        """Return the point, (2,), at ``along`` 0..1 and ``across`` -1..1 of the radius."""
        i = min(int(along * len(self.centre)), len(self.centre) - 1)
        point: Points = self.centre[i] + self.normal[i] * self.radius[i] * across
        return point


@lru_cache(maxsize=64)
def _weights(count: int, closed: bool, per: int) -> Points:
    """Return Catmull-Rom weights, (samples, count): a smooth curve is one matrix product."""
    spans = count if closed else count - 1
    t = np.arange(per) / per
    basis = 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2],
        axis=1,
    )
    out = np.zeros((spans * per + (not closed), count))
    for span in range(spans):
        rows = slice(span * per, (span + 1) * per)
        for k in range(4):
            at = span + k - 1
            at = at % count if closed else min(max(at, 0), count - 1)
            out[rows, at] += basis[:, k]
    if not closed:
        out[-1, -1] = 1.0
    return out


def smooth(points: ArrayLike, closed: bool = True, per: int = 6) -> Points:
    """Return a smooth curve through points, (n, 2), with ``per`` samples between two of them."""
    given = np.asarray(points, dtype=np.float64)
    curve: Points = _weights(len(given), closed, per) @ given
    return curve


_TURN = np.linspace(0, 2 * np.pi, 28, endpoint=False)
_CIRCLE: Points = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
CAP_POINTS = 7
"""Points of a tube's outline that round off either end."""
_CAP = np.linspace(0, np.pi, CAP_POINTS + 2)[1:-1]


def oval(x: float, y: float, rx: float, ry: float | None = None, turn: float = 0.0) -> Points:
    """Return an ellipse around (x, y) with half axes rx, ry, turned by ``turn`` radians."""
    ring = _CIRCLE * (rx, rx if ry is None else ry)
    return place(ring, 1.0, turn, (x, y)) if turn else ring + np.array((x, y))


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """Return a rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def tube(points: ArrayLike, radii: ArrayLike, per: int = 6) -> Tube:
    """Return a tube of changing radius along a smooth open curve, with round ends."""
    centre = smooth(points, closed=False, per=per)
    radius = smooth(np.asarray(radii, np.float64)[:, None], closed=False, per=per)[:, 0]
    along = np.gradient(centre, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
    side = normal * radius[:, None]
    cos, sin = np.cos(_CAP)[:, None], np.sin(_CAP)[:, None]
    end = centre[-1] + radius[-1] * (cos * normal[-1] + sin * along[-1])
    start = centre[0] + radius[0] * (-cos * normal[0] - sin * along[0])
    outline = np.concatenate([centre + side, end, (centre - side)[::-1], start])
    return Tube(outline, centre, normal, radius)


def place(points: Points, scale: float, turn: float, to: tuple[float, float]) -> Points:
    """Return points scaled, turned by ``turn`` radians (clockwise on screen) and moved."""
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    moved: Points = points @ np.array([[cos, sin], [-sin, cos]]) + to
    return moved


def placed(
    shapes: Iterable[Shape],
    scale: float,
    turn: float,
    to: tuple[float, float],
    flip: bool = False,
) -> list[Shape]:
    """Return shapes mirrored left to right if ``flip``, then treated as by ``place``."""
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    matrix = np.array([[cos, sin], [-sin, cos]])
    if flip:
        matrix[0] *= -1
    return [
        Shape(
            s.points @ matrix + to,
            s.fill,
            tuple((p @ matrix + to, colour) for p, colour in s.marks),
            s.line,
            s.line_width * scale,
            s.stroke * scale,
            s.shade,
        )
        for s in shapes
    ]


def blend(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour between ``a`` (share 0) and ``b`` (share 1)."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


class Canvas:
    """A square picture of ``side`` pixels and a mask of what is visible of the animal in it."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.image = Image.new("RGB", (side, side))
        self.mask = Image.new("L", (side, side))
        self._pen = ImageDraw.Draw(self.image)
        self._mask_pen = ImageDraw.Draw(self.mask)

    def paint(self, shapes: Iterable[Shape], mask: int | None = None) -> None:
        """Paint shapes given in picture units; ``mask`` is the value they leave in the mask."""
        for shape in shapes:
            self._paint_one(shape, mask)

    def haze(self, strength: float) -> None:
        """Draw everything painted so far towards its mean colour; strength 0..1."""
        mean = self.image.reduce(self.side // 8).resize((1, 1), Image.Resampling.BOX)
        flat = mean.resize(self.image.size, Image.Resampling.NEAREST)
        self.image.paste(Image.blend(self.image, flat, strength))

    def veil(self, points: Points, colour: Colour, strength: float) -> None:
        """Lay a see-through area (a shadow) over the picture; strength 0..1."""
        found = self._stencil(points)
        if found is not None:
            window, stencil = found
            self.image.paste(colour, window, stencil.point(lambda v: int(v * strength)))

    def _stencil(self, points: Points) -> tuple[tuple[int, int, int, int], Image.Image] | None:
        """Return an outline's window in pixels and its stencil there; None when out of sight."""
        low = points.min(axis=0) * self.side
        high = points.max(axis=0) * self.side + 1
        left, top = max(int(low[0]), 0), max(int(low[1]), 0)
        right, bottom = min(int(high[0]) + 1, self.side), min(int(high[1]) + 1, self.side)
        if right <= left or bottom <= top:
            return None
        stencil = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(stencil).polygon(self._flat(points, left, top), fill=255)
        return (left, top, right, bottom), stencil

    def _flat(self, points: Points, left: int = 0, top: int = 0) -> Sequence[float]:
        flat: list[float] = (points * self.side - (left, top)).ravel().tolist()
        return flat

    def _paint_one(self, shape: Shape, mask: int | None) -> None:
        flat = self._flat(shape.points)
        if shape.stroke > 0:
            width = max(round(shape.stroke * self.side), 1)
            self._pen.line(flat, fill=shape.fill, width=width, joint="curve")
            if mask is not None:
                self._mask_pen.line(flat, fill=mask, width=width)
            return
        if not shape.marks and not shape.shade:
            self._pen.polygon(flat, fill=shape.fill)
        else:
            self._paint_fur(shape)
        if mask is not None:
            self._mask_pen.polygon(flat, fill=mask)
        if shape.line is not None and shape.line_width > 0:
            width = max(round(shape.line_width * self.side), 1)
            self._pen.line([*flat, *flat[:4]], fill=shape.line, width=width, joint="curve")

    def _paint_fur(self, shape: Shape) -> None:
        found = self._stencil(shape.points)
        if found is None:
            return
        window, stencil = found
        fur = Image.new("RGB", stencil.size, shape.fill)
        pen = ImageDraw.Draw(fur)
        for points, colour in shape.marks:
            pen.polygon(self._flat(points, window[0], window[1]), fill=colour)
        if shape.shade:
            # Light from the upper left: what the outline, moved that way, no longer covers lies
            # in shade. That one crescent is what makes a flat shape look round.
            reach = np.ptp(shape.points, axis=0) * self.side
            dim = fur.point(lambda v: int(v * (1 - shape.shade)))
            self.image.paste(dim, window, stencil)
            lit = ImageChops.offset(stencil, -round(reach[0] * 0.06), -round(reach[1] * 0.14))
            stencil = ImageChops.darker(stencil, lit)
        self.image.paste(fur, window, stencil)
