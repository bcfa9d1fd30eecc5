"""Classes as ``labels.txt`` has them, one in each line, whatever is in their names."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What any reader may take for the end of a line, or of the file."""


def in_a_line(label: str) -> str:
    r"""Return a class's name as ``labels.txt`` has it: a backslash and breaks of lines escaped.

    >>> print(in_a_line("cat"), in_a_line("two\nlines"), in_a_line("back\\slash"))
    cat two\nlines back\\slash
    """
    plain = label.replace("\\", "\\\\")
    return _BREAKS.sub(lambda found: repr(found[0])[1:-1], plain)
