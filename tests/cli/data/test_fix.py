"""``data fix``: what it says it moves, it moves, and moves back."""

import json
from pathlib import Path

import pytest

from tests.audit.test_fix import tree
from tests.conftest import Cli
from tests.support.commands import assert_one_line, interrupt, watched
from tl_catdog.audit.fix import Plan
from tl_catdog.drawings import draw_set


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "my pets"
    draw_set(root, counts={"train": 3, "validation": 2}, size=160, workers=1)
    (root / "train" / "cats" / "broken.jpg").write_bytes(b"text")
    return root


def test_it_puts_aside_and_back_by_the_commands_it_names(cli: Cli, pictures: Path) -> None:
    before = tree(pictures)
    done = cli("data", "fix", pictures)
    assert done.code == 0
    assert "Put aside 1 picture: 1 not-a-picture." in done.out
    assert f"To undo that, type: tl-catdog data fix '{pictures}' --undo" in done.out
    assert set(before) - set(tree(pictures)) == {"train/cats/broken.jpg"}
    done = cli("data", "fix", pictures, "--undo")
    assert done.code == 0
    assert "Put back 1 picture." in done.out
    assert tree(pictures) == before


def test_a_dry_run_only_says_so(cli: Cli, pictures: Path) -> None:
    before = tree(pictures.parent)
    done = cli("data", "fix", pictures, "--dry-run")
    assert done.code == 0
    assert "Would put aside 1 picture: 1 not-a-picture. Nothing was moved." in done.out
    assert tree(pictures.parent) == before


def test_json_lists_the_moves(cli: Cli, pictures: Path) -> None:
    found = json.loads(cli("data", "fix", pictures, "--json").out)
    (move,) = found["moved"]
    assert move["action"] == "not-a-picture"
    assert move["from"] == "my pets/train/cats/broken.jpg"
    assert move["to"] == "my pets.quarantine/not-a-picture/train/cats/broken.jpg"
    assert (Path(found["base"]) / move["to"]).is_file()
    assert Path(found["log"]).is_file()


def test_copies_are_looked_for_only_if_they_may_go(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is most of what a check takes."""
    asked: list[int] = []

    def compared(digests: list[str], *_: object) -> None:
        asked.append(len(digests))
        raise KeyboardInterrupt

    monkeypatch.setattr("tl_catdog.audit.check.group_copies", compared)
    done = cli("data", "fix", pictures, "--dry-run", "--kinds", "truncated,not-a-picture")
    assert "Would put aside 1 picture: 1 not-a-picture." in done.out
    assert asked == []
    assert cli("data", "fix", pictures, "--dry-run", "--kinds", "truncated,leak").code == 130
    assert asked == [11]


def test_only_the_kinds_named_go(cli: Cli, pictures: Path) -> None:
    assert "Nothing to move." in cli("data", "fix", pictures, "--kinds", "leak,truncated").out
    done = cli("data", "fix", pictures, "--kinds", "dark")
    assert done.code == 2
    assert "found dark" in done.err


@pytest.mark.parametrize("words", [["--dry-run"], ["--kinds", "leak"]])
def test_undo_stands_alone(cli: Cli, pictures: Path, words: list[str]) -> None:
    assert cli("data", "fix", pictures, "--undo", *words).code == 2


def test_nothing_to_undo_is_one_line(cli: Cli, pictures: Path) -> None:
    done = cli("data", "fix", pictures, "--undo")
    assert done.code == 2
    assert done.err.startswith("Error: expected something to undo")


def test_ctrl_c_says_how_to_put_back_what_was_moved(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(pictures)
    with monkeypatch.context() as patch:
        watched(patch, "tl_catdog.journal.journal._move", interrupt)
        done = cli("data", "fix", pictures)
    assert (done.code, done.out) == (130, "")
    command = f"tl-catdog data fix '{pictures}' --undo"
    told = f"Interrupted. To put back what was moved, if anything was, type: {command}\n"
    assert done.err == told
    cli("data", "fix", pictures, "--undo")
    assert tree(pictures) == before


def test_what_was_stopped_half_way_is_undone_first(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left isn't the set: of a picture in two classes, one would stay."""
    before = tree(pictures)
    with monkeypatch.context() as patch:
        watched(patch, "tl_catdog.journal.journal._move", interrupt)
        cli("data", "fix", pictures)
    done = cli("data", "fix", pictures)
    assert (done.code, done.out) == (1, "")
    assert_one_line(done.err)
    assert f"type: tl-catdog data fix '{pictures}' --undo" in done.err
    assert cli("data", "fix", pictures, "--dry-run").code == 0
    assert cli("data", "fix", pictures, "--undo").code == 0
    assert tree(pictures) == before
    assert cli("data", "fix", pictures).code == 0


def test_a_strangers_log_is_one_line(cli: Cli, pictures: Path) -> None:
    before = tree(pictures)
    log = pictures.with_name(f"{pictures.name}.quarantine") / "applied-1.jsonl"
    log.parent.mkdir()
    log.write_text('{"data": "/etc"}\n{"action": "leak", "from": "../x", "to": "/y"}\n')
    done = cli("data", "fix", pictures, "--undo")
    assert (done.code, done.out) == (1, "")
    assert_one_line(done.err)
    assert "line 1" in done.err
    assert "nothing was moved" in done.err
    assert tree(pictures) == before


def test_the_first_ten_moves_are_shown_and_how_many_more_there_are(
    cli: Cli, pictures: Path
) -> None:
    for number in range(12):
        (pictures / "train" / "dogs" / f"broken{number:02}.jpg").write_bytes(b"text")
    done = cli("data", "fix", pictures, "--dry-run")
    lines = done.out.splitlines()
    assert [" → " in line for line in lines] == [True] * 10 + [False] * 2
    assert lines[10:] == [
        "… and 3 more",
        "Would put aside 13 pictures: 13 not-a-picture. Nothing was moved.",
    ]
    lines = cli("data", "fix", pictures).out.splitlines()
    assert lines[0] == (
        "my pets/train/cats/broken.jpg → my pets.quarantine/not-a-picture/train/cats/broken.jpg"
    )
    assert lines[10].startswith("… and 3 more, all in ")
    assert Path(lines[10].removeprefix("… and 3 more, all in ")).is_file()
    assert lines[11] == "Put aside 13 pictures: 13 not-a-picture."


def test_what_cannot_be_moved_is_named_and_the_exit_code_is_1(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan((), {"train/a\n.jpg": "a name of its own"})
    watched(monkeypatch, "tl_catdog.audit.fix.plan", lambda *_: plan)
    done = cli("data", "fix", pictures, "--json")
    assert done.code == 1
    assert json.loads(done.out)["stuck"] == plan.stuck
    told = "Left where it is, move it yourself: train/a\\n.jpg (a name of its own).\n"
    assert done.err == told
    assert cli("data", "fix", pictures).out == "Nothing to move.\n"
