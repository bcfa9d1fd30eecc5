"""Errors: one line for people, an exit code for programs."""

from __future__ import annotations

import pytest

from tl_catdog.errors import CatdogError, ImageError, UsageError, listing


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
