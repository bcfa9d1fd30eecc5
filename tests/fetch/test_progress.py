"""What is called on the way: nothing by default."""

from __future__ import annotations

import pytest

from tl_catdog.fetch.progress import Listener


def test_by_default_all_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    listener = Listener()
    listener.progress("downloading", 1, 2)
    listener.say("Trying again.")
    assert capfd.readouterr() == ("", "")


def test_either_may_be_given_alone() -> None:
    steps: list[tuple[str, int, int]] = []
    said: list[str] = []
    told = Listener(lambda step, done, total: steps.append((step, done, total)))
    told.progress("checking", 1, 2)
    told.say("Nobody is told.")
    Listener(say=said.append).say("Trying again.")
    Listener(say=said.append).progress("unpacking", 2, 2)
    assert (steps, said) == ([("checking", 1, 2)], ["Trying again."])
