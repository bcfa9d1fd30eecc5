"""What people open in a spreadsheet computes nothing there, and is read again as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.spreadsheets import defused, restored, to_csv

DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'=1", "＝1")


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_may_be_a_formula_is_a_text(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["cats", "", "'", "'cats'", "a=1", "1-2", "train/=1.jpg"])
def test_what_is_none_is_left_alone(text: str) -> None:
    assert defused(text) == restored(text) == text


@given(st.text(st.sampled_from("'=+-@\t\r\n ab＝"), max_size=6))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert restored(defused(text)) == text
    assert defused(text) == text or defused(text)[0] == "'"


def test_a_table_keeps_numbers_and_odd_texts() -> None:
    text = to_csv([("name", "n"), ("=a,b", -1), ('"\r=', 0.5)])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["name", "n"], ["'=a,b", "-1"], ['"\r=', "0.5"]]
    assert text.startswith("name,n\r\n")
