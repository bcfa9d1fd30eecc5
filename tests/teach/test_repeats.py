"""A request that comes twice is done once, also where a kill lies between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.sites import Asked, opened
from tl_catdog.errors import UsageError
from tl_catdog.teach.repeats import TABS, Repeats


def counts(ask: Asked) -> dict[str | None, int]:
    state = ask("GET", "/teach/state").json()
    return {
        None: state["unlabelled"],
        **{one["name"]: one["count"] for one in state["classes"]},
    }


def test_each_request_is_done_once_however_often_it_comes(tmp_path: Path) -> None:
    with opened(tmp_path / "pets") as ask:
        ask.done("classes", name="cats", tab="a", request=1)
        assert ask.done("classes", name="cats", tab="a", request=1)["words"] == "class cats"
        one, two = ask.add(1, 2)
        for request, id in ((2, one), (3, two)):
            seen = {id: ask("GET", f"/teach/pictures/{id}").json()["mark"]}
            sent = {"ids": [id], "seen": seen, "label": "cats", "tab": "a", "request": request}
            first, again = ask.done("label", **sent), ask.done("label", **sent)
            assert again == first
        undone = [ask.done("undo", tab="a", request=4) for _ in range(3)]
        assert counts(ask) == {None: 1, "cats": 1}
        assert undone == [undone[0]] * 3
        assert undone[0]["ids"] == [two]
        ask.done("undo", tab="a", request=5)
        assert counts(ask) == {None: 2, "cats": 0}
        late = ask("POST", "/teach/redo", json={"tab": "a", "request": 4})
        assert late.status_code == 400
        assert counts(ask) == {None: 2, "cats": 0}
        ask.done("redo", tab="b", request=1)  # another tab counts by itself


def test_a_repeat_after_a_kill_is_answered_and_not_done(tmp_path: Path) -> None:
    with opened(tmp_path / "pets") as ask:
        ask.done("classes", name="cats", tab="a", request=1)
        ids = ask.add(1, 2)
        for request, id in enumerate(ids, 2):
            ask.done("skip", ids=[id], tab="a", request=request)
        said = ask.done("undo", tab="a", request=4)
    with opened(tmp_path / "pets") as ask:
        again = ask.done("undo", tab="a", request=4)
        assert (
            (again["words"], again["ids"])
            == (said["words"], said["ids"])
            == (
                "1 picture skipped",
                [ids[1]],
            )
        )
        assert ask("GET", f"/teach/pictures/{ids[0]}").json()["skipped"]
        ask.done("undo", tab="a", request=5)
        assert not ask("GET", f"/teach/pictures/{ids[0]}").json()["skipped"]


@pytest.mark.parametrize("request_", [0, -1, 1.5, "1", True, 2**53, []])
def test_a_number_that_is_none_is_refused(tmp_path: Path, request_: object) -> None:
    with opened(tmp_path / "pets") as ask:
        answer = ask("POST", "/teach/undo", json={"tab": "a", "request": request_})
        assert answer.status_code == 400
        assert "request" in answer.json()["error"]


def test_only_so_many_tabs_are_remembered() -> None:
    repeats = Repeats()
    for number in range(TABS + 1):
        repeats.heard(f"tab{number}", 7, 100 + number)
    repeats.heard("tab1", True, 5)  # no number
    assert repeats.line("tab0", 7) is None
    assert repeats.line("tab1", 7) == 101
    with pytest.raises(UsageError, match="before the last change"):
        repeats.line("tab1", 6)
