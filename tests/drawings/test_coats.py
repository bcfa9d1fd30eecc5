"""Coats and builds: what both kinds share, and the furry parts that are made of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, replace

import numpy as np
import pytest

from tl_catdog.drawings.coats import (
    DARK,
    FURS,
    PATTERN_SHARES,
    PATTERNS,
    Build,
    Coat,
    lump,
    part,
    pick_build,
    pick_coat,
    tufted,
)
from tl_catdog.drawings.shapes import Colour, blend, oval, tube

PLAIN = Coat(
    base=(200, 140, 60),
    second=(40, 40, 40),
    light=(240, 220, 200),
    line=(20, 20, 20),
    pattern="plain",
    fluff=0.0,
    contour=0.01,
    shade=0.2,
)
ROD = tube([(0, 0), (1, 0), (2, 0)], [0.3, 0.3, 0.3])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def apart(a: Colour, b: Colour) -> int:
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))


@pytest.fixture(scope="module")
def coats() -> list[Coat]:
    random = rng()
    return [pick_coat(random) for _ in range(3_000)]


def test_patterns_and_furs_come_in_their_shares(coats: list[Coat]) -> None:
    assert sum(PATTERN_SHARES) == pytest.approx(1)
    patterns = Counter(coat.pattern for coat in coats)
    assert set(patterns) == set(PATTERNS)
    for pattern, count in patterns.items():
        share = 0.36 if pattern == "plain" else 0.16
        assert count / len(coats) == pytest.approx(share, abs=0.03)
    furs = Counter(coat.base for coat in coats)
    assert set(furs) == set(FURS)
    assert min(furs.values()) / len(coats) > 0.08


def test_a_pattern_stands_out_from_its_ground(coats: list[Coat]) -> None:
    for coat in coats:
        if coat.pattern == "tabby":
            assert apart(coat.second, coat.base) > 50
        else:
            assert coat.second in FURS
            assert apart(coat.second, coat.base) > 120


def test_the_light_colour_is_lighter_and_the_line_is_seen(coats: list[Coat]) -> None:
    for coat in coats:
        assert sum(coat.light) > sum(coat.base)
        assert apart(coat.line, coat.base) > 20
        # Black fur has a lighter line, any other one a darker.
        assert (sum(coat.line) > sum(coat.base)) == (sum(coat.base) < 200)
        if coat.pattern == "bicolour":
            assert min(coat.light) >= min(blend(coat.base, (246, 242, 236), 0.55))


def test_tufts_contours_and_shades_are_absent_or_in_their_range(coats: list[Coat]) -> None:
    fluffs = np.array([coat.fluff for coat in coats])
    assert (fluffs == 0).mean() == pytest.approx(2 / 3, abs=0.03)
    assert 0.03 <= fluffs[fluffs > 0].min() < 0.035 < 0.085 < fluffs.max() <= 0.09
    contours = Counter(coat.contour for coat in coats)
    assert set(contours) == {0.0, 0.008, 0.013}
    assert min(contours.values()) / len(coats) > 0.3
    shades = np.array([coat.shade for coat in coats])
    assert (shades == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert 0.12 <= shades[shades > 0].min() < 0.13 < 0.27 < shades.max() <= 0.28


def test_both_kinds_have_the_same_build_but_for_taller_dogs() -> None:
    pairs = [(pick_build("cat", rng(seed)), pick_build("dog", rng(seed))) for seed in range(500)]
    for cat, dog in pairs:
        assert (cat.girth, cat.length, cat.head) == (dog.girth, dog.length, dog.head)
        assert cat.leg <= dog.leg
        assert cat.neck <= dog.neck
        assert dog.limb == pytest.approx(1.1 * cat.limb)
    found = np.array([(astuple(cat), astuple(dog)) for cat, dog in pairs])
    lowest = Build(girth=0.13, leg=0.24, length=0.27, limb=0.042, head=0.2, neck=0.0)
    highest = Build(girth=0.2, leg=0.38, length=0.38, limb=0.062, head=0.28, neck=0.06)
    for kind, most in enumerate((highest, replace(highest, leg=0.46, limb=0.0682, neck=0.12))):
        least = np.array(astuple(lowest)) * (1, 1, 1, 1.1 if kind else 1, 1, 1)
        room = np.array(astuple(most)) - least
        assert (found[:, kind].min(axis=0) >= least).all()
        assert (found[:, kind].min(axis=0) < least + 0.02 * room).all()
        assert (found[:, kind].max(axis=0) <= np.array(astuple(most)) + 1e-12).all()
        assert (found[:, kind].max(axis=0) > np.array(astuple(most)) - 0.02 * room).all()


def test_smooth_fur_has_no_tufts() -> None:
    outline = oval(0, 0, 1)
    assert tufted(outline, 0.0, rng()) is outline


def test_tufts_stand_out_by_their_share_of_the_size() -> None:
    outline = oval(3, 5, 2)
    moved = tufted(outline, 0.1, rng()) - (3, 5)
    reach = np.hypot(*moved.T)
    # Every other point stands out by up to a tenth of the radius, the others by less, or inwards.
    assert ((reach[1::2] >= 2 - 0.04) & (reach[1::2] <= 2.2)).all()
    assert ((reach[::2] >= 2 - 0.06) & (reach[::2] <= 2 + 0.012)).all()
    assert reach[1::2].max() > 2.15
    assert np.allclose(moved / reach[:, None], (outline - (3, 5)) / 2), "along the rays"


def test_a_part_has_the_coats_colours() -> None:
    near = part(PLAIN, ROD, "body", rng())
    assert (near.fill, near.line, near.line_width) == (PLAIN.base, PLAIN.line, PLAIN.contour)
    assert (near.marks, near.stroke, near.shade) == ((), 0.0, PLAIN.shade)
    assert near.points is ROD.outline


def test_the_far_side_lies_in_shade() -> None:
    spotted = replace(PLAIN, pattern="spots")
    near, far = part(spotted, ROD, "leg", rng()), part(spotted, ROD, "leg", rng(), far=True)
    assert far.fill == blend(PLAIN.base, DARK, 0.28)
    assert far.shade == 0.0
    assert {colour for _, colour in near.marks} == {PLAIN.second}
    assert {colour for _, colour in far.marks} == {blend(PLAIN.second, DARK, 0.28)}


def test_legs_have_no_tufts() -> None:
    fluffy = replace(PLAIN, fluff=0.08)
    assert part(fluffy, ROD, "leg", rng()).points is ROD.outline
    assert not np.allclose(part(fluffy, ROD, "body", rng()).points, ROD.outline)


@pytest.mark.parametrize(
    ("pattern", "where", "low", "high"),
    [
        ("plain", "body", 0, 0),
        ("tabby", "body", 5, 8),
        ("tabby", "chest", 10, 16),
        ("tabby", "leg", 4, 6),
        ("tabby", "tail", 4, 6),
        ("spots", "body", 9, 17),
        ("spots", "leg", 3, 3),
        ("patches", "body", 2, 3),
        ("patches", "tail", 0, 1),
        ("bicolour", "body", 1, 1),
        ("bicolour", "chest", 1, 1),
        ("bicolour", "leg", 1, 1),
    ],
)
def test_a_pattern_has_its_number_of_marks_on_the_part(
    pattern: str, where: str, low: int, high: int
) -> None:
    coat = replace(PLAIN, pattern=pattern)
    drawn = [part(coat, ROD, where, rng(seed)).marks for seed in range(60)]
    counts = [len(marks) for marks in drawn]
    assert (min(counts), max(counts)) == (low, high)
    wanted = coat.light if pattern == "bicolour" else coat.second
    assert {colour for marks in drawn for _, colour in marks} <= {wanted}
    for marks in drawn:
        for points, _ in marks:
            # Every mark shows: a part of it is inside the tube.
            x, y = points.mean(axis=0)
            assert -0.4 < x < 2.4
            assert abs(y) < 0.4


def test_white_paws_and_tips_are_at_the_far_end() -> None:
    coat = replace(PLAIN, pattern="bicolour")
    for where, start in (("leg", 0.62), ("tail", 0.75)):
        (((points, _),)) = part(coat, ROD, where, rng()).marks
        assert points[:, 0].min() == pytest.approx(2 * start, abs=0.17)
        assert points[:, 0].max() > 2
        assert np.abs(points[:, 1]).max() > 0.3


def test_a_white_belly_is_below_and_a_white_bib_in_the_middle() -> None:
    coat = replace(PLAIN, pattern="bicolour")
    ((belly, _),) = part(coat, ROD, "body", rng()).marks
    ((bib, _),) = part(coat, ROD, "chest", rng()).marks
    assert belly[:, 1].min() > 0
    assert belly[:, 1].max() > 0.3
    assert bib[:, 1].mean() == pytest.approx(0, abs=0.01)
    assert np.abs(bib[:, 1]).max() < 0.2


def test_a_lump_is_flat_and_of_the_base_unless_told() -> None:
    points = oval(0, 0, 1)
    plain, shaded = lump(PLAIN, points), lump(PLAIN, points, (1, 2, 3), shade=True)
    assert (plain.fill, plain.shade, plain.marks, plain.stroke) == (PLAIN.base, 0.0, (), 0.0)
    assert (plain.line, plain.line_width) == (PLAIN.line, PLAIN.contour)
    assert (shaded.fill, shaded.shade) == ((1, 2, 3), PLAIN.shade)
