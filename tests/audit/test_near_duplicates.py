"""Near-copies are found, whatever was done to them, and other pictures aren't taken for them."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.copies import CHANGES, near_copy
from tests.support.look_alikes import KINDS, look_alikes
from tl_catdog.audit import candidates as searching
from tl_catdog.audit import near_duplicates as near
from tl_catdog.audit.candidates import CANDIDATES
from tl_catdog.audit.near_duplicates import Pair, copy_groups, group_copies, grouped, near_copies
from tl_catdog.audit.thumbnails import SIDE, Thumbnails, grey_thumbnail, to_grey
from tl_catdog.data.digest import UNREADABLE
from tl_catdog.data.images import Pixels
from tl_catdog.drawings import draw_set


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("near") / "drawings"
    draw_set(root, counts={"train": 12, "validation": 1}, size=160, workers=1)
    return sorted(root.glob("train/*/*"))


def stored(thumbnails: list[Pixels]) -> Thumbnails:
    store = Thumbnails(len(thumbnails))
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


# What is told apart by a few pixels only, or by nothing but its place, isn't promised.
TOLD_APART = sorted(set(KINDS) - {"product", "backdrop", "sky"})


@pytest.mark.parametrize("kind", TOLD_APART)
def test_pictures_that_only_look_alike_are_told_from_copies(kind: str, tmp_path: Path) -> None:
    """Things on a board, radiographs, forms, icons, cells, faces, ... and one copy among them."""
    paths = []
    for number, picture in enumerate(look_alikes(kind, 24, seed=3)):
        paths.append(tmp_path / f"{number}.png")
        picture.save(paths[-1])
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(near_copy(paths[5].read_bytes(), "re-encoded"))
    assert copy_groups([*paths, copy]) == [*range(24), 5]


def test_another_colour_makes_another_picture(tmp_path: Path) -> None:
    """A shirt in red and in green: grey values differ no more than after a change of brightness."""
    paths = []
    for number, colour in enumerate([(200, 40, 40), (30, 120, 30), (40, 60, 190)]):
        picture = look_alikes("texture", 1)[0].convert("RGB")
        weights = np.array(colour) / 128
        values = np.clip(np.asarray(picture, float) * weights, 0, 255).astype(np.uint8)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(values).save(paths[-1])
    assert copy_groups(paths) == [0, 1, 2]
    grey = tmp_path / "grey.png"
    Image.open(paths[0]).convert("L").save(grey)
    assert copy_groups([paths[0], grey]) == [0, 0]  # a grey copy is one


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
    pairs = chain(size, 0.52, start=5)
    found = near.stricter(pairs, of)
    if fine:
        assert found == near.NearCopies(tuple(pairs), near.SAME)
    else:
        assert found == near.NearCopies((), 0.6)


def test_the_threshold_rises_no_further_than_it_must() -> None:
    alike, copies = chain(60, 0.64), chain(3, 0.9, start=100)
    found = near.stricter([*alike, *copies], 200)
    assert found == near.NearCopies(tuple(copies), 0.7)
    # What is exactly as alike as the threshold says is a copy.
    found = near.stricter([*chain(60, 0.7), *copies], 200)
    assert found == near.NearCopies(tuple(copies), 0.8)


def test_pairs_just_below_the_threshold_are_kept_together_and_not_called_copies() -> None:
    pairs = (Pair(0, 1, 0.5, False), Pair(1, 2, 0.46, False), Pair(3, 4, 0.44, False))
    found = near.stricter(pairs, 5)
    assert found.pairs == pairs[:2]
    assert found.copies == pairs[:1]


def test_the_largest_group_counts_not_all_that_have_copies() -> None:
    pairs = [pair for group in range(40) for pair in chain(3, 0.9, start=3 * group)]
    assert near.stricter(pairs, 130) == near.NearCopies(tuple(pairs), near.SAME)


def test_where_everything_is_the_same_nothing_is_a_copy() -> None:
    assert near.stricter(chain(51, 1.0), 100) == near.NearCopies((), 1.0)
    assert near.stricter([], 100) == near.NearCopies((), near.SAME)


# --- which pictures are compared ------------------------------------------------------------------


@pytest.fixture(scope="session")
def thumbnails(drawings: list[Path]) -> list[Pixels]:
    return [grey_thumbnail(to_grey(Image.open(path))) for path in drawings]


def with_copies(thumbnails: list[Pixels], copies: int) -> list[Pixels]:
    """Return some pictures, the first of which is there several times, a bit brighter each time."""
    brighter = [np.minimum(thumbnails[0].astype(int) + k, 255) for k in range(1, copies + 1)]
    return [*thumbnails, *(pixels.astype(np.uint8) for pixels in brighter)]


def test_more_copies_than_candidates_are_one_group(thumbnails: list[Pixels]) -> None:
    several = with_copies(thumbnails, 3 * CANDIDATES)
    digests = [f"{position:03}" for position in range(len(several))]
    groups, _ = group_copies(digests, stored(several), [Path()] * len(several))
    assert groups.count(0) == 1 + 3 * CANDIDATES
    assert groups[: len(thumbnails)] == list(range(len(thumbnails)))


@pytest.mark.parametrize(("chunk", "asked"), [(5, 2**15), (256, 6), (1, 1)])
def test_pictures_compared_in_parts_give_the_same(
    thumbnails: list[Pixels], chunk: int, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stored(with_copies(thumbnails, 3))
    count = len(thumbnails) + 3
    expected = near_copies(store, range(count))
    assert {(pair.first, pair.second) for pair in expected.pairs} >= {(0, count - 1)}
    monkeypatch.setattr(searching, "CHUNK", chunk)
    monkeypatch.setattr(searching, "ASKED", asked)
    monkeypatch.setattr(near, "PAIRS", 2)
    seen: list[tuple[int, int]] = []
    found = near_copies(store, range(count), progress=lambda *now: seen.append(now))
    # Sums of another length differ in their last bits.
    assert [pair[:2] + pair[3:] for pair in map(astuple, found.pairs)] == [
        pair[:2] + pair[3:] for pair in map(astuple, expected.pairs)
    ]
    scores = [[pair.score for pair in copies.pairs] for copies in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    assert seen == sorted(seen)
    assert seen[-1] == (count, count)


def test_positions_are_those_in_the_store_and_others_are_not_compared(
    thumbnails: list[Pixels],
) -> None:
    store = stored([thumbnails[3], thumbnails[0], thumbnails[1], thumbnails[0], thumbnails[0]])
    (pair,) = near_copies(store, [4, 2, 1]).pairs
    assert (pair.first, pair.second) == (1, 4)
    assert len(near_copies(store, [1, 3]).pairs) == 1
    assert near_copies(store, [3]).pairs == ()
    assert near_copies(store, []) == near.NearCopies((), near.SAME)


@pytest.mark.parametrize("change", CHANGES)
def test_a_pair_is_one_whichever_of_them_comes_first(change: str, drawings: list[Path]) -> None:
    """Either may be the crop, the brighter or the smaller one."""
    import io

    pictures = [Image.open(path) for path in drawings[:8]]
    copies = [Image.open(io.BytesIO(near_copy(p.read_bytes(), change, 7))) for p in drawings[:8]]
    thumbnails = [grey_thumbnail(to_grey(picture)) for picture in [*pictures, *copies]]
    forwards = near_copies(stored(thumbnails), range(16)).copies
    backwards = near_copies(stored(thumbnails[::-1]), range(16)).copies
    turned = {(15 - pair.second, 15 - pair.first) for pair in backwards}
    # Without colours a brighter one may be missed from one side.
    assert len({(pair.first, pair.second) for pair in forwards} ^ turned) <= 1
    assert len(turned) >= 7


def test_the_order_of_pictures_does_not_matter(drawings: list[Path], tmp_path: Path) -> None:
    copies = []
    for number, path in enumerate(drawings):
        copies.append(tmp_path / f"{number}.jpg")
        copies[-1].write_bytes(near_copy(path.read_bytes(), list(CHANGES)[number % 6], number))
    paths = [*drawings, *copies]
    order = np.random.default_rng(1).permutation(len(paths))
    groups = copy_groups(paths)
    shuffled = copy_groups([paths[place] for place in order])
    back = {int(place): group for place, group in zip(order, shuffled, strict=True)}
    together = {(a, b) for a in range(48) for b in range(a) if groups[a] == groups[b]}
    assert together == {(a, b) for a in range(48) for b in range(a) if back[a] == back[b]}
    assert len(together) >= 22


def test_identical_pictures_belong_to_the_near_copies_of_each_of_them(
    thumbnails: list[Pixels],
) -> None:
    brighter = np.minimum(thumbnails[0].astype(int) + 9, 255).astype(np.uint8)
    store = stored([thumbnails[1], thumbnails[0], thumbnails[0], brighter, thumbnails[1]])
    nowhere = [Path()] * 5
    groups, copies = group_copies(["a", "b", "b", "c", UNREADABLE], store, nowhere)
    # What can't be read has no thumbnail that would count, whatever is in the store.
    assert groups == [0, 1, 1, 1, 4]
    assert [(pair.first, pair.second) for pair in copies.pairs] == [(1, 3)]
    assert group_copies([UNREADABLE, UNREADABLE], store, nowhere)[0] == [0, 1]


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
