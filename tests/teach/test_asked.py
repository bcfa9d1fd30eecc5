"""What a request says is checked before anything is done with it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from tl_catdog.serve.bodies import Refusal
from tl_catdog.teach import asked


def query(text: str) -> Request:
    """Return a request with a query."""
    return Request({"type": "http", "headers": [], "query_string": text.encode()})


def test_texts_and_ids_are_taken_as_they_are() -> None:
    assert asked.text({"name": "Kätzchen 🐈"}, "name") == "Kätzchen 🐈"
    assert asked.text_or_none({"label": None}, "label") is None
    assert asked.ids({"ids": ["a", "b", "a"]}) == ["a", "b"]
    assert asked.seen({}) == {}
    assert asked.seen({"seen": {"a": "1"}}) == {"a": "1"}
    assert asked.tab_of(None) == ""
    assert asked.tab_of("c0ffee-1") == "c0ffee-1"


@pytest.mark.parametrize("value", [None, 5, [], {}, "\ud800", True, "x" * 1001])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        asked.text({"name": value}, "name")


@pytest.mark.parametrize(
    "value", [None, "a", [], [5], [""], ["a/b"], ["../x"], ["a" * 101], ["a"] * 50_001, {"a": "b"}]
)
def test_what_are_no_ids_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        asked.ids({"ids": value})


@pytest.mark.parametrize("value", ["a b", "../x", "x" * 65, 5, [], "ä", "a\n"])
def test_what_is_no_tab_is_refused(value: Any) -> None:
    with pytest.raises(Refusal):
        asked.tab_of(value)


@pytest.mark.parametrize(
    "text", ["n=-1", "n=11", "n=x", "n=", "n=1.0", "n=9" + "9" * 40, "n=%D9%A3"]
)
def test_what_is_no_number_within_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        asked.number(query(text), "n", 3, 10)


def test_numbers_have_a_default() -> None:
    assert asked.number(query(""), "n", 3, 10) == 3
    assert asked.number(query("n=10"), "n", 3, 10) == 10
