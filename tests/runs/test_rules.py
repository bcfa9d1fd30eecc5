"""Rules for a stranger's JSON: each says what it expected, what it found, and where."""

from typing import Any

import pytest

from tl_catdog.runs.rules import (
    Rule,
    WrongValueError,
    flag,
    from_json,
    items,
    mapping,
    matching,
    maybe,
    one_of,
    real,
    record,
    text,
    whole,
)


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (whole(1, 3), [1, 3], [0, 4, True, 1.0, "1", None, 10**400]),
        (real(0, 1), [0, 1, 0.5], [-0.1, float("nan"), float("inf"), True, "0", 10**400]),
        (real(0, 1, finite=False), [float("nan"), float("inf"), 0.5], [2, -1]),
        (text(3, least=1), ["a", "ünï", "\udc80"], ["", "abcd", 1, None, "a\0", "\ud800"]),
        (matching("[0-9]+", "digits"), ["12"], ["", "12\n", "a", 12, "٣"]),
        (one_of("a", "b"), ["a"], ["c", None, ["a"]]),
        (flag, [True, False], [0, 1, None, "true"]),
        (maybe(flag), [None, True], [0]),
        (items(flag, least=1, most=2), [[True]], [[], [True] * 3, True, {"a": True}, [1]]),
        (items(text(), most=9, distinct=True), [["a", "b"]], [["a", "a"]]),
        (mapping(flag, most=1), [{}, {"a": True}], [{"a": 1}, {"a": True, "b": True}, []]),
        (record({"a": flag}, {"b": flag}), [{"a": True, "c": 0}], [{}, {"a": True, "b": 0}, []]),
    ],
)
def test_what_is_allowed_passes_and_all_else_is_refused(
    rule: Rule, good: list[Any], bad: list[Any]
) -> None:
    for value in good:
        rule(value)
    for value in bad:
        with pytest.raises(WrongValueError) as caught:
            rule(value)
        assert caught.value.expected
        assert len(caught.value.found) < 100


def test_an_error_knows_its_place() -> None:
    rule = record({"data": record({"classes": items(text(), most=9)})})
    with pytest.raises(WrongValueError) as caught:
        rule({"data": {"classes": ["a", 3]}})
    assert (caught.value.key, caught.value.found) == ("data.classes[1]", "3")
    with pytest.raises(WrongValueError) as caught:
        rule({"data": {}})
    assert (caught.value.key, caught.value.found) == ("data.classes", "none")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty"),
        (b"{", "something else, line 1"),
        (b"\xff", "something else"),
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b"[" * 10**5, "more"),
        (b"[" * 100 + b"]" * 100, "more"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "more"),
        (b"9" * 5000, "something else"),
    ],
)
def test_what_is_no_json_or_too_deep_or_says_a_thing_twice_is_refused(
    content: bytes, found: str
) -> None:
    with pytest.raises(WrongValueError) as caught:
        from_json(content)
    assert found in caught.value.found


def test_json_says_what_it_says() -> None:
    assert from_json(b'{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
