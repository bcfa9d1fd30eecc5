"""Curves, tubes, moving and painting: what every drawing is made of."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tl_catdog.drawings.shapes import (
    CAP_POINTS,
    Canvas,
    Points,
    Shape,
    blend,
    box,
    oval,
    place,
    placed,
    smooth,
    tube,
)

RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (200, 100, 50)
COURSE = np.array([(0.0, 0.0), (1.0, 0.5), (2.0, -0.5), (3.0, 1.0)])


def area(outline: Points) -> float:
    x, y = outline.T
    return float(abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2)


def close(found: Points, wanted: object) -> bool:
    return bool(np.allclose(found, np.asarray(wanted), atol=1e-6))


# --- outlines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("per", [1, 4, 6])
def test_a_smooth_curve_goes_through_its_points(per: int) -> None:
    ring, line = smooth(COURSE, per=per), smooth(COURSE, closed=False, per=per)
    assert (ring.shape, line.shape) == ((4 * per, 2), (3 * per + 1, 2))
    assert close(ring[::per], COURSE)
    assert close(line[::per], COURSE)


def test_a_smooth_curve_leaves_a_point_along_its_neighbours() -> None:
    # The tangent of Catmull and Rom: half the way from the point before to the point after.
    ring = smooth(COURSE, per=1000)
    assert np.allclose((ring[1001] - ring[999]) * 500, (COURSE[2] - COURSE[0]) / 2, atol=1e-3)
    assert np.allclose((ring[1] - ring[-1]) * 500, (COURSE[1] - COURSE[3]) / 2, atol=1e-3)


def test_a_straight_line_stays_straight() -> None:
    line = smooth([(0, 1), (1, 3), (2, 5)], closed=False, per=5)
    assert np.allclose(line[:, 1], 1 + 2 * line[:, 0])
    assert (np.diff(line[:, 0]) > 0).all()


def test_an_oval_has_its_half_axes() -> None:
    points = oval(3, 5, 2, 0.5)
    assert close(((points - (3, 5)) / (2, 0.5)) ** 2 @ np.ones(2), np.ones(len(points)))
    assert close(points.max(axis=0), (5, 5.5))
    assert close(oval(3, 5, 2), oval(3, 5, 2, 2))
    # Clockwise on screen, where y points down: what pointed right then points down.
    assert close(oval(3, 5, 2, 0.5, np.pi / 2)[0], (3, 7))


def test_a_box_has_four_corners_in_turn() -> None:
    assert close(box(1, 2, 4, 8), [(1, 2), (4, 2), (4, 8), (1, 8)])
    assert area(box(1, 2, 4, 8)) == 18


# --- tubes ---------------------------------------------------------------------------------------


def test_a_straight_tube_is_a_rod_with_round_ends() -> None:
    rod = tube([(0, 0), (2, 0), (4, 0)], [0.5, 0.5, 0.5], per=10)
    assert close(rod.normal, [(0, -1)] * 21), "up, of a curve that goes right"
    assert close(rod.radius, [0.5] * 21)
    assert close(rod.outline.min(axis=0), (-0.5, -0.5))
    assert close(rod.outline.max(axis=0), (4.5, 0.5))
    assert len(rod.outline) == 2 * (21 + CAP_POINTS)
    assert area(rod.outline) == pytest.approx(4 + np.pi / 4, rel=0.02)


def test_a_tube_has_the_radii_of_its_points() -> None:
    radii = [0.1, 0.3, 0.2, 0.05]
    bent = tube(COURSE, radii, per=5)
    assert close(bent.radius[::5], radii)
    assert close(bent.centre, smooth(COURSE, closed=False, per=5))
    assert close(np.hypot(*bent.normal.T), np.ones(16))
    along = np.gradient(bent.centre, axis=0)
    assert close((bent.normal * along).sum(axis=1), np.zeros(16))
    left, right = bent.outline[:16], bent.outline[16 + CAP_POINTS : 32 + CAP_POINTS][::-1]
    assert close(left, bent.centre + bent.normal * bent.radius[:, None])
    assert close(right, bent.centre - bent.normal * bent.radius[:, None])
    caps = bent.outline[16 : 16 + CAP_POINTS], bent.outline[-CAP_POINTS:]
    for cap, end in zip(caps, (-1, 0), strict=True):
        assert close(np.hypot(*(cap - bent.centre[end]).T), [radii[end]] * CAP_POINTS)


def test_places_in_a_tube_are_shares_of_length_and_radius() -> None:
    rod = tube([(0, 0), (2, 0), (4, 0)], [0.5, 0.5, 0.5], per=10)
    assert close(rod.at(0, 0), (0, 0))
    assert close(rod.at(0.5, 1), (2, -0.5))
    assert close(rod.at(0.5, -0.5), (2, 0.25))
    assert close(rod.at(1, 0), (4, 0))


# --- moving --------------------------------------------------------------------------------------


def test_points_are_scaled_turned_clockwise_and_moved() -> None:
    points = np.array([(1.0, 0.0), (0.0, 1.0)])
    assert close(place(points, 2, np.pi / 2, (10, 20)), [(10, 22), (8, 20)])
    assert close(place(points, 3, 0, (0, 1)), [(3, 1), (0, 4)])


@pytest.mark.parametrize("flip", [False, True])
def test_a_placed_shape_takes_everything_along(flip: bool) -> None:
    mark = (COURSE + 1, BLUE)
    shape = Shape(COURSE, RED, (mark,), GREY, line_width=0.1, stroke=0.2, shade=0.3)
    (found,) = placed([shape], 2, 0.7, (3, 4), flip)
    mirror = (-1 if flip else 1, 1)
    assert close(found.points, place(COURSE * mirror, 2, 0.7, (3, 4)))
    assert close(found.marks[0][0], place((COURSE + 1) * mirror, 2, 0.7, (3, 4)))
    assert (found.fill, found.marks[0][1], found.line) == (RED, BLUE, GREY)
    assert (found.line_width, found.stroke, found.shade) == (0.2, 0.4, 0.3)


def test_a_blend_goes_from_one_colour_to_the_other() -> None:
    assert blend((0, 100, 255), (10, 50, 5), 0) == (0, 100, 255)
    assert blend((0, 100, 255), (10, 50, 5), 1) == (10, 50, 5)
    assert blend((0, 100, 255), (10, 50, 5), 0.25) == (2, 88, 192)


# --- painting ------------------------------------------------------------------------------------


def painted(*shapes: Shape, mask: int | None = None, side: int = 40) -> Canvas:
    canvas = Canvas(side)
    canvas.paint(shapes, mask)
    return canvas


def count(canvas: Canvas, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(canvas.image) == colour).all(axis=2).sum())


def test_an_area_covers_its_share_of_the_picture() -> None:
    canvas = painted(Shape(box(0.25, 0.5, 0.75, 0.75), RED), side=400)
    found = np.asarray(canvas.image)[..., 0] == 255
    ys, xs = np.nonzero(found)
    assert (xs.min(), ys.min()) == (100, 200)
    assert 299 <= xs.max() <= 300
    assert 299 <= ys.max() <= 300
    assert canvas.mask.getbbox() is None, "the mask is of the animal alone"


def test_the_mask_is_what_was_painted_last() -> None:
    animal, thing = Shape(box(0, 0, 1, 1), RED), Shape(box(0, 0, 0.5, 1), BLUE)
    canvas = painted(animal, mask=255)
    assert np.asarray(canvas.mask).min() == 255
    canvas.paint([thing], mask=0)
    mask = np.asarray(canvas.mask)
    assert mask[:, :20].max() == 0
    assert mask[:, 21:].min() == 255
    corner = Shape(np.array([(0.0, 0.25), (0.75, 0.25), (0.75, 1.0)]), BLUE, stroke=0.1)
    for value in (255, 0):
        canvas.paint([corner], mask=value)
        mask = np.asarray(canvas.mask)
        assert mask[10, 3] == mask[30, 30] == value
        assert (mask[25, 3], mask[25, 25]) == (0, 255), "a line has no inside"


def test_a_stroke_is_a_line_of_its_width() -> None:
    line = Shape(np.array([(0.0, 0.5), (1.0, 0.5)]), RED, stroke=0.1)
    assert count(painted(line), RED) == pytest.approx(4 * 40, abs=8)
    hair = Shape(np.array([(0.0, 0.5), (1.0, 0.5)]), RED, stroke=0.0001)
    assert count(painted(hair), RED) == pytest.approx(40, abs=2), "a pixel at least"


def test_marks_stay_inside_their_shape() -> None:
    mark = (box(0.5, 0, 1, 1), BLUE)
    canvas = painted(Shape(box(0.25, 0.25, 0.75, 0.75), RED, (mark,)), side=200)
    plain = painted(Shape(box(0.25, 0.25, 0.75, 0.75), RED), side=200)
    assert count(canvas, BLUE) == pytest.approx(50 * 100, rel=0.04)
    assert count(canvas, BLUE) + count(canvas, RED) == count(plain, RED)


def test_the_light_comes_from_the_upper_left() -> None:
    canvas = painted(Shape(oval(0.5, 0.5, 0.4), GREY, shade=0.5), side=200)
    pixels = np.asarray(canvas.image)
    dim = (pixels == (100, 50, 25)).all(axis=2)
    assert pixels[60, 70].tolist() == list(GREY)
    assert pixels[152, 152].tolist() == [100, 50, 25]
    assert count(canvas, GREY) > 3 * dim.sum() > 0
    ys, xs = np.nonzero(dim)
    assert ys.mean() > 130
    assert xs.mean() > 105


def test_a_contour_follows_the_outline_all_around() -> None:
    shape = Shape(box(0.25, 0.25, 0.75, 0.75), RED, line=BLUE, line_width=0.05)
    canvas = painted(shape)
    assert all(canvas.image.getpixel(at) == BLUE for at in ((20, 10), (30, 20), (20, 30), (10, 20)))
    assert canvas.image.getpixel((20, 20)) == RED
    assert count(painted(Shape(shape.points, RED, line=BLUE)), BLUE) == 0
    assert count(painted(Shape(shape.points, RED, line_width=0.05)), BLUE) == 0


def test_what_is_out_of_sight_changes_nothing() -> None:
    away = Shape(box(2, 2, 3, 3), RED, ((box(2, 2, 3, 3), BLUE),), shade=0.5)
    left = Shape(box(-3, 0, -2, 1), RED, shade=0.5)
    canvas = painted(away, left)
    canvas.veil(box(0, -3, 1, -2), RED, 1.0)
    assert canvas.image.getbbox() is None


def test_haze_draws_towards_the_mean_colour() -> None:
    halves = [Shape(box(0, 0, 1, 1), RED), Shape(box(0.5, 0, 1, 1), BLUE)]
    before = painted(*halves).image.copy()
    none, some, full = painted(*halves), painted(*halves), painted(*halves)
    none.haze(0)
    some.haze(0.5)
    full.haze(1)
    assert none.image.tobytes() == before.tobytes()
    mean = np.asarray(full.image)
    assert np.abs(mean.astype(int) - (128, 0, 128)).max() <= 1
    middle = np.asarray(Image.blend(before, full.image, 0.5)).astype(int)
    assert np.abs(np.asarray(some.image) - middle).max() <= 1


def test_a_veil_lets_the_picture_through() -> None:
    canvas = painted(Shape(box(0, 0, 1, 1), GREY), mask=255)
    canvas.veil(box(0.5, 0, 1, 1), (0, 0, 0), 0.3)
    pixels = np.asarray(canvas.image).astype(int)
    assert (pixels[:, :19] == GREY).all()
    assert np.abs(pixels[:, 21:] - np.array(GREY) * 0.7).max() <= 1.5
    assert np.asarray(canvas.mask).min() == 255
