r"""Patterns that take a part out of pictures' names: a class, a patient, a video.

Two ways to write one:

- A template such as ``{label}_{number}``: words in braces stand for text without slashes,
  ``{number}`` for digits, all else for itself. It has to fit a whole name; the ending may be left
  out, and folders are only looked at where the template has a slash.
- A regular expression such as ``^(?P<label>.+)_\d+\.jpg$``, which is searched for in the path below
  the folder of the pictures, with slashes. What counts is the group of that name, else the first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tl_catdog.errors import UsageError

FIELD = re.compile(r"\{([A-Za-z_]\w*)\}")
NUMBER = "number"

LIKELY = ("{label}_{number}", "{label}.{number}", "{label}-{number}", "{label} ({number})",
          "{label} {number}", "{label}{number}")  # fmt: skip
"""What names often are; ``likely_template`` tries them in this order."""

FITTING = 0.95
"""Part of the names that a likely template has to fit."""


@dataclass(frozen=True)
class NamePattern:
    """A pattern.

    Attributes:
        text: How it was written.
        wanted: What it takes out of a name, such as ``label``.
        regex: What is searched for.
        whole: Whether it is a template.
    """

    text: str
    wanted: str
    regex: re.Pattern[str]
    whole: bool

    def find(self, name: str) -> str:
        """Return what a name has there, or nothing where the pattern doesn't fit.

        Args:
            name: The picture's path below the set's folder, with slashes.
        """
        match = self._match(name)
        if match is None:
            return ""
        if self.wanted in self.regex.groupindex:
            return (match[self.wanted] or "").strip()
        # Of alternatives such as ``a(\d+)|b(\d+)`` it is the first that took part.
        return next((part for part in match.groups() if part is not None), match[0]).strip()

    def _match(self, name: str) -> re.Match[str] | None:
        if not self.whole:
            return self.regex.search(name)
        path = PurePosixPath(name)
        parts = path.parts[-1 - self.text.count("/") :]
        *above, last = parts
        for end in (path.stem, last):
            if match := self.regex.fullmatch("/".join((*above, end))):
                return match
        return None


def name_pattern(text: str, wanted: str, flag: str) -> NamePattern:
    """Read a pattern.

    Args:
        text: A template or a regular expression.
        wanted: The name of what it takes out.
        flag: The option it came from, for errors.

    Raises:
        UsageError: It is neither, or takes nothing out.

    >>> name_pattern("{label}_{number}", "label", "--label-pattern").find("cats/Maine_Coon_12.jpg")
    'Maine_Coon'
    >>> name_pattern(r"person(\\d+)", "group", "--group-by").find("xray/person12_bacteria_7.jpeg")
    '12'
    """
    fields = FIELD.findall(text)
    if wanted in fields:
        return NamePattern(text, wanted, _from_template(text, flag), whole=True)
    example = f"{flag} '{{{wanted}}}_{{number}}'"
    try:
        regex = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(
            f"expected a template or a regular expression as {flag}, found {text!r} ({error}).",
            f"Type: {example}",
        ) from error
    if not regex.groups or fields:
        raise UsageError(
            f"expected {{{wanted}}} in a template, or a regular expression with a group in "
            f"parentheses, as {flag}, found {text!r}.",
            f"Type: {example}",
        )
    return NamePattern(text, wanted, regex, whole=False)


def _from_template(text: str, flag: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for index, part in enumerate(FIELD.split(text)):
        if index % 2 == 0:
            parts.append(re.escape(part))
        elif part == NUMBER:
            parts.append(r"\d+")
        elif part in seen:
            parts.append(f"(?P={part})")
        else:
            seen.add(part)
            # ``{label}{number}``: the label ends where the digits begin.
            kind = r"[^/]*[^/\d]" if f"{{{part}}}{{{NUMBER}}}" in text else "[^/]+"
            parts.append(f"(?P<{part}>{kind})")
    return re.compile("".join(parts))


def likely_template(names: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return a template that names seem to follow, and the classes it finds; or None.

    It fits nearly all of them, and finds two classes or more, each with two pictures or more.

    >>> likely_template(["pug_1.jpg", "pug_2.jpg", "Maine_Coon_1.jpg", "Maine_Coon_7.jpg"])
    ('{label}_{number}', ('Maine_Coon', 'pug'))
    """
    for text in LIKELY:
        pattern = name_pattern(text, "label", "--label-pattern")
        found = Counter(label for name in names if (label := pattern.find(name)))
        if (
            len(found) > 1
            and sum(found.values()) >= FITTING * len(names)
            and min(found.values()) > 1
        ):
            return text, tuple(sorted(found))
    return None
