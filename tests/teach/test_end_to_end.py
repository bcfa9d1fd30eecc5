"""The whole of it: from an empty folder to an exported classifier, over kills, in a browser.

What the tutorial shows is drawn and photographed here (``TL_CATDOG_TUTORIAL=docs/figures``).
"""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.teach.conftest import Start
from tl_catdog.drawings import draw

pytestmark = pytest.mark.slow

LIMIT = 60  # seconds that anything may take here


class Shown:
    """A page, what it complained of, and where its pictures for the tutorial go."""

    def __init__(self, browser: Any, address: str, artefacts: Path) -> None:
        context = browser.new_context(viewport={"width": 1100, "height": 720})
        self.page = context.new_page()
        self.page.set_default_timeout(LIMIT * 1000)
        self.troubles: list[str] = []
        self.expected = ""  # a pattern of complaints that are meant to come
        self.page.on("console", lambda said: self._complain(said.text))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.folder = artefacts
        self.page.goto(address)

    def _complain(self, text: str) -> None:
        if not self.expected or not re.search(self.expected, text):
            self.troubles.append(text)

    def open(self, tab: str) -> None:
        self.page.click(f"#tab-{tab}")

    def unlabelled(self, count: int) -> None:
        """Wait until so many pictures are without a class."""
        self.page.wait_for_selector(f"#unlabelled:has-text(', {count} without')")

    def photograph(self, name: str) -> None:
        """Leave a picture of the page, small enough for the documents."""
        self.page.wait_for_timeout(300)
        with Image.open(io.BytesIO(self.page.screenshot())) as image:
            shown = image.convert("RGB").resize((880, 576), Image.Resampling.LANCZOS)
        shown.save(self.folder / f"teach-{name}.webp", quality=72, method=6)
        assert (self.folder / f"teach-{name}.webp").stat().st_size < 40_000

    def close(self) -> None:
        self.page.context.close()
        assert self.troubles == []


def drawn(kind: str, seed: int) -> bytes:
    out = io.BytesIO()
    draw(kind, seed=seed, size=192).image.save(out, "JPEG", quality=90)
    return out.getvalue()


