"""A whole set: what its pictures have to do with each other, and with its folders."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import paint
from tests.support.copies import near_copy
from tests.support.trees import plant
from tl_catdog.audit import inspection as module
from tl_catdog.audit import near_duplicates
from tl_catdog.audit.check import _imbalance, check
from tl_catdog.audit.findings import Audit
from tl_catdog.audit.inspection import Inspection
from tl_catdog.data.examples import Example
from tl_catdog.data.parallel import Progress
from tl_catdog.errors import UsageError


@contextlib.contextmanager
def quietly(what: str) -> Iterator[Progress]:
    yield lambda done, total: None


def audit(root: Path) -> Audit:
    return check(root, quietly)[0]


def found(root: Path) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.kind, item.paths) for item in audit(root).findings]


def test_a_good_set_has_no_findings(drawn: Path) -> None:
    result, usable = check(drawn, quietly)
    assert result.findings == ()
    assert result.images == len(usable) == 18
    assert result.counts["train"] == {"cats": 4, "dogs": 4}
    assert result.seen_in_training == {}
    assert 0 < result.seconds < 600


def test_a_copy_in_another_split_is_a_leak_with_what_it_may_inflate(drawn: Path) -> None:
    original = sorted(drawn.glob("train/cats/*"))[0]
    copy = drawn / "validation" / "cats" / "copy.jpg"
    copy.write_bytes(near_copy(original.read_bytes(), "mirrored"))
    result = audit(drawn)
    (leak,) = result.findings
    assert leak.kind == "leak"
    assert set(leak.paths) == {f"train/cats/{original.name}", "validation/cats/copy.jpg"}
    assert "mirrored" in leak.detail
    assert "train and validation" in leak.detail
    seen = result.seen_in_training["validation"]
    assert (seen.images, seen.of) == (1, 7)
    assert seen.points == pytest.approx(100 / 7)


def test_a_copy_between_validation_and_test_does_not_flatter_the_training(drawn: Path) -> None:
    original = sorted(drawn.glob("test/dogs/*"))[0]
    (drawn / "validation" / "dogs" / "copy.jpg").write_bytes(original.read_bytes())
    result = audit(drawn)
    assert [item.kind for item in result.findings] == ["leak"]
    assert result.findings[0].detail.startswith("identical")
    assert result.seen_in_training == {}


def test_a_copy_in_another_class_is_a_conflict_and_in_the_same_a_duplicate(drawn: Path) -> None:
    first, second = sorted(drawn.glob("train/cats/*"))[:2]
    (drawn / "train" / "dogs" / "other.jpg").write_bytes(first.read_bytes())
    (drawn / "train" / "cats" / "twin.jpg").write_bytes(near_copy(second.read_bytes(), "brighter"))
    assert found(drawn) == [
        ("label-conflict", (f"train/cats/{first.name}", "train/dogs/other.jpg")),
        ("duplicate", (f"train/cats/{second.name}", "train/cats/twin.jpg")),
    ]


def test_a_copy_in_another_class_and_split_is_both(drawn: Path) -> None:
    first = sorted(drawn.glob("train/cats/*"))[0]
    (drawn / "test" / "dogs" / "other.jpg").write_bytes(first.read_bytes())
    assert [kind for kind, _ in found(drawn)] == ["leak", "label-conflict"]


def test_broken_files_are_named_and_left_out_of_comparisons(drawn: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (drawn / "train" / "cats" / name).write_bytes(b"the same text")
    result, usable = check(drawn, quietly)
    assert [(item.kind, item.paths) for item in result.findings] == [
        ("not-a-picture", ("train/cats/a.jpg",)),
        ("not-a-picture", ("train/cats/b.jpg",)),
    ]
    assert result.images == 20
    assert len(usable) == 18


def test_each_leaked_picture_counts_where_it_leaked_to(drawn: Path) -> None:
    cats, dogs = (sorted(drawn.glob(f"train/{kind}/*")) for kind in ("cats", "dogs"))
    for target, original in {
        "validation/cats/a.jpg": cats[0],
        "validation/dogs/b.jpg": cats[0],
        "validation/cats/c.jpg": cats[1],
        "test/dogs/d.jpg": cats[0],
        "train/dogs/e.jpg": cats[0],
        "train/dogs/f.jpg": dogs[0],
    }.items():
        (drawn / target).write_bytes(original.read_bytes())
    result = audit(drawn)
    assert {split: (seen.images, seen.of) for split, seen in result.seen_in_training.items()} == {
        "test": (1, 5),
        "validation": (3, 9),
    }
    assert list(result.seen_in_training) == ["test", "validation"]
    assert result.tally() == {"leak": 2, "label-conflict": 1, "duplicate": 1}
    assert result.findings[0].detail == "identical, in test and train and validation"
    assert result.findings[0].paths[0] == "test/dogs/d.jpg"  # what a fix would keep
    assert result.of("label-conflict")[0].detail == "identical, as cats and dogs"


def test_identical_pictures_are_called_so_and_near_copies_by_their_likeness(drawn: Path) -> None:
    cats = sorted(drawn.glob("train/cats/*"))
    for name, data in {
        "same.jpg": cats[0].read_bytes(),
        "near.jpg": near_copy(cats[1].read_bytes(), "smaller"),
        "turned.jpg": near_copy(cats[2].read_bytes(), "mirrored"),
    }.items():
        (drawn / "train" / "cats" / name).write_bytes(data)
    same, near, turned = (item.detail for item in audit(drawn).findings)
    assert same == "identical"
    assert re.fullmatch(r"near-copies, (0\.[6-9]\d|1\.00)", near)
    assert re.fullmatch(r"near-copies, mirrored, (0\.[6-9]\d|1\.00)", turned)


def entries(**counts: int) -> list[Example]:
    """Return pictures of splits and classes: ``train_ant=3``; without a split ``_ant``."""
    found = []
    for words, count in counts.items():
        split, label = words.split("_")
        found += [Example(Path(str(n)), str(n), label, split, "") for n in range(count)]
    return found


@pytest.mark.parametrize(
    ("counts", "detail"),
    [
        ({"train_ant": 6, "train_bee": 2}, "6 of ant, 2 of bee"),
        ({"train_ant": 5, "train_bee": 2}, None),
        ({"_ant": 2, "_bee": 9, "_fly": 5}, "9 of bee, 2 of ant"),
        ({"test_ant": 90, "test_bee": 1, "train_ant": 5, "train_bee": 5}, None),
        ({"train_ant": 9}, None),  # scan refuses a single class
        ({"test_ant": 1, "test_bee": 1, "train_ant": 9, "train_bee": 3}, "9 of ant, 3 of bee"),
    ],
)
def test_only_training_pictures_are_out_of_balance_from_three_times_on(
    counts: dict[str, int], detail: str | None
) -> None:
    found = _imbalance(entries(**counts))
    if detail is None:
        assert found == []
    else:
        (only,) = found
        assert (only.kind, only.paths) == ("imbalance", ())
        assert only.detail == f"{detail}: train with --class-weights balanced"


def test_imbalance_in_training_is_remarked(tmp_path: Path) -> None:
    for number in range(6):
        paint(tmp_path / "set" / "ant" / f"{number}.png", (200, 60, 40), number)
    for number in range(2):
        paint(tmp_path / "set" / "bee" / f"{number}.png", (40, 80, 200), 50 + number)
    result = audit(tmp_path / "set")
    (only,) = result.findings
    assert only.kind == "imbalance"
    assert only.detail.startswith("6 of ant, 2 of bee")
    assert result.counts == {"all": {"ant": 6, "bee": 2}}


def test_what_goes_on_is_told_step_by_step_to_the_last_picture(drawn: Path) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}

    @contextlib.contextmanager
    def step(what: str) -> Iterator[Progress]:
        calls = seen.setdefault(what, [])
        yield lambda done, total: calls.append((done, total))

    (drawn / "train" / "cats" / "broken.jpg").write_bytes(b"nothing")
    check(drawn, step)
    looked, compared = seen.values()
    assert looked == [(done, 19) for done in range(1, 20)]
    assert compared[-1] == (18, 18)


def test_where_all_pictures_are_alike_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicates, "LARGEST", 2)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (12, 12)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC)
    for quality, label in zip((95, 90, 85, 80), ("ant", "ant", "bee", "bee"), strict=True):
        (tmp_path / "set" / label).mkdir(parents=True, exist_ok=True)
        picture.save(tmp_path / "set" / label / f"{quality}.jpg", quality=quality)
    (only,) = audit(tmp_path / "set").of("alike")
    assert only.paths == ()
    assert re.fullmatch(
        r"only likeness from (0\.[6-9]\d*|1\.0) on is taken for a copy, not from 0\.5", only.detail
    )


def test_files_left_out_by_their_names_are_counted(drawn: Path) -> None:
    (drawn / "train" / "cats" / "raw.psd").write_bytes(b"II*")
    (only,) = audit(drawn).findings
    assert (only.kind, only.paths, only.detail) == ("left-out", (), "1 × .psd")
    (drawn / "train" / "cats" / "z.jxl").touch()
    (drawn / "train" / "dogs" / "raw.psd").touch()
    assert [item.detail for item in audit(drawn).findings] == ["1 × .jxl", "2 × .psd"]


def test_what_was_understood_of_names_is_a_finding(drawn: Path) -> None:
    (drawn / "validation" / "cats").rename(drawn / "validation" / "Cats")
    (only,) = audit(drawn).findings
    note = "Folders named 'cats' and 'Cats' are taken for one class, cats."
    assert (only.kind, only.paths, only.detail) == ("understood", (), note)


def test_what_is_left_out_of_a_folder_that_is_no_set_is_counted(tmp_path: Path) -> None:
    plant(tmp_path, "a/ 1", "a/x.txt", "b.jxl")
    details = [item.detail for item in audit(tmp_path).of("left-out")]
    assert details == ["1 × .jxl", "1 × .txt"]


def test_a_folder_that_is_no_set_is_checked_all_the_same(tmp_path: Path) -> None:
    one = paint(tmp_path / "heap" / "one.png", (200, 60, 40), 1)
    (tmp_path / "heap" / "two.png").write_bytes(one.read_bytes())
    result = audit(tmp_path / "heap")
    assert [item.kind for item in result.findings] == ["layout", "duplicate"]
    assert "pictures without a class" in result.findings[0].detail
    assert result.findings[1].paths == ("one.png", "two.png")
    assert (result.images, result.counts) == (2, {"all": {"": 2}})


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(UsageError):
            check(folder, quietly)


def test_processes_find_what_threads_find(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cats = sorted(drawn.glob("train/cats/*"))
    (drawn / "train" / "dogs" / "copy.jpg").write_bytes(cats[0].read_bytes())
    (drawn / "train" / "dogs" / "cut.jpg").write_bytes(cats[1].read_bytes()[:2000])
    in_threads = found(drawn)
    assert {kind for kind, _ in in_threads} >= {"label-conflict", "truncated"}
    monkeypatch.setattr("tl_catdog.audit.inspection.MANY", 1)
    assert found(drawn) == in_threads


def test_from_500_pictures_on_processes_look_at_them(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer take less time than starting a process does."""
    assert module.MANY == 500
    used: list[str] = []

    def spy(work: Callable[[Path], Inspection], items: list[Path]) -> Iterator[Inspection]:
        used.append("processes")
        return map(work, items)

    monkeypatch.setattr(module, "map_processes", spy)
    for many, expected in ((19, []), (18, ["processes"])):  # there are 18
        monkeypatch.setattr(module, "MANY", many)
        assert found(drawn) == []
        assert used == expected
