"""What the page sends: it is done in the folder, or refused in a line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.teach.sites import Asked, StubLearner, learned, opened, picture


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asked]:
    with opened(tmp_path / "pets") as found:
        yield found


def files(root: Path) -> list[str]:
    """Return the pictures below a folder."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*.*")
        if path.is_file() and ".teach" not in path.parts
    )


def test_a_label_moves_the_file_and_undo_brings_it_back(ask: Asked) -> None:
    root = ask.site.state.root
    ask.done("classes", name="cats")
    (id,) = ask.add(1)
    assert files(root) == ["unlabelled/1.png"]
    mark = ask("GET", f"/teach/pictures/{id}").json()["mark"]
    before = ask.site.news.number
    ask.done("label", ids=[id], label="cats", seen={id: mark}, tab="a")
    assert files(root) == ["cats/1.png"]
    assert ask.site.news.number != before
    ask.done("undo", tab="a")
    assert files(root) == ["unlabelled/1.png"]
    ask.done("redo", tab="a")
    assert files(root) == ["cats/1.png"]


def test_what_names_say_is_told_and_done_when_asked_for(ask: Asked) -> None:
    assert ask("GET", "/teach/said").json() is None
    for number, name in enumerate(("cat.1.png", "cat.2.png", "dog.1.png", "dog.2.png")):
        (ask.site.state.root / name).write_bytes(picture(number))
    ask.site.state.refresh()
    said = ask("GET", "/teach/said").json()
    assert said == {"where": "their names", "pictures": 4, "classes": [["cat", 2], ["dog", 2]]}
    assert ask.done("said", tab="a")["words"] == "4 pictures sorted by their names"
    assert files(ask.site.state.root)[0] == "cat/cat.1.png"


def test_two_tabs_don_t_lose_each_other_s_work(ask: Asked) -> None:
    for name in ("cats", "dogs"):
        ask.done("classes", name=name)
    (id,) = ask.add(1)
    seen = {id: ask("GET", f"/teach/pictures/{id}").json()["mark"]}
    ask.done("label", ids=[id], label="cats", seen=seen, tab="a")
    answer = ask(
        "POST", "/teach/label", json={"ids": [id], "label": "dogs", "seen": seen, "tab": "b"}
    )
    assert answer.status_code == 409
    found = answer.json()
    assert found["now"][id]["label"] == "cats"
    assert found["error"]
    assert files(ask.site.state.root) == ["cats/1.png"]


def test_classes_are_made_renamed_and_removed(ask: Asked) -> None:
    ask.done("classes", name="cats")
    ask.add(1, label="cats")
    ask.done("classes/rename", **{"from": "cats", "to": "felines"})
    assert files(ask.site.state.root) == ["felines/1.png"]
    ask.done("classes/remove", name="felines")
    assert files(ask.site.state.root) == ["unlabelled/1.png"]


def test_skipped_kept_and_removed_pictures(ask: Asked) -> None:
    ask.done("classes", name="cats")
    first, second = ask.add(1, 2)
    ask.done("skip", ids=[first])
    assert ask("GET", f"/teach/pictures/{first}").json()["skipped"]
    (third,) = ask.add(3, label="cats")
    ask.done("keep", ids=[third])
    assert ask("GET", f"/teach/pictures/{third}").json()["kept"]
    assert ask("POST", "/teach/remove", json={"ids": [second], "seen": {}}).status_code == 409
    mark = ask("GET", f"/teach/pictures/{second}").json()["mark"]
    ask.done("remove", ids=[second], seen={second: mark})
    assert "unlabelled/2.png" not in files(ask.site.state.root)


@pytest.mark.parametrize(
    "name", ["../x", "", ".x", "unlabelled", "a/b", "nul", "x" * 300, "\ud800"]
)
def test_no_class_has_a_name_that_leads_elsewhere(ask: Asked, name: str) -> None:
    before = sorted(ask.site.state.root.parent.rglob("*"))
    content = json.dumps({"name": name})
    answer = ask("POST", "/teach/classes", content=content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "hint"}
    assert sorted(ask.site.state.root.parent.rglob("*")) == before


NONSENSE: tuple[Any, ...] = (
    *(None, [], "x", 5, {"ids": []}, {"ids": "x"}, {"ids": [1]}, {"ids": ["../x"]}),
    *({"ids": ["a"], "seen": []}, {"ids": ["a"], "seen": {"a": 1}}, {"ids": ["a"], "label": 5}),
    *({"ids": ["a"], "tab": "../.."}, {"ids": ["a"], "tab": {}}, {"name": 5}, {"from": "x"}),
)


@pytest.mark.parametrize("path", ["label", "remove", "skip", "keep", "classes", "classes/rename"])
@pytest.mark.parametrize("sent", NONSENSE, ids=str)
def test_nonsense_is_refused(ask: Asked, path: str, sent: Any) -> None:
    answer = ask("POST", f"/teach/{path}", json=sent)
    assert answer.status_code in (400, 404, 409) or answer.json()["ids"] == []
    assert ask.site.state.classes() == []


