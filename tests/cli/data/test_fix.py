"""``data fix``: what it says it moves, it moves, and moves back."""

import json
from pathlib import Path

import pytest

from tests.audit.test_fix import tree
from tests.conftest import Cli
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