def test_from_an_empty_folder_over_a_kill_to_an_exported_classifier(
    browser: Any, start: Start, tmp_path: Path, artefacts: Path
) -> None:
    folder = Path(os.environ.get("TL_CATDOG_TUTORIAL", artefacts))
    files = [
        {"name": f"{kind}-{seed}.jpg", "mimeType": "image/jpeg", "buffer": drawn(kind, seed)}
        for seed in range(18)
        for kind in ("cat", "dog")
    ]
    process, address = start("pets")
    shown = Shown(browser, address, folder)
    page = shown.page

    # Collect: classes are named, pictures come.
    for name in ("cats", "dogs"):
        page.fill("#class-name", name)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#classes >> text={name}")
    page.set_input_files("#files", files)
    page.wait_for_selector("#grid .tile img[src]")
    shown.unlabelled(36)
    page.wait_for_timeout(1500)
    shown.photograph("collect")

    pets = tmp_path / "pets"

    # Next: keys say what each is; the server dies in the midst.
    shown.open("next")

    def answer(left: int) -> None:
        """Answer until so many are without a class; some questions are about labels, too."""
        for _ in range(60):
            page.wait_for_function("() => document.getElementById('picture').dataset.id")
            name, id = page.evaluate(
                "(({ alt, dataset }) => [alt, dataset.id])(document.getElementById('picture'))"
            )
            page.keyboard.press("1" if name.startswith("cat") else "2")
            page.wait_for_function(
                "id => document.getElementById('picture').dataset.id !== id", arg=id
            )
            # On the disk: what the page counts comes after the next question.
            if len(list((pets / "unlabelled").iterdir())) == left:
                shown.unlabelled(left)
                return

    answer(26)
    shown.expected = "ERR_CONNECTION_|ERR_EMPTY_RESPONSE"
    process.kill()
    process.communicate(timeout=LIMIT)
    page.wait_for_selector("#gone:not([hidden])")
    start("pets", "--port", address.rpartition(":")[2].strip("/"))
    page.wait_for_selector("#gone", state="hidden")
    answer(10)
    page.wait_for_selector("#stand:not(.coming)")
    shown.photograph("next")
    assert sum(1 for name in ("cats", "dogs") for _ in (pets / name).iterdir()) == 26
    for name in ("cats", "dogs"):
        assert all(path.name.startswith(name[:3]) for path in (pets / name).iterdir())

    # Undo goes back over the kill, to the empty folder; and forth again.
    def press(keys: str, end: str) -> None:
        for _ in range(100):
            page.evaluate("() => { document.getElementById('done').textContent = ''; }")
            page.keyboard.press(keys)
            said = """() => { const words = document.getElementById("done").textContent;
              return words.endsWith("…") ? "" : words; }"""
            if end in page.wait_for_function(said).json_value():
                return
        raise AssertionError(page.inner_text("#done"))

    shown.expected += "|404"  # of a picture that was asked about, and then was undone
    press("u", "nothing to undo")
    assert not [path for path in pets.rglob("*.jpg") if ".teach" not in path.parts]
    press("Control+Shift+z", "nothing to do again")
    shown.unlabelled(10)

    # The camera of Collect: a button that is held records a burst.
    shown.open("collect")
    page.fill("#class-name", "discs")
    page.keyboard.press("Enter")
    page.wait_for_selector("#classes >> text=discs")
    page.click("#camera button:has-text('camera')")
    page.select_option(".burst select", "discs")
    page.wait_for_function("() => document.querySelector('.burst video').videoWidth")
    page.hover(".hold")
    page.mouse.down()
    page.wait_for_selector(".hold:has-text('Recording: 6')")
    with page.expect_event("dialog") as closing:  # whoever closes it meanwhile is asked
        page.close(run_before_unload=True)
    closing.value.dismiss()
    page.wait_for_selector("#camera >> text=as one burst")
    page.mouse.up()
    (burst,) = (pets / "discs").iterdir()
    assert len(list(burst.iterdir())) >= 6
    shown.photograph("camera")
    page.click("text=Stop the camera")
    page.keyboard.press("u")
    wait_until(lambda: not burst.exists())
    page.keyboard.press("u")
    wait_until(lambda: not (pets / "discs").exists())
    shown.expected = ""

    # Try: an answer, and a correction that is a picture of its class.
    shown.open("try")
    new = {**files[1], "buffer": drawn("dog", 99), "name": "new.jpg"}
    page.set_input_files("#try-panel input[type=file]:not([capture])", new)
    page.wait_for_selector("#try-panel .tried .bars")
    page.check("#try-heat")
    page.wait_for_timeout(500)
    shown.photograph("try")
    before = len(list((pets / "dogs").iterdir()))
    page.click("#try-panel .wrong button:has-text('dogs')")
    page.wait_for_selector('#try-panel >> p:has-text("it is being learned")')
    assert len(list((pets / "dogs").iterdir())) == before + 1
    page.keyboard.press("u")
    wait_until(lambda: len(list((pets / "dogs").iterdir())) == before)
    page.click("#use-camera")
    page.wait_for_selector("#live-answer .bars")
    page.click("#stop-camera")

    # Keep: a run by the command that is shown, and what other programs read.
    shown.open("keep")
    page.fill(".keeping input[placeholder]", "taught")
    page.wait_for_selector(".keeping .command code:has-text('--run taught')")
    page.click(".keeping button.main")
    page.wait_for_selector(".jobs article[data-state=done]")
    assert (tmp_path / "models" / "taught" / "manifest.json").is_file()
    page.wait_for_selector(".run >> text=taught")
    page.click(".run button:has-text('Export')")
    page.wait_for_selector(".jobs article[data-state=done] >> text=Exporting")
    page.evaluate("scrollTo(0, 0)")
    shown.photograph("keep")
    with page.expect_download() as download:
        page.click(".jobs button:has-text('Download')")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert any(name.endswith(".onnx") for name in archive.namelist())
    shown.close()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something on the disk."""
    end = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
