"""What is put aside is what should be, and it comes back as it was."""

import hashlib
from pathlib import Path

import pytest

from tests.audit.test_check import quietly
from tl_catdog.audit import fix
from tl_catdog.audit.check import check
from tl_catdog.audit.findings import Audit
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal import Move


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def planned(root: Path, kinds: tuple[str, ...] = fix.USUAL) -> tuple[Move, ...]:
    result, usable = check(root, quietly)
    return fix.plan(result, {item.name: item.split for item in usable}, kinds).moves


@pytest.fixture
def spoilt(drawn: Path) -> Path:
    cats = sorted(drawn.glob("train/cats/*"))
    (drawn / "train" / "cats" / "empty.jpg").write_bytes(b"")
    (drawn / "test" / "cats" / "cut.jpg").write_bytes(cats[0].read_bytes()[:900])
    (drawn / "test" / "cats" / "leaked.jpg").write_bytes(cats[1].read_bytes())
    (drawn / "validation" / "dogs" / "both.jpg").write_bytes(
        sorted(drawn.glob("validation/cats/*"))[0].read_bytes()
    )
    (drawn / "train" / "cats" / "twin.jpg").write_bytes(cats[2].read_bytes())
    return drawn


def test_what_is_broken_leaked_or_in_two_classes_goes_and_the_test_keeps_its_copy(
    spoilt: Path,
) -> None:
    before = tree(spoilt)
    cats = sorted(path.name for path in spoilt.glob("train/cats/0*"))
    done = fix.apply(spoilt, planned(spoilt))
    gone = sorted(set(before) - set(tree(spoilt)))
    both = sorted(path.name for path in spoilt.glob("validation/cats/*"))
    assert len(gone) == 5
    assert {"train/cats/empty.jpg", "test/cats/cut.jpg", "validation/dogs/both.jpg"} <= set(gone)
    assert [name for name in gone if name.startswith("train/cats/0")] == [f"train/cats/{cats[1]}"]
    assert "test/cats/leaked.jpg" not in gone
    assert len(both) == 2
    assert done.counts() == {
        "label-conflict": 2,
        "leak": 1,
        "not-a-picture": 1,
        "truncated": 1,
    }
    assert check(spoilt, quietly)[0].tally() == {"duplicate": 1}


def test_undo_puts_all_back_byte_for_byte(spoilt: Path) -> None:
    before = tree(spoilt)
    fix.apply(spoilt, planned(spoilt))
    fix.apply(spoilt, planned(spoilt, ("duplicate",)))
    fix.undo(spoilt)
    fix.undo(spoilt)
    assert tree(spoilt) == before
    quarantine = spoilt.with_name("set.quarantine")
    assert sorted(path.name for path in quarantine.iterdir()) == [
        "undone-1.jsonl",
        "undone-2.jsonl",
    ]
    with pytest.raises(UsageError, match="something to undo"):
        fix.undo(spoilt)


def test_of_duplicates_the_first_stays(spoilt: Path) -> None:
    (move,) = planned(spoilt, ("duplicate",))
    assert move.source == "set/train/cats/twin.jpg"
    assert move.target == "set.quarantine/duplicate/train/cats/twin.jpg"


def test_a_place_that_was_taken_in_the_meantime_is_not_overwritten(spoilt: Path) -> None:
    fix.apply(spoilt, planned(spoilt))
    place = spoilt / "test" / "cats" / "cut.jpg"
    place.write_bytes(b"new")
    with pytest.raises(CatdogError, match=r"cut\.jpg taken; nothing was moved"):
        fix.undo(spoilt)
    assert place.read_bytes() == b"new"


def test_nothing_found_moves_nothing(drawn: Path) -> None:
    assert planned(drawn) == ()
    assert fix.apply(drawn, ()).log is None
    assert not drawn.with_name("set.quarantine").exists()
    assert isinstance(check(drawn, quietly)[0], Audit)
