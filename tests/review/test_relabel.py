"""Moving pictures: nothing is lost, and whatever happens meanwhile it can be undone."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import COLOURS, paint, paint_set
from tests.review.test_review_list import edit
from tests.support.made_up import made_up_run
from tl_catdog.data.digest import file_digest
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.journal import journal as moves
from tl_catdog.journal import log
from tl_catdog.review import relabel as mending
from tl_catdog.review.relabel import apply, undo
from tl_catdog.review.review_list import Edit
from tl_catdog.runs.folder import Run


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    data = paint_set(tmp_path / "set", {"train": 4, "validation": 2})
    return made_up_run(data, tmp_path / "runs")


def tree(run: Run) -> dict[str, str]:
    """Return every file in and beside the data folder with its hash."""
    base = Path(run.manifest["data"]["root"]).parent
    files = [path for part in base.glob("set*") for path in part.rglob("*") if not path.is_dir()]
    return {path.relative_to(base).as_posix(): file_digest(path) for path in files}


def edits(run: Run) -> list[Edit]:
    return [
        edit(run, "train/ant/000.png", "bee"),
        edit(run, "train/ant/001.png", "remove"),
        edit(run, "train/ant/002.png", "keep"),
        edit(run, "validation/bee/000.png", "ant"),
    ]


def test_pictures_are_moved_and_moved_back(run: Run) -> None:
    before = tree(run)
    done = apply(run, edits(run))
    after = tree(run)
    assert set(before) - set(after) == {
        "set/train/ant/000.png", "set/train/ant/001.png", "set/validation/bee/000.png",
    }  # fmt: skip
    assert set(after) - set(before) == {
        "set/train/bee/000-2.png", "set.removed/train/ant/001.png", "set/validation/ant/000-2.png",
    }  # fmt: skip
    assert Counter(after.values()) == Counter(before.values())
    assert done.counts() == {"ant": 1, "bee": 1, "remove": 1}
    assert done.log == run.path / "review" / "applied-1.jsonl"
    back = undo(run)
    assert tree(run) == before
    assert len(back.moves) == 3
    assert back.log == run.path / "review" / "undone-1.jsonl"
    assert [path.name for path in (run.path / "review").iterdir()] == ["undone-1.jsonl"]
    assert not Path(run.manifest["data"]["root"]).with_name("set.removed").exists()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["keep", "remove", "ant", "bee"]), min_size=8, max_size=8))
def test_no_list_loses_a_picture_and_each_can_be_undone(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    root = tmp_path_factory.mktemp("any")
    run = made_up_run(paint_set(root / "set", {"train": 4, "validation": 1}), root / "runs")
    names = [f"train/{label}/00{n}.png" for label in ("ant", "bee") for n in range(4)]
    before = tree(run)
    done = apply(run, [edit(run, *pair) for pair in zip(names, actions, strict=True)])
    after = tree(run)
    assert Counter(after.values()) == Counter(before.values())
    assert {move.source for move in done.moves} == set(before) - set(after)
    if done.moves:
        undo(run)
    else:
        assert done.log is None
    assert tree(run) == before


def killed(work: Callable[..., Any], calls: int, *, after: bool) -> Callable[..., Any]:
    """Return the function with an end of the process right before or after one of its calls."""
    count = 0

    def counted(*words: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls and not after:
            raise Killed
        result = work(*words, **named)
        if count == calls:
            raise Killed
        return result

    return counted


@pytest.mark.parametrize("step", ["write_line", "_move", "rename_to_free"])
@pytest.mark.parametrize("calls", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("work", ["apply", "undo"])
def test_a_kill_at_any_time_can_be_undone(
    run: Run, monkeypatch: pytest.MonkeyPatch, step: str, calls: int, after: bool, work: str
) -> None:
    before = tree(run)
    if work == "undo":
        apply(run, edits(run))
    with monkeypatch.context() as patch:
        patch.setattr(moves, step, killed(getattr(moves, step), calls, after=after))
        try:
            apply(run, edits(run)) if work == "apply" else undo(run)
        except Killed:
            pass
        else:
            assert (step, work) == ("write_line", "undo")  # which writes nothing
    if mending._journal(run)._logs("applied"):
        undo(run)
    assert tree(run) == before


def test_a_list_that_is_given_again_names_the_undo(run: Run) -> None:
    """Its pictures aren't where the run was trained with them any more, since the first time."""
    apply(run, edits(run))
    with pytest.raises(UsageError, match="found no such file any more") as caught:
        apply(run, edits(run))
    assert caught.value.hint.endswith(f"type: tl-catdog review {run.path} --undo")
    undo(run)
    assert len(apply(run, edits(run)).moves) == 3


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_list_that_is_given_again_after_a_kill_names_the_undo(
    run: Run, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    before = tree(run)
    with monkeypatch.context() as patch:
        patch.setattr(moves, "_move", killed(moves._move, calls, after=calls < 3))
        with pytest.raises(Killed):
            apply(run, edits(run))
    with pytest.raises(CatdogError, match="stopped half-way") as caught:
        apply(run, edits(run))
    assert f"type: tl-catdog review {run.path} --undo" in caught.value.hint
    undo(run)
    assert tree(run) == before
    assert len(apply(run, edits(run)).moves) == 3


def test_a_line_that_was_cut_off_is_no_move(run: Run) -> None:
    before = tree(run)
    log = apply(run, edits(run)[:1]).log
    assert log is not None
    log.write_text(log.read_text() + '{"action": "bee", "from": "set/tra')
    undo(run)
    assert tree(run) == before


def test_each_move_is_in_the_log_before_it_is_made(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = moves._move

    def spied(source: Path, target: Path) -> None:
        lines = (run.path / "review" / "applied-1.jsonl").read_text().splitlines()
        seen.append(Path(json.loads(lines[-1])["from"]).name == source.name)
        original(source, target)

    monkeypatch.setattr(moves, "_move", spied)
    apply(run, edits(run))
    assert seen == [True] * 3


def test_nothing_is_touched_when_the_list_is_wrong(run: Run) -> None:
    before = tree(run)
    wrong = [*edits(run), edit(run, "train/bee/001.png", "wasp")]
    with pytest.raises(UsageError):
        apply(run, wrong)
    assert tree(run) == before
    assert not (run.path / "review").exists()


def test_what_took_the_place_meanwhile_is_not_overwritten(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(run.manifest["data"]["root"])
    place = root / "train" / "bee" / "000-2.png"
    original = log.write_line

    def late(file: Any, row: dict[str, str]) -> None:
        original(file, row)
        if "from" in row:
            paint(place, COLOURS[2], 5)

    monkeypatch.setattr(moves, "write_line", late)
    with pytest.raises(CatdogError, match=r"found that one can't be .*--undo"):
        apply(run, edits(run)[:1])
    assert file_digest(place) == file_digest(paint(root / "same.png", COLOURS[2], 5))
    assert (root / "train" / "ant" / "000.png").is_file()


def test_a_move_that_fails_leaves_no_empty_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(run)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(moves, "rename_to_free", refuse)
        with pytest.raises(CatdogError, match="Permission denied"):
            apply(run, edits(run)[:1])
    assert tree(run) == before
    assert undo(run).moves == ()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root.parent / "set.removed/train/ant/001.png").unlink(), "001.png gone"),
        (lambda root: paint(root / "train/ant/000.png", COLOURS[0], 3), "000.png taken"),
    ],
)
def test_undo_says_what_is_gone_or_taken_and_moves_nothing(
    run: Run, spoil: Callable[[Path], object], message: str
) -> None:
    apply(run, edits(run))
    spoil(Path(run.manifest["data"]["root"]))
    before = tree(run)
    with pytest.raises(CatdogError, match=message):
        undo(run)
    assert tree(run) == before


def test_several_lists_are_undone_newest_first(run: Run) -> None:
    trees = [tree(run)]
    rows = edits(run)
    for row in (rows[0], rows[1]):
        apply(run, [row])
        trees.append(tree(run))
    undo(run)
    assert tree(run) == trees[1]
    assert apply(run, [rows[3]]).log == run.path / "review" / "applied-3.jsonl"
    undo(run)
    undo(run)
    assert tree(run) == trees[0]
    with pytest.raises(UsageError, match="found no log"):
        undo(run)


def test_undo_finds_the_pictures_of_a_run_that_was_moved(run: Run, tmp_path: Path) -> None:
    before = tree(run)
    apply(run, edits(run))
    moved = shutil.move(run.path, tmp_path / "elsewhere")
    undo(Run(Path(moved), run.config, run.manifest))
    assert tree(run) == before


def test_a_log_that_can_not_be_read_is_an_error(run: Run) -> None:
    log = apply(run, edits(run)).log
    assert log is not None
    log.write_text("no JSON\n")
    with pytest.raises(CatdogError, match="expected a log of moves"):
        undo(run)
