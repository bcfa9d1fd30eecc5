"""The page, in a real browser: drop a picture, read the answer, see where it looked."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.serve.conftest import Served
from tests.serve.test_api import picture

GIVE = """([event, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type: "image/jpeg"}));
  const options = {bubbles: true, cancelable: true};
  document.getElementById("drop").dispatchEvent(event === "drop"
    ? new DragEvent("drop", {...options, dataTransfer: transfer})
    : new ClipboardEvent("paste", {...options, clipboardData: transfer}));
}"""


@pytest.fixture(params=[360, 1280])
def page(request: pytest.FixtureRequest, browser: Any, served: Served) -> Iterator[Any]:
    """The page at a phone's and a desktop's width; it may neither complain nor call elsewhere."""
    opened = browser.new_page(viewport={"width": request.param, "height": 800})
    troubles: list[str] = []
    opened.on("console", lambda said: troubles.append(said.text))
    opened.on("pageerror", lambda error: troubles.append(str(error)))

    def elsewhere(sent: Any) -> None:
        if not sent.url.startswith((served.address, "data:", "blob:")):
            troubles.append(sent.url)

    opened.on("request", elsewhere)
    opened.goto(f"{served.address}/")
    yield opened
    assert troubles == []
    opened.close()


def give(page: Any, event: str, name: str, data: bytes) -> None:
    page.evaluate(GIVE, [event, name, base64.b64encode(data).decode()])


def answers(page: Any, count: int) -> list[str]:
    page.wait_for_function(
        "n => document.getElementById('status').textContent === `${n} answered.`", arg=count
    )
    return [item.inner_text() for item in page.query_selector_all("#answers .label")]


def test_it_says_which_run_answers_and_how_good_it_is(page: Any) -> None:
    # A function: what is polled as text would be evaluated, which the page forbids.
    page.wait_for_function(
        "() => document.getElementById('about').textContent.includes('cats-dogs')"
    )
    told = page.inner_text("#about")
    assert "cats, dogs" in told
    assert "98.9 % of 351 test pictures (97.1–99.6)" in told


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_that_is_dropped_or_pasted_is_answered(
    page: Any, event: str, artefacts: Path
) -> None:
    give(page, event, "mimi.jpg", picture(3))
    (label,) = answers(page, 1)
    assert label in ("cats", "dogs", "unsure")
    over = page.wait_for_selector("#answers img.over")
    assert over.get_attribute("alt").startswith("It looks most at")
    photo, heat = page.query_selector("img.photo").bounding_box(), over.bounding_box()
    assert heat == pytest.approx(photo, abs=1)
    numbers = [item.inner_text() for item in page.query_selector_all("dd.number")]
    assert sum(float(number.removesuffix(" %")) for number in numbers) == pytest.approx(
        100, abs=0.2
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    width = page.viewport_size["width"]
    page.screenshot(path=artefacts / f"page-{width}-{event}.png", full_page=True)


def test_several_at_once_and_a_bad_one_among_them(page: Any, artefacts: Path) -> None:
    page.set_input_files(
        "#choose",
        [
            {"name": "<b>one</b>.jpg", "mimeType": "image/jpeg", "buffer": picture(1)},
            {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"text"},
            {"name": "three.jpg", "mimeType": "image/jpeg", "buffer": picture(5)},
        ],
    )
    labels = answers(page, 3)
    assert labels.count("No answer") == 1
    assert "not a JPEG" in page.inner_text("#answers")
    assert "<b>one</b>.jpg" in page.inner_text("#answers")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    width = page.viewport_size["width"]
    page.screenshot(path=artefacts / f"page-{width}-several.png", full_page=True)


def test_a_photograph_is_answered(page: Any) -> None:
    assert page.get_attribute("#camera", "capture") == "environment"  # a phone opens its camera
    page.set_input_files(
        "#camera", [{"name": "image.jpg", "mimeType": "image/jpeg", "buffer": picture(4)}]
    )
    assert len(answers(page, 1)) == 1


def test_what_is_neither_is_unsure_and_says_why(page: Any, artefacts: Path) -> None:
    out = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    Image.fromarray(noise).save(out, "PNG")
    give(page, "drop", "noise.png", out.getvalue())
    assert answers(page, 1) == ["unsure"]
    why = page.inner_text("#answers")
    assert re.search(r"dogs\? \d+\.\d %, (too doubtful|unlike the pictures it knows)", why)
    page.screenshot(path=artefacts / f"page-{page.viewport_size['width']}-unsure.png")


def test_clearing_in_the_midst_counts_anew(page: Any) -> None:
    pictures = [
        {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": picture(n)} for n in range(12)
    ]
    page.set_input_files("#choose", pictures)
    page.click("#clear")
    assert page.query_selector_all("#answers li") == []
    page.set_input_files("#choose", pictures[:2])
    assert len(answers(page, 2)) == 2


def test_the_keyboard_is_enough(page: Any) -> None:
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as dialogue:  # the system's
        # The wish to hear of it and the key go to the page by different ways. On a busy machine
        # the key came first, and Chromium closed its own dialogue at once; asking the page
        # something between the two keeps their order.
        assert page.evaluate("document.activeElement.id") == "choose"
        page.keyboard.press("Space")
    dialogue.value.set_files([{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(2)}])
    answers(page, 1)
    assert page.is_visible("img.over")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # where it looks: off
    assert not page.is_visible("img.over")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # clear all
    assert page.query_selector_all("#answers li") == []


def test_the_page_for_programs_reads_well_on_a_phone(page: Any, served: Served) -> None:
    page.goto(f"{served.address}/docs")
    assert "POST /predict" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
