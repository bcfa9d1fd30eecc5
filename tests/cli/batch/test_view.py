"""A sentence says how far a batch is; logs get one now and then."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from tl_catdog.cli.batch import view
from tl_catdog.cli.batch.view import Shown, sentence
from tl_catdog.cluster.progress import Progress


def test_a_sentence_says_what_is_done_how_fast_and_what_failed() -> None:
    progress = Progress(
        "working", 98, 100_000, 12, 12_288, 12_288, 100.0,
        Counter({"broken": 3}), Counter({"its process was killed": 1}),
    )  # fmt: skip
    assert sentence(progress) == (
        "12 of 98 parts; 12,288 of 100,000 pictures; 122.9 a second; 11:54 min left; "
        "with an error: 3 × broken; failed tries: 1 × its process was killed"
    )


def test_before_that_it_says_what_is_listed_and_found() -> None:
    assert sentence(Progress(rows=1200)) == "listing: 1,200 pictures"
    assert "3 of 9 are done" in sentence(Progress("looking", 9, 90, 3))


def test_a_log_gets_a_line_now_and_then_though_no_part_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, enough = list[str](), threading.Event()

    def note(text: str, **_: object) -> None:
        said.append(text)
        if len(said) >= 2:
            enough.set()

    monkeypatch.setattr(view, "note", note)
    monkeypatch.setattr(view, "EVERY", 0.01)
    with Shown() as shown:
        shown.show(Progress("working", 9, 90, 4))
        assert enough.wait(30)
    assert all("4 of 9 parts" in line for line in said)
    assert shown.latest is not None
    assert not [thread for thread in threading.enumerate() if thread.name == "progress"]


def test_short_work_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with Shown() as shown:
        shown.show(Progress("working", 9, 90, 3))
    assert capsys.readouterr().err == ""
