"""What the page asks for, and how what went wrong is told."""

from __future__ import annotations

import asyncio
import gc
import io
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.teach.page_room import filled
from tests.teach.sites import Asked, StubLearner, learned, opened, picture
from tl_catdog.errors import CatdogError
from tl_catdog.serve.guard import Access
from tl_catdog.teach.app import build_app
from tl_catdog.teach.site import Site

TOKEN = "0123456789abcdef"


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asked]:
    with opened(tmp_path / "pets") as found:
        yield found


def test_the_state_of_an_empty_folder_is_told(ask: Asked) -> None:
    found = ask("GET", "/teach/state").json()
    assert (found["folder"], found["classes"], found["total"]) == ("pets", [], 0)
    assert found["learning"]["words"] == "Looking at pictures: 3 of 7"
    assert found["learned"] is None


def test_pictures_are_told_in_parts_with_neither_path_nor_folder(
    ask: Asked, tmp_path: Path
) -> None:
    ask.done("classes", name="cats")
    ask.add(1, 2, 3, label="cats")
    ask.add(4)
    answer = ask("GET", "/teach/pictures?class=cats&offset=1&limit=1")
    assert str(tmp_path) not in answer.text
    (only,) = answer.json()["pictures"]
    assert only["label"] == "cats"
    assert len(ask("GET", "/teach/pictures").json()["pictures"]) == 4
    assert len(ask("GET", "/teach/pictures?class=").json()["pictures"]) == 1
    state = ask("GET", "/teach/state").json()
    assert (state["classes"], state["unlabelled"]) == ([{"name": "cats", "count": 3}], 1)
    same = ask("GET", f"/teach/pictures/{only['id']}").json()
    assert same == only


