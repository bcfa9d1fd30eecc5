"""Near-copies are found, whatever was done to them, and other pictures aren't taken for them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.copies import CHANGES, near_copy
from tl_catdog.audit import block_matching as blocks
from tl_catdog.audit import near_duplicates as near
from tl_catdog.audit.near_duplicates import copy_groups, grouped, near_copies
from tl_catdog.audit.thumbnails import SIDE, grey_thumbnail, to_grey
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.drawings import draw_set


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("near") / "drawings"
    draw_set(root, counts={"train": 12, "validation": 1}, size=160, workers=1)
    return sorted(root.glob("train/*/*"))


def rows_of(thumbnails: list[np.ndarray]) -> ArrayStore:
    rows = ArrayStore(len(thumbnails), (SIDE, SIDE), np.uint8)
    for position, small in enumerate(thumbnails):
        rows.write(position, small)
    return rows


@pytest.mark.parametrize("change", CHANGES)
def test_near_copies_are_found_and_nothing_else(
    change: str, drawings: list[Path], tmp_path: Path
) -> None:
    """One in 24 may be missed: drawings have fewer details than the photographs below."""
    copies = []
    for number, path in enumerate(drawings):
        copies.append(tmp_path / f"{number}.jpg")
        copies[-1].write_bytes(near_copy(path.read_bytes(), change, seed=number))
    n = len(drawings)
    groups = copy_groups([*drawings, *copies])
    assert groups[:n] == list(range(n))
    missed = [place for place, group in enumerate(groups[n:]) if group != place]
    assert len(missed) <= 1
    assert [groups[n + place] for place in missed] == [n + place for place in missed]


def test_mirror_images_are_told_from_plain_copies(drawings: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "mirrored.jpg"
    copy.write_bytes(near_copy(drawings[3].read_bytes(), "mirrored"))
    thumbnails = [grey_thumbnail(to_grey(Image.open(path))) for path in [*drawings, copy]]
    (pair,) = near_copies(rows_of(thumbnails), range(len(thumbnails))).pairs
    assert (pair.first, pair.second, pair.mirrored) == (3, len(drawings), True)
    assert near.SAME <= pair.score <= 1.0


def test_pictures_without_anything_in_them_are_no_copies(tmp_path: Path) -> None:
    paths = []
    for number, grey in enumerate((0, 120, 121, 255)):
        paths.append(tmp_path / f"{number}.png")
        Image.new("L", (80, 60), grey).save(paths[-1])
    assert copy_groups(paths) == [0, 1, 2, 3]


def test_noise_of_one_colour_is_no_copy_of_other_noise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    thumbnails = [rng.integers(60, 190, (SIDE, SIDE)).astype(np.uint8) for _ in range(40)]
    assert near_copies(rows_of(thumbnails), range(40)).pairs == ()


def test_where_all_pictures_small_alike_copies_must_be_more_so() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits().images[:300]
    thumbnails = [
        np.asarray(
            Image.fromarray((15.9 * digit).astype(np.uint8)).resize(
                (SIDE, SIDE), Image.Resampling.BICUBIC
            )
        )
        for digit in digits
    ]
    twin = np.clip(thumbnails[7].astype(int) + 6, 0, 255).astype(np.uint8)
    found = near_copies(rows_of([*thumbnails, twin]), range(len(thumbnails) + 1))
    assert found.threshold > near.SAME
    assert (7, len(thumbnails)) in {(pair.first, pair.second) for pair in found.pairs}
    groups = grouped(len(thumbnails) + 1, [(pair.first, pair.second) for pair in found.pairs])
    assert max(map(groups.count, groups)) <= near.LARGEST


def test_identical_bytes_are_one_group_and_broken_files_are_alone(
    drawings: list[Path], tmp_path: Path
) -> None:
    twin, broken, also = tmp_path / "twin.jpg", tmp_path / "broken.jpg", tmp_path / "also.jpg"
    twin.write_bytes(drawings[0].read_bytes())
    broken.write_bytes(b"nothing")
    also.write_bytes(b"nothing")
    seen = []
    paths = [drawings[0], twin, broken, also, tmp_path / "missing.jpg"]
    assert copy_groups(paths, lambda done, total: seen.append((done, total))) == [0, 0, 2, 3, 4]
    assert seen[-1] == (5, 5)


def test_the_correlation_is_pearsons_where_nothing_is_flat() -> None:
    """A lone shift of zero must give each block's correlation, up to the floor of flatness."""
    rng = np.random.default_rng(1)
    one = rng.normal(128, 50, (3, blocks.GRID, blocks.GRID)).astype(np.float32)
    other = (0.5 * one + rng.normal(0, 20, one.shape)).astype(np.float32)
    got = blocks._median_correlation(one, other, [0])
    per_side = (blocks.GRID - 2 * blocks.SHIFT) // blocks.BLOCK
    offset = (blocks.GRID - per_side * blocks.BLOCK) // 2
    for pair in range(3):
        expected = []
        for row in range(per_side):
            for column in range(per_side):
                top, left = offset + row * blocks.BLOCK, offset + column * blocks.BLOCK
                block = np.s_[top : top + blocks.BLOCK, left : left + blocks.BLOCK]
                a, b = one[pair][block].ravel(), other[pair][block].ravel()
                expected.append(np.corrcoef(a, b)[0, 1])
        assert got[pair] == pytest.approx(np.median(expected), abs=0.01)


def test_low_frequencies_are_scipys_dct_of_the_averaged_picture() -> None:
    from scipy.fft import dctn

    small = np.random.default_rng(2).integers(0, 255, (1, SIDE, SIDE)).astype(np.uint8)
    rows = rows_of(list(small))
    small = small[0].reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3))
    low = dctn(small, norm="ortho")[: near.FREQUENCIES, : near.FREQUENCIES]
    low[0, 0] = 0
    expected = np.concatenate([low[:, 0::2].ravel(), low[:, 1::2].ravel()])
    got = near._descriptors(rows, np.array([0]), 0)[0]
    np.testing.assert_allclose(got, expected / np.linalg.norm(expected), atol=1e-4)


def test_groups_hang_together_through_their_members() -> None:
    assert grouped(6, [(1, 3), (3, 5), (2, 4)]) == [0, 1, 2, 1, 2, 1]
    assert grouped(3, []) == [0, 1, 2]


@pytest.mark.slow
@pytest.mark.photographs
def test_leaks_among_photographs_are_found_and_no_others(photographs: Path, tmp_path: Path) -> None:
    """98 of 100 near-copies of each sort, at a precision of 98 in 100, among 1,300 photographs."""
    train = sorted(photographs.glob("train/*/*.jpg"))[::2]
    others = sorted(photographs.glob("validation/*/*.jpg"))[::3]
    originals = train[::20]
    planted = {}
    for number, path in enumerate(originals):
        for change in CHANGES:
            copy = tmp_path / f"{number}-{change}.jpg"
            copy.write_bytes(near_copy(path.read_bytes(), change, seed=number))
            planted[copy] = path
    paths = [*train, *others, *planted]
    groups = dict(zip(paths, copy_groups(paths), strict=True))
    for change in CHANGES:
        found = [
            groups[copy] == groups[path]
            for copy, path in planted.items()
            if copy.stem.endswith(change)
        ]
        assert sum(found) >= 0.98 * len(found), change
    training_groups = {groups[path] for path in train}
    leaked = [path for path in [*others, *planted] if groups[path] in training_groups]
    assert sum(path in planted for path in leaked) >= 0.98 * len(leaked)
