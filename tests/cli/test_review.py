"""``tl-catdog review`` as a user types it."""

import csv
import json
import os
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.review.test_label_issues import flipped_set
from tests.review.test_relabel import tree
from tests.support.commands import assert_one_line, watched
from tests.support.made_up import made_up_run
from tl_catdog.runs.folder import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_up_run(flipped_set(tmp_path / "set"), tmp_path / "runs")


def edited(run: Run, actions: dict[str, str]) -> Path:
    """Change the list that the command wrote."""
    path = run.path / "review" / "review.csv"
    header, *rows = list(csv.reader(path.open()))
    for row in rows:
        row[0] = actions.get(row[1], row[0])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_it_shows_the_most_doubtful_and_what_to_type(cli: Cli, run: Run) -> None:
    outcome = cli("review", run.path)
    assert outcome.code == 0, outcome.err
    assert "of 42 training labels are likely wrong" in outcome.out
    assert "train/bee/wrong1.png" in outcome.out
    assert "9 of 18 pictures" in outcome.out
    table = outcome.out.partition("Pictures:")[0].splitlines()
    assert max(map(len, table)) <= 80
    path = run.path / "review" / "review.csv"
    assert f"tl-catdog review {run.path} --apply {path}" in outcome.out
    assert len(list(csv.reader(path.open()))) == 43
    assert (run.path / "review" / "gallery.html").stat().st_size > 10_000


def test_its_json_has_everything(cli: Cli, run: Run) -> None:
    found = json.loads(cli("review", run.path, "--top", 7, "--json").out)
    assert list(found) == [
        "run", "data", "n", "expected", "likely", "doubts", "unchecked", "answered", "wrong",
        "mistakes", "unsure", "skipped", "list", "gallery",
    ]  # fmt: skip
    assert (found["run"], found["n"], len(found["doubts"])) == ("mine", 42, 7)
    assert list(found["doubts"][0]) == [
        "name", "label", "suggested", "quality", "probability", "likely", "sha256",
    ]  # fmt: skip
    assert Path(found["list"]).is_file()


def test_the_edited_list_is_applied_and_undone(cli: Cli, run: Run) -> None:
    before = tree(run)
    assert cli("review", run.path).code == 0
    path = edited(run, {"train/bee/wrong1.png": "ant", "train/bee/wrong2.png": "remove"})
    outcome = cli("review", run.path, "--apply", path)
    assert outcome.code == 0, outcome.err
    assert "set/train/bee/wrong1.png → set/train/ant/wrong1.png" in outcome.out
    assert "Moved 2 pictures: 1 relabelled, 1 put aside." in outcome.out
    assert f"tl-catdog review {run.path} --undo" in outcome.out
    root = run.manifest["data"]["root"]
    assert f"Train a new run: tl-catdog train --arch mobilenet --data {root}" in outcome.out
    assert "set.removed/train/bee/wrong2.png" in tree(run)
    again = cli("review", run.path)
    assert again.code == 1
    assert "Train a new run" in again.err
    assert_one_line(again.err)
    outcome = cli("review", run.path, "--undo")
    assert outcome.code == 0
    assert "Put back 2 pictures: mine fits its pictures again." in outcome.out
    assert tree(run) == before


def test_apply_and_undo_have_json(cli: Cli, run: Run) -> None:
    cli("review", run.path)
    path = edited(run, {"train/bee/wrong1.png": "ant"})
    found = json.loads(cli("review", run.path, "--apply", path, "--json").out)
    (move,) = found["moved"]
    assert (move["from"], move["to"]) == ("set/train/bee/wrong1.png", "set/train/ant/wrong1.png")
    assert (found["undone"], Path(found["log"]).name) == (False, "applied-1.jsonl")
    assert (Path(found["base"]) / move["to"]).is_file()
    found = json.loads(cli("review", run.path, "--undo", "--json").out)
    assert (found["undone"], found["moved"][0]["to"]) == (True, "set/train/bee/wrong1.png")


def test_a_list_that_keeps_everything_moves_nothing(cli: Cli, run: Run) -> None:
    cli("review", run.path)
    outcome = cli("review", run.path, "--apply", run.path / "review" / "review.csv")
    assert (outcome.code, outcome.out) == (0, "Nothing to move.\n")


