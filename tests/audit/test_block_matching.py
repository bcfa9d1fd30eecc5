"""Block matching: equal blocks count, flat ones don't, and a few are not enough."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tl_catdog.audit import block_matching as blocks
from tl_catdog.audit.block_matching import (
    BLOCK,
    COARSE,
    GRID,
    LEAST_BLOCKS,
    SHIFT,
    WINDOW_PAIRS,
    WINDOWS,
    averaging,
    match_scores,
)
from tl_catdog.audit.thumbnails import SIDE

Floats = npt.NDArray[np.float32]

PER_SIDE = (GRID - 2 * SHIFT) // BLOCK
OFFSET = (GRID - PER_SIDE * BLOCK) // 2
ALL = PER_SIDE * PER_SIDE


def flat() -> Floats:
    return np.full((GRID, GRID), 128.0, np.float32)


def block(number: int) -> tuple[slice, slice]:
    """Return where a block of a picture is, counted row by row."""
    top, left = (OFFSET + BLOCK * place for place in divmod(number, PER_SIDE))
    return slice(top, top + BLOCK), slice(left, left + BLOCK)


def textured(numbers: range, seed: int = 0, amplitude: float = 50.0) -> Floats:
    """Return a flat picture but for these blocks, which hold a texture of this deviation."""
    picture = flat()
    for number in numbers:
        texture = np.random.default_rng([seed, number]).permutation(BLOCK * BLOCK) % 2 * 2.0 - 1
        picture[block(number)] += amplitude * texture.reshape(BLOCK, BLOCK)
    return picture


def score(one: Floats, other: Floats, shifts: tuple[int, ...] = (0,)) -> float:
    return float(blocks._median_correlation(one[None], other[None], shifts)[0])


def test_the_correlation_is_pearsons_where_nothing_is_flat() -> None:
    """A lone shift of zero must give each block's correlation, up to the floor of flatness."""
    rng = np.random.default_rng(1)
    one = rng.normal(128, 50, (3, GRID, GRID)).astype(np.float32)
    other = (0.5 * one + rng.normal(0, 20, one.shape)).astype(np.float32)
    got = blocks._median_correlation(one, other, [0])
    for pair in range(3):
        expected = [
            np.corrcoef(one[pair][block(n)].ravel(), other[pair][block(n)].ravel())[0, 1]
            for n in range(ALL)
        ]
        assert got[pair] == pytest.approx(np.median(expected), abs=0.01)


def test_too_few_informative_blocks_are_no_copy_however_well_they_match() -> None:
    assert LEAST_BLOCKS == 5
    for count in (0, 1, LEAST_BLOCKS - 1):
        assert score(textured(range(count)), textured(range(count))) == -1
    enough = textured(range(LEAST_BLOCKS))
    assert score(enough, enough) > 0.99


def test_a_block_that_is_flat_in_both_pictures_says_nothing() -> None:
    """Else any two pictures before a white wall would be copies, or none would."""
    one, other = textured(range(10)), textured(range(10), seed=1)
    assert abs(score(one, other)) < 0.3
    assert score(one, one) > 0.99


def test_a_block_that_is_flat_in_one_picture_speaks_against_a_copy() -> None:
    most = ALL // 2 + 1
    full = textured(range(ALL))
    part = textured(range(most, ALL))
    assert score(full, part) == pytest.approx(0, abs=1e-6)
    assert score(part, full) == pytest.approx(0, abs=1e-6)
    assert score(textured(range(most)), full) > 0.99


@pytest.mark.parametrize(("amplitude", "counts"), [(4.4, False), (4.5, True)])
def test_what_encoding_alone_could_have_made_says_nothing(amplitude: float, counts: bool) -> None:
    """From a variance of 20 on; in fainter blocks noise weighs more."""
    faint = textured(range(ALL), amplitude=amplitude)
    found = score(faint, faint)
    if counts:
        # Encoding adds a variance of 3 to either.
        assert found == pytest.approx(amplitude**2 / (amplitude**2 + 3), abs=1e-4)
    else:
        assert found == -1


def test_more_than_half_of_the_informative_blocks_must_match() -> None:
    one = textured(range(12))
    half, more = (textured(range(count)) for count in (6, 7))
    for picture, matching in ((half, 6), (more, 7)):
        for number in range(matching, 12):
            picture[block(number)] = textured(range(number, number + 1), seed=5)[block(number)]
    assert score(one, half) < 0.5
    assert score(one, more) > 0.99


def test_the_opposite_of_a_picture_is_no_copy() -> None:
    one = textured(range(ALL))
    assert score(one, 256 - one) < -0.99


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, -3), (-3, 1), (2, 3)])
def test_blocks_are_looked_for_up_to_three_pixels_away(down: int, across: int) -> None:
    closely = tuple(range(-SHIFT, SHIFT + 1))
    one = np.random.default_rng(3).normal(128, 50, (GRID, GRID)).astype(np.float32)
    other = np.roll(one, (down, across), (0, 1))
    assert score(one, other, closely) > 0.99
    assert score(one, np.roll(other, (4, 0), (0, 1)), (0,)) < 0.5


def test_blocks_that_moved_too_far_are_not_found() -> None:
    one = np.random.default_rng(3).normal(128, 50, (GRID, GRID)).astype(np.float32)
    assert score(one, np.roll(one, 4, 0), tuple(range(-SHIFT, SHIFT + 1))) < 0.7


