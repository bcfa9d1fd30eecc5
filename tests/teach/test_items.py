"""What pages get of pictures: a mark for where each is, and text that any page can read."""

from __future__ import annotations

import json
from pathlib import Path

from tl_catdog.teach.items import Changed, Conflict, Item


def test_a_mark_is_another_elsewhere_and_the_same_when_it_is_back() -> None:
    here, there, back = (
        Item("1", "", Path("x"), place, None, "") for place in ("a/1", "b/1", "a/1")
    )
    assert here.mark == back.mark != there.mark


def test_names_that_are_no_text_are_told_all_the_same() -> None:
    item = Item("1", "", Path("x"), "a/b\udcff/c\udce4.png", "a", "", "b\udcff")
    for told in (item, Conflict(3, {"1": item, "2": None}), Changed(1, 2, "x", ("1",))):
        assert json.dumps(told.to_json(), ensure_ascii=False).encode()
    assert item.to_json()["name"] == "c?.png"
