"""Near-copies are found, whatever was done to them, and other pictures aren't taken for them."""

from __future__ import annotations

import io
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.copies import CHANGES, near_copy
from tl_catdog.audit import near_duplicates as near
from tl_catdog.audit.block_matching import WINDOWS
from tl_catdog.audit.near_duplicates import Pair, copy_groups, group_copies, grouped, near_copies
from tl_catdog.audit.thumbnails import SIDE, grey_thumbnail, to_grey
from tl_catdog.data.array_store import ArrayStore
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import Pixels
from tl_catdog.drawings import draw_set


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("near") / "drawings"
    draw_set(root, counts={"train": 12, "validation": 1}, size=160, workers=1)
    return sorted(root.glob("train/*/*"))


def stored(thumbnails: list[Pixels]) -> ArrayStore:
    store = ArrayStore(len(thumbnails), (SIDE, SIDE), np.uint8)
    for position, pixels in enumerate(thumbnails):
        store.write(position, pixels)
    return store


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
    (pair,) = near_copies(stored(thumbnails), range(len(thumbnails))).pairs
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
    assert near_copies(stored(thumbnails), range(40)).pairs == ()


def test_where_all_pictures_look_alike_copies_must_be_more_so() -> None:
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
    found = near_copies(stored([*thumbnails, twin]), range(len(thumbnails) + 1))
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


def test_low_frequencies_are_scipys_dct_of_the_averaged_picture() -> None:
    from scipy.fft import dctn

    small = np.random.default_rng(2).integers(0, 255, (1, SIDE, SIDE)).astype(np.uint8)
    rows = stored(list(small))
    small = small[0].reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3))
    low = dctn(small, norm="ortho")[:8, :8]
    low[0, 0] = 0
    expected = np.concatenate([low[:, 0::2].ravel(), low[:, 1::2].ravel()])
    got = near._descriptors(rows, np.array([0]), 0)[0]
    np.testing.assert_allclose(got, expected / np.linalg.norm(expected), atol=1e-4)


def test_groups_hang_together_through_their_members() -> None:
    assert grouped(6, [(1, 3), (3, 5), (2, 4)]) == [0, 1, 2, 1, 2, 1]
    assert grouped(3, []) == [0, 1, 2]


# --- how large a group of copies may be ----------------------------------------------------------


def chain(count: int, score: float, start: int = 0) -> list[Pair]:
    """Return pairs that make one group of so many pictures."""
    return [Pair(start + k, start + k + 1, score, False) for k in range(count - 1)]


@pytest.mark.parametrize(
    ("size", "of", "fine"),
    [
        (50, 60, True),
        (51, 60, False),  # more than fifty,
        (51, 510, True),  # but a tenth of all
        (52, 510, False),
        (100, 1000, True),
        (101, 1000, False),
    ],
)
def test_a_group_of_more_than_fifty_and_than_a_tenth_of_all_is_none(
    size: int, of: int, fine: bool
) -> None:
    pairs = chain(size, 0.88, start=5)
    found = near._stricter(pairs, of)
    if fine:
        assert found == near.NearCopies(tuple(pairs), near.SAME)
    else:
        assert found == near.NearCopies((), 0.9)


def test_the_threshold_rises_no_further_than_it_must() -> None:
    alike, copies = chain(60, 0.925), chain(3, 0.96, start=100)
    found = near._stricter([*alike, *copies], 200)
    assert found == near.NearCopies(tuple(copies), 0.93)
    # What is exactly as alike as the threshold says is a copy.
    found = near._stricter([*chain(60, 0.93), *copies], 200)
    assert found == near.NearCopies(tuple(copies), 0.96)


def test_the_largest_group_counts_not_all_that_have_copies() -> None:
    pairs = [pair for group in range(40) for pair in chain(3, 0.9, start=3 * group)]
    assert near._stricter(pairs, 130) == near.NearCopies(tuple(pairs), near.SAME)


def test_where_everything_is_the_same_nothing_is_a_copy() -> None:
    assert near._stricter(chain(51, 1.0), 100) == near.NearCopies((), 1.0)
    assert near._stricter([], 100) == near.NearCopies((), near.SAME)


# --- which pictures are compared -----------------------------------------------------------------


def test_what_has_no_detail_has_no_direction() -> None:
    """Without this the noise of two white walls would be compared at full strength."""
    rng = np.random.default_rng(0)
    faint = (128 + rng.integers(0, 2, (SIDE, SIDE))).astype(np.uint8)
    plain = np.full((SIDE, SIDE), 200, np.uint8)
    detailed = rng.integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    for window in range(len(WINDOWS)):
        found = near._descriptors(stored([faint, plain, detailed]), np.arange(3), window)
        lengths = np.linalg.norm(found, axis=1)
        assert lengths == pytest.approx([0, 0, 1], abs=1e-5)


