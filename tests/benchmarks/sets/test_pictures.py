"""Sets are read as the commands read them; parts of them are drawn by seed and linked."""

from collections import Counter
from pathlib import Path

import pytest
from sets.pictures import Picture, draw, find_sets, flipped, halves, link, read_set

from tests.conftest import paint_set
from tl_catdog.data.folders import UNSPLIT, scan
from tl_catdog.errors import UsageError


def some(ants: int, bees: int) -> list[Picture]:
    counts = {"ant": ants, "bee": bees}
    return [
        Picture(Path(f"/{label}/{number}.jpg"), label)
        for label, count in counts.items()
        for number in range(count)
    ]


def test_sets_are_found_by_what_is_in_them_whatever_their_splits_are_called(tmp_path: Path) -> None:
    paint_set(tmp_path / "tested", {"training_set": 3, "val": 2, "test_set": 1})
    paint_set(tmp_path / "plain", {"train": 2, "validation": 1})
    paint_set(tmp_path / "unsplit", {"": 2})
    paint_set(tmp_path / "unvalidated", {"train": 2, "test": 2})
    (tmp_path / "README.md").write_text("about them")
    found = find_sets(tmp_path)
    assert {name: (item.judged, item.counts()) for name, item in found.items()} == {
        "plain": ("validation", {"train": 4, "validation": 2}),
        "tested": ("test", {"train": 6, "validation": 4, "test": 2}),
    }
    with pytest.raises(UsageError, match="expected train/ and validation/"):
        read_set(tmp_path / "unvalidated")


def test_parts_are_drawn_class_by_class_and_by_seed() -> None:
    pictures = some(20, 6)
    drawn = draw(pictures, {"ant": 5, "bee": 9}, seed=1)
    assert Counter(item.label for item in drawn) == {"ant": 5, "bee": 6}
    assert drawn == draw(pictures, {"ant": 5, "bee": 9}, seed=1)
    assert drawn != draw(pictures, {"ant": 5, "bee": 9}, seed=2)
    half = halves(pictures, seed=3)
    quarter = halves(half, seed=3)
    assert Counter(item.label for item in half) == {"ant": 10, "bee": 3}
    assert Counter(item.label for item in quarter) == {"ant": 5, "bee": 1}
    assert set(quarter) < set(half) < set(pictures)
    assert Counter(item.label for item in halves(some(1, 2), 0)) == {"ant": 1, "bee": 1}


def test_flipped_labels_are_other_ones_and_told() -> None:
    pictures = some(60, 40)
    found, chosen = flipped(pictures, ("ant", "bee", "wasp"), 0.05, seed=0)
    assert len(chosen) == 5
    for position, (now, before) in enumerate(zip(found, pictures, strict=True)):
        assert now.path == before.path
        assert (now.label != before.label) == (position in chosen)


def test_links_make_a_set_that_the_commands_read(tmp_path: Path) -> None:
    pictures = read_set(paint_set(tmp_path / "set", {"train": 3, "validation": 2}))
    twice = [*pictures.splits["train"], pictures.splits["train"][0]]
    made = scan(link({**pictures.splits, "train": twice}, tmp_path / "linked"))
    assert {split: len(members) for split, members in made.splits.items()} == {
        "train": 7,
        "validation": 4,
    }
    few = scan(link({UNSPLIT: [twice[0], twice[5]]}, tmp_path / "few"))
    assert list(few.splits) == [UNSPLIT]