def test_what_is_no_json_is_refused(ask: Asked) -> None:
    for content in (b"\xff", b"{", b"[" * 100_000, b"{}" * 3_000_000):
        assert ask("POST", "/teach/undo", content=content).status_code in (400, 413)


def test_what_is_no_picture_is_said_by_name_and_the_rest_is_taken(ask: Asked) -> None:
    sent = [
        ("files", ("no.jpg", b"hello, this is text")),
        ("files", ("yes.jpg", picture(1))),
        ("files", ("empty.png", b"")),
        ("files", ("../../out.png", picture(2))),
    ]
    found = ask("POST", "/teach/pictures", files=sent).json()
    assert len(found["ids"]) == 2
    refused = dict(found["refused"])
    assert "but text" in refused["no.jpg"]
    assert refused["empty.png"] == "the file is empty"
    assert files(ask.site.state.root) == ["unlabelled/out.png", "unlabelled/yes.jpg"]
    assert not list(ask.site.incoming.iterdir())


def test_the_same_bytes_aren_t_doubled(ask: Asked) -> None:
    ask.add(1)
    found = ask("POST", "/teach/pictures", files=[("files", ("b.png", picture(1)))]).json()
    assert found["ids"] == []
    assert found["known"][0][0] == "b.png"


def test_an_archive_s_folders_are_classes_where_that_is_asked(ask: Asked) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("set/cats/1.png", picture(1))
        file.writestr("set/dogs/2.png", picture(2))
        file.writestr("3.png", picture(3))
        file.writestr("set/con/4.png", picture(4))
        file.writestr("set/readme.txt", "text")
        file.writestr("inner.zip", b"PK\x03\x04")
    found = ask("POST", "/teach/pictures?folders=1&name=a.zip", content=out.getvalue()).json()
    names = files(ask.site.state.root)
    assert names == ["cats/1.png", "dogs/2.png", "unlabelled/3.png", "unlabelled/4.png"]
    assert {name for name, _ in found["refused"]} == {"readme.txt", "inner.zip"}


def test_folders_of_very_many_classes_are_refused(
    ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.teach.posted.MOST_CLASSES", 2)
    sent = [("files", (f"set/{number}/1.png", picture(number))) for number in range(3)]
    answer = ask("POST", "/teach/pictures?folders=1", files=sent)
    assert (answer.status_code, "at most 2 new classes" in answer.text) == (400, True)
    assert files(ask.site.state.root) == []
    assert len(ask("POST", "/teach/pictures", files=sent).json()["ids"]) == 3


def test_a_hostile_archive_leaves_nothing(ask: Asked) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("1.png", picture(1))
        file.writestr("../../2.png", picture(2))
    found = ask("POST", "/teach/pictures?name=bad.zip", content=out.getvalue()).json()
    assert found["ids"] == []
    ((name, why),) = found["refused"]
    assert name == "bad.zip"
    assert "stay inside" in why
    assert files(ask.site.state.root.parent) == []


def test_a_class_that_isn_t_there_gets_no_pictures(ask: Asked) -> None:
    sent = [("files", ("1.png", picture(1)))]
    assert ask("POST", "/teach/pictures?class=..", files=sent).status_code == 404
    assert files(ask.site.state.root) == []


def test_pictures_of_a_burst_stay_together(ask: Asked) -> None:
    ask.done("classes", name="cats")
    sent = [("files", (f"{number}.png", picture(number))) for number in (1, 2)]
    answer = ask("POST", "/teach/pictures?class=cats&burst=b1", files=sent)
    assert answer.status_code == 200, answer.text
    groups = {item.group for item in ask.site.state.snapshot().items}
    assert len(groups) == 1
    assert ask("POST", "/teach/pictures?burst=..%2fx", files=sent).status_code == 400


def test_a_try_answers_by_the_head_that_there_is(ask: Asked) -> None:
    assert ask("POST", "/teach/try", content=picture(1)).status_code == 409
    assert isinstance(ask.site.learner, StubLearner)
    ask.site.learner.found = learned("cats", "dogs")
    found = ask("POST", "/teach/try", content=picture(1)).json()
    assert (found["answer"], found["heat"]) == ("cats", "heat")
    assert found["preview"].startswith("data:image/jpeg")
    assert ask("POST", "/teach/try?explain=0", content=picture(1)).json()["heat"] is None
    assert ask("POST", "/teach/try", content=b"no picture").status_code == 422
    assert files(ask.site.state.root) == []


def test_requests_at_hand_are_bounded_in_memory(ask: Asked) -> None:
    ask.site.budget.left = 1000
    large = {"name": "x" * 2000}
    for path, sent in (("try", {"content": bytes(2000)}), ("classes", {"json": large})):
        answer = ask("POST", f"/teach/{path}", **sent)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    ask.done("classes", name="cats")
    assert ask.site.budget.left == 1000