def test_what_was_edited_outlives_another_review(cli: Cli, run: Run) -> None:
    cli("review", run.path)
    name = list(csv.reader((run.path / "review" / "review.csv").open()))[-1][1]
    path = edited(run, {name: "remove"})
    outcome = cli("review", run.path, "--top", 3)
    assert "Kept what you had edited" in outcome.err
    rows = list(csv.reader(path.open()))
    assert rows[-1][:2] == ["remove", name]
    assert len(rows) < 10


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",),
        ("mine", "--apply", "list.csv", "--undo"),
        ("mine", "--apply", "nowhere.csv"),
        ("mine", "--undo"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    cli: Cli, run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    outcome = cli("review", *words, "--runs-dir", tmp_path / "runs")
    assert (outcome.code, outcome.out) == (2, "")
    assert_one_line(outcome.err)


def test_unreadable_pictures_are_named(cli: Cli, tmp_path: Path) -> None:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 2})
    (data / "train" / "ant" / "broken.png").write_bytes(b"no picture")
    run = made_up_run(data, tmp_path / "runs")
    outcome = cli("review", run.path)
    assert outcome.code == 0
    assert "train/ant/broken.png" in outcome.err


def test_an_interrupted_apply_says_how_to_put_it_back(
    cli: Cli, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("review", run.path)
    before = tree(run)
    path = edited(run, {"train/bee/wrong1.png": "ant"})

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tl_catdog.journal.journal._move", interrupt)
        outcome = cli("review", run.path, "--apply", path)
    assert outcome.code == 130
    assert "--undo" in outcome.err
    assert cli("review", run.path, "--undo").code == 0
    assert tree(run) == before


def test_options_reach_the_review(cli: Cli, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    watched(monkeypatch, "tl_catdog.review.label_issues.training_features", lambda *_: "features")
    calls = watched(monkeypatch, "tl_catdog.review.label_issues.review")
    cli("review", "mine", "--runs-dir", run.path.parent, "--top", 7, "--seed", 3)
    cli("review", run.path)
    (((chosen, features), named), (_, default)) = calls
    assert (chosen.path, features) == (run.path, "features")
    assert (named["top"], named["seed"], named["listed"]) == (7, 3, set())
    assert (default["top"], default["seed"]) == (50, 0)


def test_a_gallery_that_cannot_be_written_is_wrong_use(cli: Cli, run: Run) -> None:
    (run.path / "review").write_text("in the way")
    outcome = cli("review", run.path)
    assert outcome.code == 2
    assert "likely wrong" in outcome.out  # what was found is shown all the same
    assert f"Type: ls -ld {run.path / 'review'}" in outcome.err
    assert_one_line(outcome.err)


@pytest.mark.parametrize("name", ["", "review.csv", "gallery.html"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_nothing_is_written_through_a_strangers_link_or_pipe(
    cli: Cli, run: Run, tmp_path: Path, name: str, kind: str
) -> None:
    """A run may be a stranger's: it would overwrite a file of yours, or wait for ever."""
    mine = tmp_path / "mine"
    place = run.path / "review" / name
    place.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif name:
        mine.write_text("precious")
        place.symlink_to(mine)
    else:
        mine.mkdir()
        place.symlink_to(mine)
    outcome = cli("review", run.path)
    assert outcome.code == 1
    assert f"expected {place.parent / place.name}" in outcome.err
    assert_one_line(outcome.err)
    assert mine.read_text() == "precious" if mine.is_file() else not list(tmp_path.glob("mine/*"))


def test_pictures_that_were_moved_are_reviewed_where_they_are_named(
    cli: Cli, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "set").rename(tmp_path / "elsewhere")
    outcome = cli("review", run.path)
    assert outcome.code == 1
    assert f"if they were moved, type: tl-catdog review {run.path} --data DIR" in outcome.err
    words = ("review", run.path, "--data", tmp_path / "elsewhere")
    outcome = cli(*words)
    assert outcome.code == 0, outcome.err
    assert f"--data {tmp_path / 'elsewhere'} --apply" in outcome.out
    before = sorted((tmp_path / "elsewhere").rglob("*"))
    path = edited(run, {"train/bee/wrong1.png": "remove"})
    outcome = cli(*words, "--apply", path)
    assert outcome.code == 0, outcome.err
    assert not (tmp_path / "elsewhere" / "train" / "bee" / "wrong1.png").exists()
    assert cli(*words, "--undo").code == 0
    assert sorted((tmp_path / "elsewhere").rglob("*")) == before
    assert cli("review", run.path, "--data", tmp_path / "nowhere").code == 2
