"""Texts of strangers in Markdown: what a reader sees is the text itself."""

import re

import pytest

from tl_catdog.export.markdown import code, escaped

ODD = (
    "a|b",
    "`x`",
    "[x](http://y)",
    "<img src=x>",
    "# title",
    "*bold*",
    "_so_",
    "two\nlines",
    "- x",
)


@pytest.mark.parametrize("text", ODD)
def test_nothing_marks_up(text: str) -> None:
    found = escaped(text)
    assert "\n" not in found
    assert not re.search(r"(?<!\\)[|`\[\]<>#*]", found)
    assert found[0] not in "-#_"


def test_plain_names_stay_as_they_are() -> None:
    for name in ("golden_retriever", "café", "cat 12", "well-known"):
        assert escaped(name) == name


@pytest.mark.parametrize("text", ["plain", "a`b", "``", "`x`"])
def test_a_span_of_code_ends_where_it_ends(text: str) -> None:
    found = code(text)
    fence = re.match("`+", found)
    assert fence is not None
    longest = max(map(len, re.findall("`+", text)), default=0)
    assert len(fence[0]) == longest + 1 or text.startswith("`")
    assert found.endswith("`" * (longest + 1))
