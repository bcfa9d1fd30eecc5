"""Texts of strangers in Markdown: they look as they are, and mark nothing up."""

from __future__ import annotations

import re

from tl_catdog.wording import printable

_MARKS = re.compile(r"[\\`*\[\]<>|#~&$!{}]|(?<![^\W_])_|_(?![^\W_])|(?<=^)[-+=]")


def escaped(text: object) -> str:
    r"""Return a text, such as a class's name, for the midst of a line of Markdown.

    >>> print(escaped("a|b [x](y) <b>"), escaped("golden_retriever"), escaped("one\n# two"))
    a\|b \[x\](y) \<b\> golden_retriever one\\n\# two
    """
    return _MARKS.sub(r"\\\g<0>", printable(text))


def code(text: object) -> str:
    """Return a text in a span of code, in as many backticks as it takes.

    >>> print(code("tl-catdog compare"), code("a`b"))
    `tl-catdog compare` `` a`b ``
    """
    shown = printable(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence, space = "`" * (longest + 1), " " if "`" in shown else ""
    return f"{fence}{space}{shown}{space}{fence}"