def test_a_small_picture_is_sent_once(ask: Asked) -> None:
    (id,) = ask.add(1)
    answer = ask("GET", f"/teach/thumb/{id}?size=100")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (24, 24)
    again = ask(
        "GET", f"/teach/thumb/{id}?size=100", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_picture_is_sent_as_it_is_where_browsers_show_it(ask: Asked) -> None:
    (id,) = ask.add(1)
    answer = ask("GET", f"/teach/picture/{id}")
    assert (answer.headers["content-type"], answer.content) == ("image/png", picture(1))
    tiff = [("files", ("x.tif", picture(2, format="TIFF")))]
    (id,) = ask("POST", "/teach/pictures", files=tiff).json()["ids"]
    answer = ask("GET", f"/teach/picture/{id}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["thumb", "picture", "pictures"])
@pytest.mark.parametrize("id", ["nothing", "..%2f..%2fetc%2fpasswd", "0" * 3000, "%00"])
def test_no_id_leads_out_of_the_folder(ask: Asked, path: str, id: str) -> None:
    answer = ask("GET", f"/teach/{path}/{id}")
    assert answer.status_code == 404
    assert answer.json()["error"]


def test_a_broken_picture_is_told_and_one_that_is_gone(ask: Asked) -> None:
    (id,) = ask.add(1)
    path = ask.site.state.item(id).path
    path.write_bytes(picture(1)[:60])
    answer = ask("GET", f"/teach/thumb/{id}")
    assert answer.status_code == 422
    assert "expected a picture" in answer.json()["error"]
    shutil.rmtree(path.parent)
    assert ask("GET", f"/teach/picture/{id}").status_code == 404


def test_what_is_next_comes_with_its_picture(ask: Asked) -> None:
    ask.done("classes", name="cats")
    found = ask("GET", "/teach/next?count=2").json()
    assert found["next"][0]["kind"] == "lacking"
    assert found["next"][0]["picture"] is None
    assert found["kinds"]["lacking"] == 1
    assert ask("GET", "/teach/next?kind=nonsense").json()["next"] == []


@pytest.mark.parametrize("query", ["offset=-1", "limit=501", "offset=x", "limit=1e9", "limit=٣"])
def test_numbers_have_bounds(ask: Asked, query: str) -> None:
    answer = ask("GET", f"/teach/pictures?{query}")
    assert answer.status_code == 422
    assert set(answer.json()) == {"error", "hint"}


def test_changes_are_told_at_once_to_who_knows_another_number(ask: Asked) -> None:
    now = ask.site.news.number
    assert ask("GET", f"/teach/changes?since={now - 1}").json() == {"news": now}


def test_all_but_the_page_needs_the_token(ask: Asked) -> None:
    ask.access = Access({"localhost"}, token=TOKEN)
    for path in ("/", "/teach.js", "/api.js", "/style.css", "/healthz"):
        assert ask("GET", path).status_code == 200, path
    for path in ("/teach/state", "/teach/share", "/teach/share.svg", "/teach/thumb/x"):
        assert ask("GET", path).status_code == 401, path
    assert ask("POST", "/teach/undo", json={}).status_code == 401
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert ask("GET", "/teach/state", headers=right).status_code == 200


def test_other_sites_and_other_names_are_refused(ask: Asked) -> None:
    elsewhere = {"Origin": "https://evil.example"}
    assert ask("POST", "/teach/classes", json={"name": "x"}, headers=elsewhere).status_code == 403
    assert ask("GET", "/teach/state", headers={"Host": "evil.example"}).status_code == 400
    assert ask.site.state.classes() == []


def test_answers_say_what_pages_may_do(ask: Asked) -> None:
    for path in ("/", "/teach/state", "/nothing"):
        headers = ask("GET", path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_a_disk_s_refusal_is_told_in_a_line(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise CatdogError("expected room, found none.", "Make some.")

    monkeypatch.setattr(ask.site.state, "add_class", refuse)
    answer = ask("POST", "/teach/classes", json={"name": "cats"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "expected room, found none.", "hint": "Make some."}


def test_guesses_are_told_once_there_are_some(ask: Asked) -> None:
    assert isinstance(ask.site.learner, StubLearner)
    ask.site.learner.found = learned("cats", "dogs")
    (id,) = ask.add(1)
    assert ask("GET", f"/teach/pictures/{id}").json()["guesses"] == []
    assert ask("GET", "/teach/state").json()["learned"]["learned"] is True


@pytest.mark.parametrize("prefix", ["", "/pets"])  # a proxy takes it off, or leaves it
def test_a_proxy_may_have_the_page_at_a_path_of_its_own(ask: Asked, prefix: str) -> None:
    ask.access = Access({"localhost"}, root_path="/pets", token="0123456789abcdef")
    assert ask("GET", f"{prefix}/").status_code == 200
    assert ask("GET", f"{prefix}/teach.js").status_code == 200
    assert ask("GET", f"{prefix}/teach/state").status_code == 401
    known = {"Authorization": "Bearer 0123456789abcdef"}
    assert ask("GET", f"{prefix}/teach/state", headers=known).json()["folder"] == "pets"
    assert ask("GET", "/pets").headers["location"] == "/pets/"


def test_the_server_holds_as_much_however_often_pictures_are_looked_at(tmp_path: Path) -> None:
    filled(tmp_path / "pets", 32, cats=1, unlabelled=25)

    async def look(at: httpx.AsyncClient) -> None:
        """Look at pictures as the grid does, label some and take that back."""
        rows = (await at.get("/teach/listed?class=")).json()["pictures"]
        for number, (id, mark, _) in enumerate(rows):
            assert (await at.get(f"/teach/thumb/{id}?size=224")).status_code == 200
            if number % 13 == 0:
                sent = {"ids": [id], "label": "cats", "seen": {id: mark}}
                assert (await at.post("/teach/label", json=sent)).status_code == 200
                assert (await at.get("/teach/state")).json()["total"] == 26
                assert (await at.post("/teach/undo", json={})).status_code == 200

    async def held(site: Site) -> list[int]:
        transport = httpx.ASGITransport(build_app(site, Access({"localhost"})))
        found = []
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
            await look(at)
            tracemalloc.start()
            try:
                for _ in range(6):
                    await look(at)
                    gc.collect()
                    found.append(tracemalloc.get_traced_memory()[0])
            finally:
                tracemalloc.stop()
        return found

    with opened(tmp_path / "pets") as ask:
        rounds = asyncio.run(held(ask.site))
    # A small JPEG of each would take 12 kB a round; what Python keeps for itself ends by and by.
    assert rounds[5] - rounds[2] < 18_000, rounds
