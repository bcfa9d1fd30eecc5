"""What is kept of very many pictures: texts and hashes as they were, names found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl_catdog.data.columns import Digests, Names, Texts
from tl_catdog.data.digest import UNREADABLE

TEXTS = st.lists(st.text(max_size=8), max_size=30)


@given(TEXTS, TEXTS)
def test_texts_are_as_they_were_taken(first: list[str], then: list[str]) -> None:
    texts = Texts()
    texts.add(first)
    texts.at(np.arange(len(first)))  # what was looked at may still grow
    texts.add(then)
    assert len(texts) == len(first) + len(then)
    assert texts.at(np.arange(len(texts))[::-1]) == [*first, *then][::-1]


def test_a_name_that_is_no_utf_8_keeps_its_bytes() -> None:
    texts = Texts()
    texts.add(["caf\udce9.jpg"])
    assert texts.at(np.array([0])) == ["caf\udce9.jpg"]


def test_hashes_are_as_they_were_and_sort_as_their_texts() -> None:
    said = ["ff" * 32, UNREADABLE, "0" * 64, "ab" * 32, UNREADABLE, "ab" + "00" * 31]
    digests = Digests()
    digests.add(said[:2])
    digests.add(said[2:])
    assert digests.at(np.arange(6)) == said
    assert digests.at(digests.in_order(np.arange(6))) == sorted(said)


@given(st.lists(st.text(max_size=3), unique=True, max_size=30), TEXTS)
def test_names_are_where_they_are(names: list[str], asked: list[str]) -> None:
    texts = Texts()
    texts.add(["other", *names])
    rows = np.arange(1, len(names) + 1)
    found = Names(texts, rows).places([*asked, *names])
    there = {name: place for place, name in enumerate(names)}
    assert found.tolist() == [there.get(name, -1) for name in (*asked, *names)]
    assert Names(names).twice() is None
    if names:
        assert Names([*names, names[0]]).twice() == names[0]


def test_names_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.hash", lambda text: len(text))
    names = Names(["aa", "b", "bb", "cc"])
    assert names.places(["cc", "dd", "aa", "b", "bb", "ccc"]).tolist() == [3, -1, 0, 1, 2, -1]
    assert names.twice() is None
    assert Names(["aa", "bb", "cc", "bb"]).twice() == "bb"
