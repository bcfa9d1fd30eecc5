"""Numbers and names are worded by one rule each, and by nobody else in the package."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tl_catdog
from tests.support.commands import ODD, SHOWN
from tl_catdog import wording
from tl_catdog.statistics import Estimate, Interval

PACKAGE = Path(tl_catdog.__file__).parent


@given(st.floats(0, 1))
def test_only_none_and_all_read_so(part: float) -> None:
    text = wording.percent(part)
    assert (text == "0.0 %") == (part == 0)
    assert (text == "100.0 %") == (part == 1)
    assert float(text.removesuffix(" %")) == pytest.approx(100 * part, abs=0.05)
    whole = wording.whole_percent(part)
    assert (whole == "0 %") == (part == 0)
    assert (whole == "100 %") == (part == 1)
    assert int(whole.removesuffix(" %")) == pytest.approx(100 * part, abs=1)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0.0, "0.0"), (1e-9, "0.01"), (0.00049, "0.05"), (0.0006, "0.1"), (0.5, "50.0"),
        (0.98864, "98.9"), (0.9994, "99.9"), (0.9996, "99.96"), (0.99997, "99.99"), (1.0, "100.0"),
    ],
)  # fmt: skip
def test_percent(part: float, text: str) -> None:
    assert wording.percent(part) == f"{text} %"
    assert wording.percent(part, sign="") == text


def test_an_estimate_reads_the_same_in_and_out_of_a_table() -> None:
    assert wording.estimate(0.984, 0.971, 0.99996) == "98.4 % (97.1–99.99)"
    assert wording.estimate(0.984, 0.971, 0.99996, sign="") == "98.4 (97.1–99.99)"
    assert str(Estimate(0.984, Interval(0.971, 0.99996), 351)) == "98.4 % (97.1–99.99)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.153, "15.3"), (-0.153, "−15.3"), (0.0004, "0.04"), (-0.0004, "−0.04"), (0.0, "0.0"),
        (-0.0, "0.0"), (1e-17, "0.0"), (-1e-17, "0.0"), (1.0, "100.0"),
    ],
)  # fmt: skip
def test_points(value: float, text: str) -> None:
    assert wording.points(value) == f"{text} points"
    assert wording.points(value, unit="") == text


def test_an_interval_that_reaches_below_zero_has_no_dash_before_its_minus() -> None:
    assert wording.points_estimate(0.28, -0.01, 0.3, "") == "28.0 (−1.0 to 30.0)"
    assert wording.points_estimate(0.28, 0.0, 0.3) == "28.0 points (0.0–30.0)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"), (99.4, "99 s"), (99.6, "1:40 min"), (119.7, "2:00 min"),
        (5999.4, "99:59 min"), (5999.6, "1:40 h"), (3 * 86_400, "72:00 h"),
    ],
)  # fmt: skip
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 kB"), (999_960, "1.0 MB"),
        (68_606_236, "68.6 MB"), (999_970_000, "1.0 GB"), (1.5e12, "1.5 TB"),
    ],
)  # fmt: skip
def test_size(number: float, text: str) -> None:
    assert wording.byte_size(number) == text


@given(st.integers(0, 10**11))
def test_a_short_count_is_short_and_near(number: int) -> None:
    text = wording.short_count(number)
    assert len(text) <= 5
    times = {"k": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1)
    assert float(text.rstrip("kMB")) * times == pytest.approx(number, rel=0.005)


def test_counts_and_their_nouns() -> None:
    assert [wording.count(n) for n in (0, 999, 1_000)] == ["0", "999", "1,000"]
    assert [wording.plural(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ODD, SHOWN),
        ("a\tb\r\n", r"a\tb\r\n"),
        ("Grüße 名前 😀", "Grüße 名前 😀"),
        ("\u202ea", "\\u202ea"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert wording.printable(text) == shown


OTHER_WORDING = re.compile(
    r"""\{\s*100\ \*          # a percentage in an f-string
      | :\.\d%                # the same by format
      | /\ 1e[369]:           # a size in an f-string
      | 1e[369]\)\ *\}\}      # the same in a template
      | \{:,\}"\.format       # a count in a template
    """,
    re.VERBOSE,
)
EXEMPT = {"wording.py"}


def test_nobody_else_words_percentages_sizes_and_counts() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.j2"))
        if path.name not in EXEMPT
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if OTHER_WORDING.search(line)
    ]
    assert found == []
