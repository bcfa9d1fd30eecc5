"""What is kept: runs and exports are begun, told and sent, by whatever keeps them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.teach.sites import Asked, opened
from tl_catdog.errors import UsageError
from tl_catdog.teach.job import Job
from tl_catdog.teach.keeping import Keeping


class StubKeeping:
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.made = Job("1", "train", "mine", "tl-catdog train")
        self.known: set[str] = set()

    def once(self, asked: str, work: Callable[[], str]) -> str:
        if asked in self.known:
            return "1"
        self.known |= {asked} - {""}
        return work()

    def runs(self) -> list[dict[str, Any]]:
        return [{"name": "mine"}]

    def unfinished(self) -> list[dict[str, Any]]:
        return [{"name": "half", "word": "half"}]

    def start_resume(self, word: str) -> str:
        self.asked.append(("resume", word))
        return "1"

    def training(self, name: str) -> tuple[str, ...]:
        return ("train", "--data", "my pets", "--run", name)

    def start_run(self, name: str | None, *, finetune: bool) -> str:
        if name == "bad/name":
            raise UsageError("expected a name, found none.", "Type another.")
        self.asked.append(("run", name, finetune))
        return "1"

    def start_export(self, run: str, kind: str) -> str:
        self.asked.append(("export", run, kind))
        return "1"

    def start_report(self, run: str) -> str:
        self.asked.append(("report", run))
        return "1"

    def start_compare(self, runs: list[str]) -> str:
        self.asked.append(("compare", *runs))
        return "1"

    def jobs(self) -> tuple[Job, ...]:
        return (self.made,)

    def cancel(self, id: str) -> Job:
        self.asked.append(("cancel", id))
        return self.made

    def stream_zip(self, id: str) -> Iterator[bytes]:
        return iter([b"PK", b"rest"])


@pytest.fixture
def kept() -> StubKeeping:
    return StubKeeping()


@pytest.fixture
def ask(tmp_path: Path, kept: StubKeeping) -> Iterator[Asked]:
    with opened(tmp_path / "pets") as found:
        found.site.keeping = cast("Keeping", kept)
        yield found


def test_runs_exports_and_reports_are_begun(ask: Asked, kept: StubKeeping) -> None:
    for path, sent in {
        "runs": {"name": "mine", "finetune": True},
        "exports": {"run": "mine", "format": "onnx"},
        "resume": {"word": "half"},
        "reports": {"run": "mine"},
        "compare": {"runs": ["mine", "other", "mine"]},
    }.items():
        answer = ask("POST", f"/teach/{path}", json=sent)
        assert (answer.status_code, answer.json()) == (202, {"job": "1"})
    ask("POST", "/teach/runs", json={})
    expected = [("run", "mine", True), ("export", "mine", "onnx"), ("resume", "half")]
    expected += [("report", "mine"), ("compare", "mine", "other")]
    assert kept.asked == [*expected, ("run", None, False)]


def test_what_a_page_sends_again_is_begun_once(ask: Asked, kept: StubKeeping) -> None:
    for tab, number in (("a", 1), ("a", 1), ("a", 2), ("b", 2), ("b", None), ("b", None)):
        sent = {"tab": tab, **({} if number is None else {"request": number})}
        for path, more in (("runs", {}), ("reports", {"run": "mine"})):
            ask("POST", f"/teach/{path}", json={**sent, **more})
    assert len(kept.asked) == 5 + 2  # by the same number something else isn't asked for
    for wrong in ({"tab": 5}, {"request": 0}, {"request": "1"}):
        assert ask("POST", "/teach/runs", json=wrong).status_code == 400


def test_the_command_is_one_to_type(ask: Asked) -> None:
    found = ask("GET", "/teach/runs").json()
    assert found["command"] == "tl-catdog train --data 'my pets' --run NAME"
    assert found["runs"] == [{"name": "mine"}]
    assert found["unfinished"] == [{"name": "half", "word": "half"}]


def test_jobs_are_told_cancelled_and_sent(ask: Asked, kept: StubKeeping) -> None:
    assert ask("GET", "/teach/jobs").json()["jobs"][0]["id"] == "1"
    assert ask("GET", "/teach/jobs/1").json()["command"] == "tl-catdog train"
    assert ask("POST", "/teach/jobs/1/cancel", json={}).status_code == 200
    assert kept.asked == [("cancel", "1")]
    answer = ask("GET", "/teach/exports/1")
    assert answer.content == b"PKrest"
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("id", ["2", "..%2f1", "x" * 999])
def test_jobs_that_aren_t_there(ask: Asked, id: str) -> None:
    for method, path in (("GET", "jobs/{}"), ("POST", "jobs/{}/cancel"), ("GET", "exports/{}")):
        assert ask(method, f"/teach/{path.format(id)}").status_code == 404


def test_a_refusal_is_a_line_and_so_is_nonsense(ask: Asked) -> None:
    answer = ask("POST", "/teach/runs", json={"name": "bad/name"})
    assert (answer.status_code, answer.json()["hint"]) == (400, "Type another.")
    assert ask("POST", "/teach/exports", json={"run": 5}).status_code == 400
    for runs in (None, "mine", [5], [["mine"]], [str(number) for number in range(13)]):
        assert ask("POST", "/teach/compare", json={"runs": runs}).status_code == 400


def test_a_report_is_saved_as_a_page_never_shown_as_this_one(
    ask: Asked, kept: StubKeeping, tmp_path: Path
) -> None:
    report = tmp_path / "mine \u00e9.html"
    report.write_text("<p>report</p>")
    kept.made = Job("1", "report", "mine", "tl-catdog report", "done", out=report)
    answer = ask("GET", "/teach/exports/1")
    assert answer.text == "<p>report</p>"
    assert (
        answer.headers["content-disposition"] == "attachment; filename*=UTF-8''mine%20%C3%A9.html"
    )
    assert "unsafe" not in answer.headers["content-security-policy"]
    report.unlink()
    assert ask("GET", "/teach/exports/1").status_code == 404


def test_without_what_keeps_them_that_is_said(ask: Asked) -> None:
    ask.site.keeping = None
    assert ask("GET", "/teach/jobs").status_code == 404
