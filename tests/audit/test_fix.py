"""What is put aside is what should be, and it comes back as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.audit.test_check import quietly
from tl_catdog.audit import fix
from tl_catdog.audit.check import check
from tl_catdog.audit.findings import Audit, Finding
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal.moves import Move


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


def targets(root: Path, kind: str, splits: dict[str, str], *names: str) -> list[str]:
    """Return what goes of one finding about some pictures, below the data folder."""
    finding = Finding(kind, names, "")
    audit = Audit(str(root), len(names), 0.0, {}, (finding,), {})
    return [move.source for move in fix.plan(audit, splits, (kind,)).moves]


@pytest.mark.parametrize(
    ("splits", "going"),
    [
        ("train validation test", "a b"),
        ("test train", "b"),
        ("train validation validation", "a"),
        ("train train test test", "a b"),
        ("validation train train", "b c"),
    ],
)
def test_of_a_leak_the_copies_for_the_test_stay_or_else_those_for_validation(
    drawn: Path, splits: str, going: str
) -> None:
    roles = dict(zip("abcd", splits.split(), strict=False))
    assert targets(drawn, "leak", roles, *roles) == [f"set/{name}" for name in going.split()]


def test_of_a_conflict_all_go_and_of_duplicates_all_but_the_first(drawn: Path) -> None:
    roles = dict.fromkeys("abc", "train")
    assert targets(drawn, "label-conflict", roles, *"abc") == ["set/a", "set/b", "set/c"]
    assert targets(drawn, "duplicate", roles, *"abc") == ["set/b", "set/c"]
    assert targets(drawn, "corrupt", {}, "a") == ["set/a"]


def test_a_picture_of_two_findings_goes_once_for_the_first_of_them(spoilt: Path) -> None:
    names = ("train/cats/twin.jpg", "test/cats/cut.jpg")
    findings = Finding("truncated", names[1:], ""), Finding("label-conflict", names, "")
    audit = Audit(str(spoilt), 2, 0.0, {}, findings, {})
    moves = fix.plan(audit, {}, ("truncated", "label-conflict")).moves
    assert [(move.action, move.source) for move in moves] == [
        ("truncated", f"set/{names[1]}"),
        ("label-conflict", f"set/{names[0]}"),
    ]
    data = (spoilt / names[1]).read_bytes()
    assert moves[0].digest == hashlib.sha256(data).hexdigest()
    assert moves[0].target == f"set.quarantine/truncated/{names[1]}"
    # Only what was asked for.
    assert [m.action for m in fix.plan(audit, {}, ("truncated",)).moves] == ["truncated"]
    assert [m.source for m in fix.plan(audit, {}, ("label-conflict",)).moves] == [
        f"set/{name}" for name in names
    ]


def test_a_name_that_is_taken_in_the_quarantine_gets_a_number(spoilt: Path) -> None:
    taken = spoilt.with_name("set.quarantine") / "truncated" / "test" / "cats" / "cut.jpg"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"of an earlier time")
    (move,) = planned(spoilt, ("truncated",))
    assert move.target == "set.quarantine/truncated/test/cats/cut-2.jpg"


def test_what_cannot_be_moved_stays_and_is_told_with_the_reason(drawn: Path) -> None:
    link = drawn / "train" / "cats" / "link.jpg"
    link.symlink_to("nowhere.jpg")
    (drawn / "train" / "cats" / "other.jpg").symlink_to("/nowhere.jpg")
    audit = check(drawn, quietly)[0]
    plan = fix.plan(audit, {}, ("unreadable",))
    assert [move.source for move in plan.moves] == ["set/train/cats/other.jpg"]
    assert plan.stuck == {"train/cats/link.jpg": "a link that would lead astray from there"}


def test_what_lies_behind_a_link_to_a_folder_stays(drawn: Path, tmp_path: Path) -> None:
    """It may be of another set as well, and ``undo`` goes through no links."""
    elsewhere = tmp_path / "elsewhere"
    (drawn / "train" / "cats").rename(elsewhere)
    (drawn / "train" / "cats").symlink_to(elsewhere)
    (elsewhere / "broken.jpg").write_bytes(b"no picture")
    audit, usable = check(drawn, quietly)
    plan = fix.plan(audit, {item.name: item.split for item in usable}, fix.USUAL)
    assert plan.moves == ()
    assert plan.stuck == {"train/cats/broken.jpg": "in another place: train/cats is a link"}


def test_a_path_that_is_too_long_stays(drawn: Path) -> None:
    """Linux allows 4,096 bytes, and a number may be added to the name."""
    room = 4000 - len(os.fsencode(drawn)) - 1
    audit = Audit(str(drawn), 1, 0.0, {}, (Finding("unreadable", ("ü" * room, "x"), ""),), {})
    plan = fix.plan(audit, {}, ("unreadable",))
    assert plan.stuck == {"ü" * room: "its path is too long"}
    assert [move.source for move in plan.moves] == ["set/x"]


def test_what_would_lie_too_deep_in_the_quarantine_loses_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "set.quarantine" / "corrupt"
    room = 4000 - len(os.fsencode(folder)) - 1
    for length, kept in ((room, True), (room + 1, False)):
        name = "d/" * ((length - 8) // 2) + "n" * (length - 4 - (length - 8) // 2 * 2) + ".jpg"
        assert len(name) == length
        found = fix._target(folder, name)
        assert found == (folder / name if kept else folder / Path(name).name)


def test_the_hint_is_the_command_as_it_must_be_typed(tmp_path: Path) -> None:
    root = tmp_path / "my pictures"
    root.mkdir()
    with pytest.raises(UsageError) as caught:
        fix.undo(root)
    assert caught.value.hint == f"Type: tl-catdog data fix '{root}'"


def test_the_log_says_what_moved_them(spoilt: Path) -> None:
    log = fix.apply(spoilt, planned(spoilt)).log
    assert log == spoilt.with_name("set.quarantine") / "applied-1.jsonl"
    assert log.read_text().splitlines()[0].startswith('{"for": "data fix", ')
