"""The camera: a running answer that never piles up, photographs that are kept, and its release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.page_room import Open, Seen, row

CATS = {"run": "mine", "classes": ["cats", "dogs"], "policy": None}

TRACKS = """
  window.tracks = [];
  const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.wanted = wanted;
    const stream = await get(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
"""
LIVE = "() => tracks.filter((track) => track.readyState === 'live').length"


def start(seen: Seen) -> Any:
    seen.page.click("#use-camera")
    seen.page.wait_for_selector("#live-answer .bars")
    return seen.page


@pytest.mark.parametrize("width", [360, 1280])
def test_it_answers_what_the_camera_sees(see: Open, width: int, artefacts: Path) -> None:
    seen = see(width)
    page = start(seen)
    assert page.inner_text("#live-answer .label") in ("cats", "dogs", "unsure")
    assert page.evaluate("document.activeElement.id") == "keep"
    assert seen.fits()
    page.screenshot(path=artefacts / f"page-{width}-camera.png")


def test_a_photograph_is_kept_and_stopping_frees_the_camera(see: Open) -> None:
    seen = see(about=CATS, script=TRACKS)
    seen.answer_with(lambda name: row(cats=0.9, dogs=0.1))
    page = start(seen)
    page.click("#keep")
    assert seen.labels(1) == ["cats"]
    assert seen.names() == ["photograph 1.jpg"]
    assert page.evaluate(LIVE) == 1
    page.click("#stop-camera")
    assert page.evaluate(LIVE) == 0
    assert not page.is_visible("#live")
    assert page.evaluate("document.activeElement.id") == "use-camera"
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_frames_never_pile_up_and_none_is_sent_while_nobody_looks(see: Open) -> None:
    seen = see(about=CATS, script=TRACKS)
    page = seen.page
    held: list[Any] = []
    page.route("**/predict?*", lambda route: held.append(route))
    page.click("#use-camera")
    page.wait_for_timeout(900)
    assert len(held) == 1
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    held[0].fulfill(json={"answers": [row(cats=0.9, dogs=0.1)]})
    page.wait_for_timeout(500)
    assert len(held) == 1
    assert page.inner_text("#live-answer") == "Starting the camera …"
    page.evaluate(hide, False)
    page.wait_for_timeout(500)
    assert len(held) == 2
    assert page.evaluate(LIVE) == 1


def test_the_other_camera_is_taken_and_the_first_let_go(see: Open) -> None:
    two = """
      const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
      navigator.mediaDevices.enumerateDevices = async () => [...await list(), ...await list()];
      MediaStreamTrack.prototype.getSettings = function () {
        return {facingMode: wanted.video.facingMode, deviceId: "a"};
      };
    """
    seen = see(about=CATS, script=TRACKS + two)
    seen.answer_with(lambda name: row(cats=0.9, dogs=0.1))
    page = start(seen)
    assert page.evaluate("wanted.video.facingMode") == "environment"
    assert not page.evaluate("document.getElementById('film').matches('.mirrored')")
    page.click("#switch-camera")
    page.wait_for_function("() => wanted.video.facingMode === 'user' && tracks.length === 2")
    page.wait_for_function("() => document.getElementById('film').matches('.mirrored')")
    assert page.evaluate(LIVE) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject("
         "new DOMException('no', 'NotAllowedError'));", "told not to use the camera"),
        ("navigator.mediaDevices.getUserMedia = () => Promise.reject("
         "new DOMException('no', 'NotFoundError'));", "No camera was found"),
        ("Object.defineProperty(window, 'isSecureContext', {value: false});", "only at https://"),
    ],
)  # fmt: skip
def test_where_there_is_none_it_is_said_why(see: Open, script: str, words: str) -> None:
    seen = see(script=script)
    seen.page.click("#use-camera")
    (note,) = seen.notes()
    assert words in note
    assert not seen.page.is_visible("#live")


def test_a_phone_without_https_takes_a_photograph_with_its_own_camera(see: Open) -> None:
    script = "Object.defineProperty(window, 'isSecureContext', {value: false});"
    seen = see(360, script=script, has_touch=True, is_mobile=True)
    assert seen.page.get_attribute("#photograph", "capture") == "environment"
    with seen.page.expect_file_chooser():
        seen.page.tap("#use-camera")


def test_its_answer_is_read_out_when_it_has_stayed(see: Open) -> None:
    seen = see(about=CATS)
    seen.answer_with(lambda name: row(cats=0.9, dogs=0.1))
    page = start(seen)
    assert page.inner_text("#said") == ""
    page.wait_for_function("() => document.getElementById('said').textContent === 'cats, 90.0 %'")
