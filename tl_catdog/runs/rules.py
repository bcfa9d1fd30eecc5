"""What values read from a stranger's JSON may be: rules that say what they expected and found.

A rule is called with a value and returns; a value that it doesn't allow raises
``WrongValueError``, which knows where in the file it stood.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from tl_catdog.errors import shortened, shown
from tl_catdog.wording import printable

Rule = Callable[[Any], None]

DEEPEST = 32  # lists and objects within each other; ours are five deep
LONGEST_TEXT = 32_767  # characters: longer than any path a system takes


class WrongValueError(ValueError):
    """A value that a rule doesn't allow.

    Args:
        expected: What the rule allows.
        found: What is there, in words.
        key: Where in the file, such as ``data.classes[3]``; empty for the whole of it.
    """

    def __init__(self, expected: str, found: str, key: str = "") -> None:
        super().__init__(expected, found, key)
        self.expected, self.found, self.key = expected, found, key

    def within(self, step: str) -> WrongValueError:
        """Return the same, seen from one level further up."""
        joined = self.key if self.key.startswith("[") or not self.key else f".{self.key}"
        return WrongValueError(self.expected, self.found, f"{step}{joined}")


def from_json(content: bytes) -> Any:
    """Return what JSON says; a key that stands twice, or what is nested too deep, is an error.

    Raises:
        WrongValueError: It isn't JSON, or such JSON.
    """
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except WrongValueError:
        raise
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # a number of 5,000 digits as well
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        nothing = "" if content.strip() else ": the file is empty"
        raise WrongValueError("JSON", f"something else{where}{nothing}") from None
    _check_depth(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise WrongValueError("each key once", f"{shown(twice)} twice")
    return found


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        inner = (
            (item.values() if isinstance(item, dict) else item)
            for item in level
            if isinstance(item, dict | list)
        )
        level = [one for some in inner for one in some if isinstance(one, dict | list)]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> WrongValueError:
    return WrongValueError(f"at most {DEEPEST} lists and objects within each other", "more")


def whole(low: int, high: int) -> Rule:
    """Allow whole numbers of an inclusive range."""

    def rule(value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise WrongValueError(f"a whole number from {low:,} to {high:,}", shown(value))

    return rule


def real(low: float, high: float, *, finite: bool = True) -> Rule:
    """Allow numbers of an inclusive range; where they needn't be finite, NaN and infinity too."""

    def rule(value: Any) -> None:
        number = type(value) in (int, float)
        if number and not finite and isinstance(value, float) and not math.isfinite(value):
            return
        if not number or not low <= value <= high:  # NaN is in no range
            raise WrongValueError(f"a number from {low:g} to {high:g}", shown(value))

    return rule


def text(most: int = LONGEST_TEXT, *, least: int = 0) -> Rule:
    """Allow texts of a length that can be written and hold no null byte."""

    def rule(value: Any) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            wanted = "a text" if not least else "a text that isn't empty"
            long = isinstance(value, str) and len(value) > most
            raise WrongValueError(
                f"a text of at most {most:,} characters" if long else wanted, shown(value)
            )
        if "\0" in value or not _writable(value):
            raise WrongValueError("a text without null bytes and half characters", shown(value))

    return rule


def _writable(value: str) -> bool:
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def matching(pattern: str, words: str) -> Rule:
    """Allow texts that match the whole of a regular expression, which words describe."""
    compiled = re.compile(pattern, re.ASCII)

    def rule(value: Any) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise WrongValueError(words, shown(value))

    return rule


def one_of(*words: str, said: str | None = None) -> Rule:
    """Allow some words; ``said`` names them where they are many."""

    def rule(value: Any) -> None:
        if not isinstance(value, str) or value not in words:
            raise WrongValueError(f"one of {said or ', '.join(words)}", shown(value))

    return rule


def flag(value: Any) -> None:
    """Allow true and false."""
    if not isinstance(value, bool):
        raise WrongValueError("true or false", shown(value))


def maybe(rule: Rule) -> Rule:
    """Allow null besides."""
    return lambda value: None if value is None else rule(value)


def items(rule: Rule, *, least: int = 0, most: int, distinct: bool = False) -> Rule:
    """Allow lists of values that a rule allows."""

    def check(value: Any) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise WrongValueError(f"a list of {least:,} to {most:,}", shown(value))
        for place, item in enumerate(value):
            _check(rule, item, f"[{place}]")
        if distinct and len(set(value)) < len(value):
            twice, _ = Counter(value).most_common(1)[0]
            raise WrongValueError("each of them once", f"{shown(twice)} twice")

    return check


def mapping(rule: Rule, *, most: int = 10_000, keys: Rule | None = None) -> Rule:
    """Allow objects whose values a rule allows, and, if need be, whose keys another does."""
    keys = keys or text()

    def check(value: Any) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise WrongValueError(f"an object of at most {most:,} keys", shown(value))
        for key, item in value.items():
            _check(keys, key, "a key")
            _check(rule, item, _step(key))

    return check


def record(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Allow objects with some keys, each with its own rule; what others hold is nobody's matter."""

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise WrongValueError("an object", shown(value))
        for key, rule in required.items():
            if key not in value:
                raise WrongValueError("a value", "none", key)
            _check(rule, value[key], key)
        for key, rule in (optional or {}).items():
            if key in value:
                _check(rule, value[key], key)

    return check


def _check(rule: Rule, value: Any, step: str) -> None:
    try:
        rule(value)
    except WrongValueError as error:
        raise error.within(step) from None


def _step(key: str) -> str:
    return printable(shortened(key, 40))
