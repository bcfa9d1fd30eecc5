"""A whole set: what its pictures have to do with each other, and with its folders."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import paint
from tests.support.copies import near_copy
from tl_catdog.audit.check import check
from tl_catdog.audit.findings import KINDS, SERIOUS, SINGLE, Audit, Finding, ordered
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


def test_imbalance_in_training_is_remarked(tmp_path: Path) -> None:
    for number in range(6):
        paint(tmp_path / "set" / "ant" / f"{number}.png", (200, 60, 40), number)
    for number in range(2):
        paint(tmp_path / "set" / "bee" / f"{number}.png", (40, 80, 200), 50 + number)
    (only,) = audit(tmp_path / "set").findings
    assert only.kind == "imbalance"
    assert only.detail.startswith("6 of ant, 2 of bee")


def test_files_left_out_by_their_names_are_counted(drawn: Path) -> None:
    (drawn / "train" / "cats" / "raw.tiff").write_bytes(b"II*")
    (only,) = audit(drawn).findings
    assert (only.kind, only.paths, only.detail) == ("left-out", (), "1 × .tiff")


def test_a_folder_that_is_no_set_is_checked_all_the_same(tmp_path: Path) -> None:
    one = paint(tmp_path / "heap" / "one.png", (200, 60, 40), 1)
    (tmp_path / "heap" / "two.png").write_bytes(one.read_bytes())
    result = audit(tmp_path / "heap")
    assert [item.kind for item in result.findings] == ["layout", "duplicate"]
    assert "pictures without a class" in result.findings[0].detail


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(UsageError):
            check(folder, quietly)


def test_findings_are_in_the_order_of_their_kinds() -> None:
    made = [Finding(kind, (name,), "") for name in "ba" for kind in reversed(KINDS)]
    got = ordered(made)
    assert [item.kind for item in got[::2]] == list(KINDS)
    assert [item.paths for item in got[:2]] == [("a",), ("b",)]
    assert set(SINGLE) < set(SERIOUS) < set(KINDS)


def test_processes_find_what_threads_find(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cats = sorted(drawn.glob("train/cats/*"))
    (drawn / "train" / "dogs" / "copy.jpg").write_bytes(cats[0].read_bytes())
    (drawn / "train" / "dogs" / "cut.jpg").write_bytes(cats[1].read_bytes()[:2000])
    in_threads = found(drawn)
    assert {kind for kind, _ in in_threads} >= {"label-conflict", "truncated"}
    monkeypatch.setattr("tl_catdog.audit.check.MANY", 1)
    assert found(drawn) == in_threads