def test_each_pair_is_scored_for_itself() -> None:
    pictures = [textured(range(ALL)), textured(range(3)), textured(range(ALL), seed=2), flat()]
    one = np.stack(pictures)
    other = np.stack([pictures[0], pictures[1], pictures[0], pictures[3]])
    found = blocks._median_correlation(one, other, (0,))
    alone = [score(a, b) for a, b in zip(one, other, strict=True)]
    assert found.tolist() == alone
    assert found[0] > 0.99
    assert found[1] == found[3] == -1


# --- from thumbnails to scores --------------------------------------------------------------------


def photograph(seed: int = 0, details: tuple[int, ...] = (5, 11, 23)) -> Image.Image:
    """Return something with details of several sizes: so many on each side."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(rng.integers(0, 255, (n, n)).astype(np.uint8)).resize(
                (640, 640), Image.Resampling.BICUBIC
            ),
            np.float32,
        )
        for n in details
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def small(picture: Image.Image) -> Floats:
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)


def scores(one: Floats, other: Floats, mirrored: bool = False) -> Floats:
    """Return the score of two thumbnails for each pair of windows."""
    count = len(WINDOW_PAIRS)
    return match_scores(
        np.repeat(one[None], count, 0),
        np.repeat(other[None], count, 0),
        np.arange(count),
        np.full(count, mirrored),
    )


CROPS = (
    *((margin, margin, 1 - margin, 1 - margin) for margin in (0.0, 0.05, 0.1)),
    *((left, top, left + 0.9, top + 0.9) for top in (0.0, 0.1) for left in (0.0, 0.1)),
    (0.0, 0.0, 1.0, 1 - 0.12),
    (0.0, 0.12, 1.0, 1.0),
)
"""Left, top, right, bottom: parts around the middle and at each corner, and without a caption."""


@pytest.mark.parametrize("window", range(len(CROPS)))
def test_a_crop_fits_best_into_the_window_that_it_is(window: int) -> None:
    assert WINDOWS == CROPS
    picture = photograph()
    left, top, right, bottom = (round(640 * edge) for edge in CROPS[window])
    found = scores(small(picture.crop((left, top, right, bottom))), small(picture))
    assert found.argmax() == window
    assert found[window] > 0.97
    assert scores(small(photograph(1)), small(picture)).max() < 0.8


@pytest.mark.parametrize(("window", "caption"), [(7, (0, 570, 640, 640)), (8, (0, 0, 640, 70))])
def test_what_a_caption_covers_does_not_count(
    window: int, caption: tuple[int, int, int, int]
) -> None:
    picture = photograph()
    captioned = picture.copy()
    captioned.paste(0, caption)
    number = WINDOW_PAIRS.index((window, window))
    assert scores(small(picture), small(captioned))[number] > 0.99


def test_mirrored_ones_fit_when_one_is_turned() -> None:
    one = small(photograph())
    other = one[:, ::-1].copy()
    assert scores(one, other, mirrored=True)[0] > 0.99
    assert scores(one, other, mirrored=False)[0] < 0.8
    assert scores(one, one, mirrored=True)[0] < 0.8


def test_each_pair_has_its_own_window_and_its_own_side() -> None:
    pictures = [small(photograph(seed)) for seed in range(3)]
    one = np.stack([pictures[0], pictures[1][:, ::-1], pictures[2]])
    other = np.stack(pictures)
    windows, mirrored = np.array([0, 7, 3]), np.array([False, True, False])
    together = match_scores(one, other, windows, mirrored)
    alone = [scores(one[k], other[k], bool(mirrored[k]))[windows[k]] for k in range(3)]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together[0] > 0.99


@pytest.mark.parametrize(
    ("details", "closely"), [((5, 11, 23), True), ((23,), True), ((30,), True), ((36,), False)]
)
def test_what_has_a_score_of_0_6_is_looked_at_closely(
    details: tuple[int, ...], closely: bool
) -> None:
    """An odd shift lies between those of the first pass, where little else has so much."""
    picture = photograph(0, details).resize((SIDE + 4, SIDE), Image.Resampling.BOX)
    wide = np.asarray(picture, np.float32)
    one, other = wide[:, :SIDE].copy(), wide[:, 4:].copy()  # 3 of GRID
    whole = averaging(0.0, 1.0, GRID)
    grids = [(whole @ half @ whole.T)[None].astype(np.float32) for half in (one, other)]
    coarse = float(blocks._median_correlation(grids[0], grids[1], COARSE)[0])
    assert (coarse >= 0.6) == closely
    assert coarse < 0.85
    assert scores(one, other)[0] == pytest.approx(1 if closely else coarse, abs=0.01)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.05, 0.95), (0.1, 1.0), (0.0, 0.88)])
def test_averaging_takes_each_pixel_by_its_share(low: float, high: float) -> None:
    values = np.random.default_rng(0).normal(size=SIDE)
    fine = np.repeat(values, 6000)[round(low * SIDE * 6000) : round(high * SIDE * 6000)]
    for size in (SIDE // 2, GRID):
        expected = [part.mean() for part in np.array_split(fine, size)]
        np.testing.assert_allclose(averaging(low, high, size) @ values, expected, atol=1e-3)
