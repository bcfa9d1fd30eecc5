"""Jobs are found again by the next server: what goes on, what ended, what was stopped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.teach import child, working
from tl_catdog.teach.job import DONE, FAILED, RUNNING, STOPPED
from tl_catdog.teach.records import Record
from tl_catdog.teach.working import Working

CODE = """
import sys, time
from pathlib import Path
from tl_catdog.teach import child

def work(*names, **more):
    print("at it", flush=True)
    time.sleep(float(sys.argv[1]))  # "tl-catdog", seconds, code
    sys.exit(int(sys.argv[2]))

child.runpy.run_module = work
child.main(Path(sys.argv[1]), sys.argv[2:])
"""


class Jobs(Working):
    """Its commands take some seconds and end with some code."""

    def _out(self, record: Record) -> Path | None:
        return None

    def _was_stopped(self, run: str) -> bool:
        return False


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        child, "command", lambda log, words: (sys.executable, "-c", CODE, str(log), *words)
    )


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_server_finds_what_one_before_began_and_can_end_it(tmp_path: Path) -> None:
    first = Jobs(tmp_path / "jobs")
    id = first.start("compare", "mine", ("60", "0"))
    until(lambda: first.job(id).lines == ("at it",))
    second = Jobs(tmp_path / "jobs")  # as if the first had been killed
    job = second.job(id)
    assert (job.state, job.lines, job.run) == (RUNNING, ("at it",), "mine")
    with pytest.raises(UsageError, match="one thing at a time"):
        second.start("compare", "other", ("0", "0"))
    second.cancel(id)
    until(lambda: second.job(id).state != RUNNING)
    assert second.job(id).state == STOPPED
    assert Jobs(tmp_path / "jobs").job(id).state == STOPPED


@pytest.mark.parametrize(("code", "state"), [("0", DONE), ("1", FAILED)])
def test_how_a_job_ended_is_known_to_the_next_server(tmp_path: Path, code: str, state: str) -> None:
    first = Jobs(tmp_path / "jobs")
    id = first.start("compare", "mine", ("0", code))
    until(lambda: first.job(id).state != RUNNING)
    assert first.job(id).state == state
    after = Jobs(tmp_path / "jobs")
    assert after.jobs() == first.jobs()
    assert after.start("compare", "mine", ("0", "0")) == str(int(id) + 1)


def test_what_is_asked_for_again_is_begun_once_and_found_by_the_next_server(tmp_path: Path) -> None:
    first = Jobs(tmp_path / "jobs")

    def begin(jobs: Jobs, seconds: str = "60") -> Callable[[], str]:
        return lambda: jobs.start("compare", "mine", (seconds, "0"))

    def fail() -> str:
        raise UsageError("expected runs, found none.", "Keep one first")

    with pytest.raises(UsageError, match="expected runs"):
        first.once("tab 6", fail)
    id = first.once("tab 7", begin(first))
    assert first.once("tab 7", fail) == id
    second = Jobs(tmp_path / "jobs")  # as if the first had been killed
    assert second.once("tab 7", fail) == id
    second.cancel(id)
    until(lambda: second.job(id).state != RUNNING)
    assert second.once("tab 7", fail) == id
    other = second.once("tab 8", begin(second, "0"))
    until(lambda: second.job(other).state != RUNNING)
    unknown = {second.once("", begin(second, "0"))}
    until(lambda: all(job.state != RUNNING for job in second.jobs()))
    unknown.add(second.once("", begin(second, "0")))
    assert len(unknown | {id, other}) == 4


def test_a_folder_that_vanished_is_not_made_anew(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "gone" / "jobs")
    with pytest.raises(CatdogError, match="No such file"):
        jobs.start("compare", "mine", ("0", "0"))
    assert not (tmp_path / "gone").exists()
    assert jobs.jobs() == ()


def test_old_jobs_are_forgotten_with_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "KEPT", 1)
    jobs = Jobs(tmp_path / "jobs")
    id = jobs.start("compare", "mine", ("0", "0"))
    until(lambda: jobs.job(id).state != RUNNING)
    jobs.start("compare", "mine", ("60", "0"))
    assert [job.id for job in jobs.jobs()] == ["2"]
    told: list[str] = []
    assert [job.run for job in jobs.close(told.append)] == ["mine"]
    assert told == ["Stopping compare mine …"]
    assert {path.stem for path in (tmp_path / "jobs").iterdir()} == {"2"}