def test_brightness_and_contrast_make_no_other_picture(thumbnails: list[Pixels]) -> None:
    original = thumbnails[0]
    changed = (40 + original * 0.6).astype(np.uint8)
    found = near._descriptors(stored([original, changed]), np.arange(2), 0)
    assert found[0] @ found[1] > 0.999


@pytest.fixture(scope="session")
def thumbnails(drawings: list[Path]) -> list[Pixels]:
    return [grey_thumbnail(to_grey(Image.open(path))) for path in drawings]


def with_copies(thumbnails: list[Pixels], copies: int) -> list[Pixels]:
    """Return some pictures, the first of which is there several times, a bit brighter each time."""
    brighter = [np.minimum(thumbnails[0].astype(int) + k, 255) for k in range(1, copies + 1)]
    return [*thumbnails, *(pixels.astype(np.uint8) for pixels in brighter)]


def test_more_copies_than_candidates_are_one_group(thumbnails: list[Pixels]) -> None:
    several = with_copies(thumbnails, 3 * near.CANDIDATES)
    digests = [str(position) for position in range(len(several))]
    groups, _ = group_copies(digests, stored(several))
    assert groups.count(0) == 1 + 3 * near.CANDIDATES
    assert groups[: len(thumbnails)] == list(range(len(thumbnails)))


@pytest.mark.parametrize(("chunk", "table"), [(5, 2**21), (256, 60), (1, 2**21), (256, 1)])
def test_pictures_compared_in_parts_give_the_same(
    thumbnails: list[Pixels], chunk: int, table: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(with_copies(thumbnails, 3))
    count = len(thumbnails) + 3
    expected = near_copies(store, range(count))
    assert {(pair.first, pair.second) for pair in expected.pairs} >= {(0, count - 1)}
    monkeypatch.setattr(near, "CHUNK", chunk)
    monkeypatch.setattr(near, "TABLE", table)
    seen: list[tuple[int, int]] = []
    found = near_copies(store, range(count), lambda done, total: seen.append((done, total)))
    # Sums of another length differ in their last bits.
    assert [pair[:2] + pair[3:] for pair in map(astuple, found.pairs)] == [
        pair[:2] + pair[3:] for pair in map(astuple, expected.pairs)
    ]
    scores = [[pair.score for pair in copies.pairs] for copies in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    step = min(chunk, max(1, table // count))
    assert seen == [(min(done + step, count), count) for done in range(0, count, step)]


def test_positions_are_those_in_the_store_and_others_are_not_compared(
    thumbnails: list[Pixels],
) -> None:
    store = stored([thumbnails[3], thumbnails[0], thumbnails[1], thumbnails[0], thumbnails[0]])
    (pair,) = near_copies(store, [4, 2, 1]).pairs
    assert (pair.first, pair.second) == (1, 4)
    assert len(near_copies(store, [1, 3]).pairs) == 1
    assert near_copies(store, [3]).pairs == ()
    assert near_copies(store, []) == near.NearCopies((), near.SAME)


def test_a_pair_has_the_better_score_of_both_ways_to_compare_it(drawings: list[Path]) -> None:
    """Either may be the crop, and the one whose blocks are shifted matters, too."""
    crops = [near_copy(path.read_bytes(), "cropped", seed=7) for path in drawings[:6]]
    pictures = [Image.open(path) for path in drawings[:6]]
    pictures += [Image.open(io.BytesIO(data)) for data in crops]
    store = stored([grey_thumbnail(to_grey(picture)) for picture in pictures])
    positions = np.arange(12)
    windows = [near._descriptors(store, positions, window) for window in range(len(WINDOWS))]
    both: dict[tuple[int, int], list[float]] = {}
    for row in range(12):
        for pair in near._compare(store, positions, np.array([row]), windows):
            both.setdefault((pair.first, pair.second), []).append(pair.score)
    assert any(len(set(scores)) == 2 for scores in both.values())
    for pair in near_copies(store, range(12)).pairs:
        assert pair.score == pytest.approx(max(both[pair.first, pair.second]), abs=1e-5)


def test_identical_pictures_belong_to_the_near_copies_of_each_of_them(
    thumbnails: list[Pixels],
) -> None:
    brighter = np.minimum(thumbnails[0].astype(int) + 9, 255).astype(np.uint8)
    store = stored([thumbnails[1], thumbnails[0], thumbnails[0], brighter, thumbnails[1]])
    groups, copies = group_copies(["a", "b", "b", "c", UNREADABLE], store)
    # What can't be read has no thumbnail that would count, whatever is in the store.
    assert groups == [0, 1, 1, 1, 4]
    assert [(pair.first, pair.second) for pair in copies.pairs] == [(1, 3)]
    assert group_copies([UNREADABLE, UNREADABLE], store)[0] == [0, 1]


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
