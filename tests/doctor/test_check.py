"""One line of the check-up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tl_catdog.doctor.check import LONGEST, Check, guarded, reason
from tl_catdog.errors import CatdogError


def test_a_failure_becomes_a_check_and_those_before_it_stay() -> None:
    def work() -> Iterator[Check]:
        yield Check("first", "ok", "fine")
        yield Check("another", "warning", "less fine")
        raise ZeroDivisionError("oh\nno")

    first, another, second = guarded("second", work, "Type: this")
    assert [first.name, another.name] == ["first", "another"]
    assert second == Check("second", "failed", "ZeroDivisionError: oh no", "Type: this")


def test_a_known_error_brings_its_own_hint() -> None:
    def work() -> list[Check]:
        raise CatdogError("expected a, found b.", "Type: that")

    assert guarded("x", work, "Type: this") == [
        Check("x", "failed", "expected a, found b.", "Type: that")
    ]


def test_a_page_of_another_library_is_cut() -> None:
    def work() -> list[Check]:
        raise ValueError("long " * 1000)

    (found,) = guarded("x", work, "")
    assert len(found.detail) < LONGEST + 20


def test_ctrl_c_is_no_failed_check() -> None:
    def work() -> list[Check]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded("x", work, "")


def test_an_error_without_a_message_is_its_kind() -> None:
    assert reason(ValueError()) == "ValueError"
    assert reason(ValueError("a\n  b")) == "ValueError: a b"
