"""Errors: one line for people, an exit code for programs."""

from __future__ import annotations

import pytest

from tl_catdog.errors import CatdogError, ImageError, UsageError, listing, shortened, shown


def test_an_error_reads_as_its_message_and_the_next_command() -> None:
    error = CatdogError("expected a folder, found none.", "Type: ls")
    assert str(error) == "expected a folder, found none. Type: ls"
    assert (error.message, error.hint) == ("expected a folder, found none.", "Type: ls")
    assert str(CatdogError("it failed.")) == "it failed."


def test_wrong_use_has_another_exit_code_than_failed_work() -> None:
    codes = [kind("").exit_code for kind in (CatdogError, UsageError, ImageError)]
    assert codes == [1, 2, 1]
    assert issubclass(UsageError, CatdogError)
    assert issubclass(ImageError, CatdogError)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "nothing"),
        (1, "0"),
        (6, "0, 1, 2, 3, 4, 5"),
        (7, "0, 1, 2, 3, 4, 5 and 1 more"),
        (9, "0, 1, 2, 3, 4, 5 and 3 more"),
    ],
)
def test_a_long_list_ends_in_how_many_more_there_are(count: int, text: str) -> None:
    assert listing(range(count)) == text


def test_a_list_may_be_longer_if_it_is_told_so() -> None:
    assert listing(iter("abc"), 2) == "a, b and 1 more"


@pytest.mark.parametrize(
    "value",
    ["a" * 3000, ["b"] * 5000, {"c" * 900: "d" * 900}, 10**4000, 10**5000, b"e" * 2000],
    ids=["text", "list", "table", "long number", "longer number", "bytes"],
)
def test_what_a_stranger_wrote_is_shown_in_part(value: object) -> None:
    assert 0 < len(shown(value)) <= 60


def test_what_contains_itself_is_shown() -> None:
    around: list[object] = []
    around.append(around)
    assert shown(around)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(shown(deep)) <= 60


def test_a_short_value_is_shown_whole() -> None:
    assert [shown(value) for value in ("a", 0.5, True, None)] == ["'a'", "0.5", "True", "None"]
    assert shortened("a" * 60) == "a" * 60
    assert len(shortened("a" * 61)) == 60
