"""Trainings that ended before their time: found, told from running ones, tidied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.bare_runs import CONFIG, manifest
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.runs.folder import METRICS
from tl_catdog.runs.unfinished import (
    BEGUN,
    CHECKPOINT,
    Begun,
    asked,
    find_unfinished,
    finished_already,
    list_unfinished,
    read_begun,
    resume_command,
    tidy,
    write_begun,
)
from tl_catdog.runs.writer import RunWriter

BEGINNING = Begun({"arch": "baseline"}, "/pictures", False, "/", {}, {"keras": "3"})


def killed(
    runs_dir: Path, name: str, *, begun: bool = True, checkpoint: bool = True, epochs: int = 1
) -> Path:
    """Leave what a killed training leaves."""
    writer = RunWriter(runs_dir, name)
    if begun:
        write_begun(writer.path, replace(BEGINNING, settings={"epochs": epochs, "run": name}))
    if checkpoint:
        (writer.path / CHECKPOINT).write_bytes(b"there")
    writer._lock.release()
    return writer.path


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunWriter]:
    with RunWriter(tmp_path, "now") as writer:
        writer.begin(BEGINNING)
        yield writer


def test_what_a_training_was_asked_for_comes_back(tmp_path: Path) -> None:
    write_begun(tmp_path, BEGINNING)
    assert read_begun(tmp_path) == BEGINNING


def test_the_only_one_needs_no_name(tmp_path: Path) -> None:
    path = killed(tmp_path, "run")
    for name in (None, "run", path.name, str(path)):
        found = find_unfinished(name, tmp_path)
        assert (found.path, found.name, found.running, found.checkpoint) == (
            path, "run", False, True,
        )  # fmt: skip
    assert found.bytes > 0


def test_of_several_one_has_to_be_named(tmp_path: Path) -> None:
    killed(tmp_path, "one")
    killed(tmp_path, "two")
    with pytest.raises(UsageError, match="found one, two") as caught:
        find_unfinished(None, tmp_path)
    assert caught.value.hint == f"Type: {resume_command(tmp_path, 'two')}"
    assert find_unfinished("one", tmp_path).name == "one"


def test_of_two_equal_ones_the_one_that_is_further_goes_on(tmp_path: Path) -> None:
    further, _ = killed(tmp_path, "run"), killed(tmp_path, "run", checkpoint=False)
    (further / METRICS).write_text("{}")
    assert find_unfinished(None, tmp_path).path == further


def test_of_two_with_other_settings_one_has_to_be_named(tmp_path: Path) -> None:
    one, other = (killed(tmp_path, "run", epochs=number) for number in (1, 2))
    with pytest.raises(UsageError) as caught:
        find_unfinished("run", tmp_path)
    assert one.name in caught.value.message
    assert find_unfinished(other.name, tmp_path).path == other


def test_one_that_is_being_trained_does_not_go_on(tmp_path: Path, running: RunWriter) -> None:
    (item,) = list_unfinished(tmp_path)
    assert item.running
    with pytest.raises(UsageError, match="now is still being trained"):
        find_unfinished("now", tmp_path)
    with pytest.raises(UsageError, match="still being trained"):
        RunWriter(tmp_path, "now", earlier=running.path)
    tidy(tmp_path, "now", asked(running.path))
    assert running.path.is_dir()


def test_none_is_said_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found none; there is nothing"):
        find_unfinished(None, tmp_path / "nowhere")
    killed(tmp_path, "run")
    with pytest.raises(UsageError, match=r"'other'.*found none; there is run"):
        find_unfinished("other", tmp_path)


def test_nothing_piles_up_and_nothing_is_lost(tmp_path: Path) -> None:
    other = killed(tmp_path, "other")
    killed(tmp_path, "mine", begun=False, checkpoint=False)
    longer = killed(tmp_path, "mine", epochs=300)
    further = killed(tmp_path, "mine")
    (further / METRICS).write_text("{}")
    killed(tmp_path, "mine")
    tidy(tmp_path, "mine")
    assert {item.path for item in list_unfinished(tmp_path)} == {other, longer, further}
    assert len(list(tmp_path.iterdir())) == 3
    tidy(tmp_path, "mine", asked(further))
    assert set(tmp_path.iterdir()) == {other, longer}


def test_a_finished_training_leaves_no_equal_one(tmp_path: Path) -> None:
    begun = replace(BEGINNING, settings={"epochs": 1})
    killed(tmp_path, "run")
    longer = killed(tmp_path, "run", epochs=300)
    with RunWriter(tmp_path, "run") as writer:
        writer.begin(begun)
        writer.write_config(CONFIG)
        writer.publish(manifest())
    assert {path.name for path in tmp_path.iterdir()} == {"run", longer.name}


def test_without_a_checkpoint_it_can_begin_again(tmp_path: Path) -> None:
    killed(tmp_path, "run", checkpoint=False)
    assert not find_unfinished("run", tmp_path).checkpoint


@pytest.mark.parametrize(
    "change",
    [
        {"root": 3},
        {"settings": []},
        {"drawn": "no"},
        {"folder": "a\0b"},
        {"files": {"data": None}},
        {"format": 2},
        {"versions": []},
        {"more": 1},
    ],
)
def test_nonsense_is_refused_in_one_line(tmp_path: Path, change: dict[str, Any]) -> None:
    path = killed(tmp_path, "run")
    values = json.loads((path / BEGUN).read_text()) | change
    (path / BEGUN).write_text(json.dumps(values))
    with pytest.raises(CatdogError, match=BEGUN) as caught:
        read_begun(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "[]", "nul", "[" * 100_000, "{" + " " * 2**21 + "}"])
def test_what_is_no_description_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / BEGUN).write_text(content)
    with pytest.raises(CatdogError, match=BEGUN):
        read_begun(tmp_path)
    (tmp_path / BEGUN).unlink()
    write_begun(tmp_path, BEGINNING)
    assert read_begun(tmp_path) == BEGINNING


def test_the_command_is_one_that_can_be_typed() -> None:
    assert resume_command(Path("models"), "run") == "tl-catdog train --resume run"
    assert resume_command(Path("my runs"), "run").endswith("--resume run --runs-dir 'my runs'")


def test_one_that_was_killed_while_it_tidied_is_finished(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "run") as writer:
        writer.begin(BEGINNING)
        writer.write_config(CONFIG)
        run = writer.publish(manifest())
    write_begun(run.path, BEGINNING)  # the run has its name already
    killed(tmp_path, "run", begun=False, checkpoint=False)  # what it replaced, half removed
    found = finished_already("run", tmp_path)
    assert found is not None
    assert found.name == "run"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert not (run.path / BEGUN).exists()
    assert finished_already("run", tmp_path) is None
