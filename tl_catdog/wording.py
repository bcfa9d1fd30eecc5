"""How numbers and names read for people: one rule each, so that they read the same everywhere.

What programs read (``--json``, CSV, manifests) holds the numbers themselves, never these texts.
"""

from __future__ import annotations

from collections.abc import Mapping

PERCENT, POINTS = " %", " points"


def percent(part: float, sign: str = PERCENT) -> str:
    """Return a proportion or probability as a percentage with one decimal.

    Only what is exactly 0 or 1 reads as none or all: where one decimal would say that of anything
    else there are two, and never less than 0.01 or more than 99.99.

    Args:
        part: 0..1.
        sign: What follows the number; nothing in a column that is headed "%".

    >>> percent(0.984), percent(0.9997), percent(0.9999999), percent(1)
    ('98.4 %', '99.97 %', '99.99 %', '100.0 %')
    >>> percent(0.0004, sign="")
    '0.04'
    """
    text = f"{100 * part:.1f}"
    if 0 < part < 1 and text in ("0.0", "100.0"):
        text = f"{min(max(100 * part, 0.01), 99.99):.2f}"
    return text + sign


def probability(part: float) -> str:
    """Return what a network gives an answer, as a percentage: never none, never all.

    A network is never certain, even where its numbers round to 0 or 1. The page says it alike
    (``serve/static/wording.js``).

    Args:
        part: 0..1.

    >>> probability(0.984), probability(0.9997), probability(0.99999), probability(1)
    ('98.4 %', '99.97 %', '> 99.99 %', '> 99.99 %')
    >>> probability(0.0)
    '< 0.01 %'
    """
    if part > 0.9999:
        return f"> 99.99{PERCENT}"
    if part < 0.0001:
        return f"< 0.01{PERCENT}"
    return percent(part)


def whole_percent(part: float) -> str:
    """Return a place or a progress as a whole percentage: what needs no decimal.

    Again only what is exactly 0 or 1 reads as none or all.

    Args:
        part: 0..1.

    >>> whole_percent(0.25), whole_percent(0.999), whole_percent(1)
    ('25 %', '99 %', '100 %')
    """
    text = f"{100 * part:.0f}"
    if 0 < part < 1 and text in ("0", "100"):
        text = "1" if part < 0.5 else "99"
    return text + PERCENT


def percent_range(low: float, high: float) -> str:
    """Return an interval of proportions, 0..1, in per cent but without the sign.

    >>> percent_range(0.971, 0.9997)
    '97.1–99.97'
    """
    return f"{percent(low, '')}–{percent(high, '')}"


def estimate(part: float, low: float, high: float, sign: str = PERCENT) -> str:
    """Return a proportion, 0..1, with its interval.

    >>> estimate(0.9886, 0.9711, 0.9956)
    '98.9 % (97.1–99.6)'
    >>> estimate(1.0, 0.824, 1.0, sign="")
    '100.0 (82.4–100.0)'
    """
    return f"{percent(part, sign)} ({percent_range(low, high)})"


def points(difference: float, unit: str = POINTS) -> str:
    """Return a difference of proportions in percentage points, with one decimal.

    There are two decimals where one would say that there is no difference.

    Args:
        difference: −1..1.
        unit: What follows the number; nothing in a column that is headed "points".

    >>> points(0.1527), points(-0.031), points(0.0004), points(0)
    ('15.3 points', '−3.1 points', '0.04 points', '0.0 points')
    """
    value = 100 * difference
    text = f"{value:.1f}"
    if float(text) == 0:
        text = f"{value:.2f}" if float(f"{value:.2f}") else "0.0"
    return text.replace("-", "−") + unit


def points_estimate(difference: float, low: float, high: float, unit: str = POINTS) -> str:
    """Return a difference of proportions, −1..1, with its interval.

    >>> points_estimate(0.1527, 0.1281, 0.1785)
    '15.3 points (12.8–17.8)'
    >>> points_estimate(0.004, -0.002, 0.01, unit="")
    '0.4 (−0.2 to 1.0)'
    """
    between = " to " if low < 0 else "–"  # a minus after a dash can't be told from it
    return f"{points(difference, unit)} ({points(low, '')}{between}{points(high, '')})"


def duration(seconds: float) -> str:
    """Return a time: up to 100 s in seconds, up to 100 min as min:s, else as h:min.

    >>> duration(7.4), duration(99.4), duration(480.4), duration(9000)
    ('7 s', '99 s', '8:00 min', '2:30 h')
    """
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6000:
        return f"{whole // 60}:{whole % 60:02} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02} h"


def byte_size(number: float) -> str:
    """Return bytes in powers of ten, as disks and downloads are told, with one decimal.

    >>> byte_size(0), byte_size(4_096), byte_size(68_606_236), byte_size(2e9)
    ('0 bytes', '4.1 kB', '68.6 MB', '2.0 GB')
    """
    for limit, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= 0.99995 * limit:  # what would read 1000.0 of the unit below
            return f"{number / limit:.1f} {unit}"
    return plural(round(number), "byte")


def megabytes(number: float) -> str:
    """Return bytes for a column that is headed "MB", with one decimal.

    >>> megabytes(9_905_920)
    '9.9'
    """
    return f"{number / 1e6:.1f}"


def count(number: int) -> str:
    """Return how many there are of something, exactly.

    >>> count(950), count(25_000)
    ('950', '25,000')
    """
    return f"{number:,}"


def short_count(number: int) -> str:
    """Return a large number, such as that of a network's weights, for a narrow column.

    >>> short_count(950), short_count(12_345), short_count(2_422_081), short_count(999_999)
    ('950', '12.3k', '2.42M', '1M')
    """
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * limit:  # what would read 1000 of the unit below
            return f"{number / limit:.3g}{unit}"
    return str(number)


def plural(number: int, noun: str, ending: str = "s") -> str:
    """Return a count with its noun, which takes an ending unless there is one.

    >>> plural(1, "picture"), plural(0, "picture"), plural(2_048, "picture")
    ('1 picture', '0 pictures', '2,048 pictures')
    >>> plural(37, "class", "es")
    '37 classes'
    """
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}{ending}"


def left_out(counted: Mapping[str, int]) -> str:
    """Return what was left out of a folder, by what it is; nothing if that is nothing.

    >>> left_out({".txt": 1200, "link to a folder": 1})
    'Left out: 1,200 × .txt, 1 × link to a folder'
    """
    kinds = ", ".join(f"{count(number)} × {kind}" for kind, number in sorted(counted.items()))
    return f"Left out: {kinds}" if kinds else ""


def printable(text: object) -> str:
    r"""Return a text, such as a file's name, with control characters and broken bytes visible.

    The joiners that some scripts and emoji are spelled with are no control characters there.

    >>> print(printable("new\nline \x1b[31m.png"))
    new\nline \x1b[31m.png
    >>> print(printable("a\u200db"))
    a\u200db
    >>> printable("\U0001f469\u200d\U0001f680") == "\U0001f469\u200d\U0001f680"
    True
    """
    found = str(text)
    return "".join(
        char if char.isprintable() or _joins(found, place) else repr(char)[1:-1]
        for place, char in enumerate(found)
    )


JOINERS = "\u200c\u200d"


def _joins(text: str, place: int) -> bool:
    """Tell whether a character joins two that aren't ASCII."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return text[place] in JOINERS and len(around) == 2 and not any(map(str.isascii, around))
