"""What later commands keep in a run: the manifest knows it, whenever the program is killed."""

import json
import threading
from pathlib import Path

import pytest

from tests.support.bare_runs import publish_run
from tl_catdog.runs import keeping
from tl_catdog.runs.folder import Run, read_run
from tl_catdog.runs.keeping import keep

NAME = "predictions/test.csv"


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    run = publish_run(tmp_path, files={NAME: b"old"})
    assert keep(run, NAME, "new").read(NAME) == b"new"
    assert keep(run, "robustness.json", "{}").read("robustness.json") == b"{}"
    assert read_run(run.path).read(NAME) == b"new"
    assert len(read_run(run.path).manifest["files"]) == 3


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("earlier", [{NAME: b"old"}, {}])
@pytest.mark.parametrize("step", range(4))
def test_a_kill_at_any_step_leaves_a_run_whose_files_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: dict[str, bytes], step: int
) -> None:
    run = publish_run(tmp_path, files=earlier)
    steps = 0

    def dying(function: object) -> object:
        def call(*args: object) -> object:
            nonlocal steps
            steps += 1
            if steps > step:
                raise KilledError
            return function(*args)  # type: ignore[operator]

        return call

    for name in ("write_text", "write_json"):
        monkeypatch.setattr(keeping, name, dying(getattr(keeping, name)))
    try:
        keep(run, NAME, "new")
    except KilledError:
        assert step < 3
    monkeypatch.undo()
    left = read_run(run.path)
    if (run.path / NAME).exists():
        assert left.read(NAME) in (b"old", b"new")
    assert keep(left, NAME, "newer").read(NAME) == b"newer"
    assert isinstance(read_run(run.path).manifest["files"][NAME], str)


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    run = publish_run(tmp_path, files={NAME: b"old"})
    names = [f"predictions/{split}.csv" for split in ("train", "validation", "test")]
    threads = [
        threading.Thread(target=keep, args=(run, name, f"{name} {n}"))
        for n in range(3)
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = read_run(run.path)
    assert all(found.read(name).startswith(name.encode()) for name in names)


def test_a_run_from_before_hashes_stays_one(tmp_path: Path) -> None:
    run = forgetful(publish_run(tmp_path))
    keep(run, NAME, "new")
    assert read_run(run.path).read(NAME) == b"new"
    assert "files" not in read_run(run.path).manifest


def forgetful(run: Run) -> Run:
    told = {key: value for key, value in run.manifest.items() if key != "files"}
    (run.path / "manifest.json").write_text(json.dumps(told))
    return read_run(run.path)


def test_whoever_read_the_run_before_reads_what_was_kept_since(tmp_path: Path) -> None:
    before = publish_run(tmp_path, files={NAME: b"old"})
    keep(read_run(before.path), NAME, "new")
    assert before.read(NAME) == b"new"
