"""Pictures are shown as what they are, whatever becomes of their files, and hold up no others."""

from __future__ import annotations

import importlib
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.teach.sites import Asked, opened, picture
from tl_catdog.teach import showing


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    with opened(tmp_path / "pets") as found:
        yield found


@pytest.mark.parametrize("path", ["picture", "thumb"])
def test_a_file_that_became_a_pipe_or_no_picture_holds_up_nothing(asked: Asked, path: str) -> None:
    (id,) = asked.add(1)
    file = asked.site.state.item(id).path
    file.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    answer = asked("GET", f"/teach/{path}/{id}")
    assert (answer.status_code, b"script" in answer.content) == (422, False)
    file.unlink()
    os.mkfifo(file)
    assert asked("GET", f"/teach/{path}/{id}").status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "reader"),
    [("thumb", "tl_catdog.teach.thumbs.read"), ("picture", "tl_catdog.teach.showing.open_file")],
)
def test_a_picture_that_gets_a_class_meanwhile_is_shown(
    asked: Asked, path: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = asked.site.state
    state.add_class("cats", "")
    (id,) = asked.add(1)
    module, _, name = reader.rpartition(".")
    real = getattr(importlib.import_module(module), name)

    def late(file: Path) -> object:
        if state.item(id).label is None:
            state.label([id], "cats", {id: state.item(id).mark}, "")
        return real(file)

    monkeypatch.setattr(reader, late)
    answer = asked("GET", f"/teach/{path}/{id}")
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size[0] > 0
    assert state.item(id).path.parent.name == "cats"


def test_what_is_sent_is_what_was_looked_at(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id,) = asked.add(1)
    file = asked.site.state.item(id).path
    whole = file.read_bytes()
    (tmp_path / "secret").write_text("secret")

    def swapped(data: bytes) -> str:
        file.unlink()
        file.symlink_to(tmp_path / "secret")
        return "image/png"

    monkeypatch.setattr(showing, "kind_of", swapped)
    assert asked("GET", f"/teach/picture/{id}").content == whole


def test_no_more_is_sent_than_a_picture_may_have() -> None:
    assert b"".join(showing.pieces(io.BytesIO(bytes(10)), most=7)) == bytes(7)


def test_what_takes_long_holds_up_no_small_picture(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    Image.new("L", (1000, 1000)).save(out, "PNG")
    answer = asked("POST", "/teach/pictures?name=a.png", content=out.getvalue())
    (slow,), (quick,) = answer.json()["ids"], asked.add(1)
    thumbs, blocked = asked.site.thumbs, threading.Event()
    pixels = thumbs.pixels

    def waits(data: bytes, size: int) -> object:
        if len(data) == len(out.getvalue()):
            assert blocked.wait(30)
        return pixels(data, size)

    monkeypatch.setattr(thumbs, "pixels", waits)
    monkeypatch.setattr(thumbs, "is_slow", lambda data: len(data) == len(out.getvalue()))
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(asked, "GET", f"/teach/thumb/{slow}") for _ in range(8)]
        assert asked("GET", f"/teach/thumb/{quick}").status_code == 200
        assert not any(one.done() for one in waiting)
        blocked.set()
        assert {one.result().status_code for one in waiting} == {200}


def test_a_picture_is_told_by_its_id_alone(asked: Asked) -> None:
    asked.site.state.add([("1.png", picture(1))], None, None, "")
    for id in ("nothing", "..%2f..%2fetc%2fpasswd", "%00", "a" * 3000):
        for path in ("picture", "thumb"):
            assert asked("GET", f"/teach/{path}/{id}").status_code == 404
