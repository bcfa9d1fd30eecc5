"""Pictures into the page: whatever is dropped, pasted or chosen gets an answer or a line."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.page_room import Open, photo, row, uploads

CATS = {"run": "mine", "classes": ["cats", "dogs"], "policy": None}
LINK = "https://example.org/cat.jpg"


def answer(_: str) -> dict[str, Any]:
    return row(cats=0.9, dogs=0.1)


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_that_is_dropped_or_pasted_is_answered(see: Open, event: str) -> None:
    seen = see(about=CATS)
    seen.answer_with(answer)
    seen.give(event, [("mimi.jpg", "image/jpeg", photo())])
    assert seen.labels(1) == ["cats"]
    assert seen.names() == ["mimi.jpg"]


def test_a_folder_is_read_to_its_depths_in_the_order_of_names(see: Open, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    for name in ("b/10.jpg", "b/9.jpg", "a/one.JPG", "a/deep/er/two.jpeg", "a/.hidden.jpg"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo())
    (folder / "notes.txt").write_text("x")
    (folder / "list.csv").write_text("x")
    (folder / "more.csv").write_text("x")
    (folder / "Thumbs.db").write_text("x")
    seen = see(about=CATS)
    asked = seen.answer_with(answer)
    seen.drop_paths(folder)
    seen.labels(4)
    assert seen.names() == [
        *("pets/a/deep/er/two.jpeg", "pets/a/one.JPG", "pets/b/9.jpg", "pets/b/10.jpg")
    ]
    assert seen.notes() == ["Left out, as they aren't pictures: 2 × .csv, 1 × .txt."]
    assert len(asked) == 4


def test_more_than_a_hundred_entries_of_a_folder_are_read(see: Open, tmp_path: Path) -> None:
    data = photo(size=16)
    for number in range(230):  # a browser lists a hundred at a time
        (tmp_path / f"{number:03}.jpg").write_bytes(data)
    seen = see(about=CATS)
    asked = seen.answer_with(answer)
    seen.drop_paths(tmp_path)
    seen.page.wait_for_function("() => document.querySelectorAll('.card').length === 230")
    seen.labels(230)
    assert len(set(asked)) == 230


def test_of_too_many_the_first_are_taken_and_the_rest_is_named(see: Open) -> None:
    said = see().page.evaluate(
        """async () => {
          const {sorted, MOST} = await import("/intake.js");
          const files = [...Array(MOST + 3).keys()].map((n) => new File(["x"], `${n}.jpg`));
          const found = sorted(files);
          return [MOST, found.files.length, found.notes];
        }"""
    )
    assert said[:2] == [2000, 2000]
    assert "3 more pictures" in said[2][0]
    assert "tl-catdog predict FOLDER" in said[2][0]


@pytest.mark.parametrize("event", ["drop", "paste"])
@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"text/uri-list": LINK, "text/plain": LINK}, ["a link", LINK, "fetches nothing"]),
        ({"text/plain": "https://example.org/" + "a" * 300}, ["a link", "…"]),
        ({"text/plain": "my cat"}, ["text, not a picture", "my cat"]),
        ({"text/html": f"<img src='{LINK}'>"}, ["the address of a picture"]),
        ({}, ["no picture"]),
    ],
)
def test_what_is_no_picture_gets_a_line(
    see: Open, event: str, texts: dict[str, str], words: list[str]
) -> None:
    seen = see()
    seen.give(event, texts=texts)
    (note,) = seen.notes()
    assert all(word in note for word in words), note
    assert not seen.page.is_visible("#results")
    seen.page.click("[aria-label='Dismiss this note']")
    assert not seen.page.query_selector_all("#notes .note")


def test_a_picture_within_what_another_page_gives_is_taken(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(answer)
    uri = f"data:image/jpeg;base64,{base64.b64encode(photo()).decode()}"
    seen.give("drop", texts={"text/html": f'<p><img alt="x" src="{uri}"></p>'})
    assert seen.labels(1) == ["cats"]
    seen.give("paste", texts={"text/plain": uri})
    assert seen.labels(2) == ["cats", "cats"]


def test_files_of_other_kinds_are_named_and_the_pictures_among_them_answered(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(answer)
    seen.give(
        "drop",
        [("notes.txt", "text/plain", b"x"), ("a.heic", "", photo()), ("b", "image/png", photo())],
    )
    seen.labels(2)
    assert seen.notes() == ["notes.txt isn't a picture."]
    seen.give("drop", [("Thumbs.db", "", b"x")])
    assert seen.notes() == ["No pictures there, only a system's own files."]


def test_what_a_browser_cannot_show_is_shown_by_the_server_s_preview(see: Open) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "TIFF")
    small = f"data:image/jpeg;base64,{base64.b64encode(photo()).decode()}"
    seen = see(about=CATS)
    asked: list[str] = []

    def reply(route: Any) -> None:
        asked.append(route.request.url.partition("?")[2])
        route.fulfill(json={"answers": [{**answer(""), "preview": small}]})

    seen.page.route("**/predict?*", reply)
    seen.choose([{"name": "a.tiff", "mimeType": "image/tiff", "buffer": out.getvalue()}])
    seen.labels(1)
    seen.page.wait_for_selector("img.photo")
    assert seen.page.get_attribute("img.photo", "src") == small
    seen.choose(uploads(1))
    seen.labels(2)
    assert ["preview=1" in query for query in asked] == [True, False]


def test_large_photographs_are_kept_small_and_freed(see: Open) -> None:
    out = io.BytesIO()
    Image.new("RGB", (3000, 2000), "teal").save(out, "JPEG")
    seen = see(
        about=CATS,
        script="""
        window.alive = new Set();
        const make = URL.createObjectURL, end = URL.revokeObjectURL;
        URL.createObjectURL = (item) => { const u = make.call(URL, item); alive.add(u); return u; };
        URL.revokeObjectURL = (u) => { alive.delete(u); end.call(URL, u); };
        """,
    )
    seen.answer_with(answer)
    seen.choose([{"name": "big.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}])
    seen.labels(1)
    page = seen.page
    page.wait_for_function("() => document.querySelector('.photo')?.naturalWidth")
    assert page.evaluate("document.querySelector('.photo').naturalWidth") == 960
    page.click("#clear")
    assert page.evaluate("alive.size") == 1  # it may be put back
    page.click("#undo")
    page.click("#clear")
    seen.choose(uploads(1))
    seen.labels(1)
    page.click("#clear")
    assert page.evaluate("alive.size") == 1


def test_dragging_over_the_page_shows_where_to_drop(see: Open) -> None:
    page = see().page
    over = "new DragEvent('dragenter', {bubbles: true, cancelable: true})"
    page.evaluate(f"document.querySelector('footer').dispatchEvent({over})")
    assert page.evaluate("document.body.classList.contains('over')")
    page.evaluate(f"document.body.dispatchEvent({over.replace('enter', 'leave')})")
    assert not page.evaluate("document.body.classList.contains('over')")
