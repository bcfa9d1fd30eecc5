"""The server's page in a real browser: it may neither complain nor call anybody else."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tl_catdog.drawings import draw
from tl_catdog.runs.folder import SHIPPED

ADDRESS = re.compile(r"answers at (http://\S+)/")

GIVE = """([event, files, texts]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
  }
  for (const [type, text] of Object.entries(texts)) transfer.setData(type, text);
  const options = {bubbles: true, cancelable: true};
  document.getElementById("drop").dispatchEvent(event === "drop"
    ? new DragEvent("drop", {...options, dataTransfer: transfer})
    : new ClipboardEvent("paste", {...options, clipboardData: transfer}));
}"""

ANSWERED = """n => {
  const cards = document.querySelectorAll("#answers .card");
  return cards.length === n && ![...cards].some((card) => card.matches(".waiting"));
}"""


def photo(seed: int = 0, size: int = 96) -> bytes:
    """Return a drawing as a JPEG."""
    out = io.BytesIO()
    draw("cat", seed=seed, size=size).image.save(out, "JPEG")
    return out.getvalue()


def uploads(*seeds: int) -> list[dict[str, Any]]:
    """Return pictures as Playwright gives them to a file dialogue, named by their numbers."""
    return [
        {"name": f"{seed:03}.jpg", "mimeType": "image/jpeg", "buffer": photo(seed % 8)}
        for seed in seeds
    ]


def row(**probabilities: float) -> dict[str, Any]:
    """Return an answer as the server gives it."""
    label = max(probabilities, key=probabilities.__getitem__)
    return {
        "path": "x",
        "label": label,
        "probabilities": probabilities,
        "error": None,
        "answer": label,
        "doubt": None,
        "novelty": 0.1,
        "heat": None,
        "looks": None,
    }


@dataclass
class Seen:
    """A page and what it must not do."""

    page: Any
    address: str
    troubles: list[str] = field(default_factory=list)

    def give(
        self,
        event: str,
        files: Sequence[tuple[str, str, bytes]] = (),
        texts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Drop or paste files (name, type, bytes) and texts by their type (``text/plain``)."""
        told = [(name, kind, base64.b64encode(data).decode()) for name, kind, data in files]
        self.page.evaluate(GIVE, [event, told, dict(texts)])

    def drop_paths(self, *paths: Path) -> None:
        """Drop files and folders of the disk, as a hand does."""
        box = self.page.locator("#drop").bounding_box()
        assert box is not None
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send(
                "Input.dispatchDragEvent",
                {"type": kind, "x": box["x"] + 20, "y": box["y"] + 20, "data": data},
            )

    def choose(self, files: Sequence[dict[str, Any]]) -> None:
        """Choose files."""
        self.page.set_input_files("#files", list(files))

    def labels(self, count: int) -> list[str]:
        """Wait for so many answers; return their labels in the order of the page."""
        # A function: what is polled as text would be evaluated, which the page forbids.
        self.page.wait_for_function(ANSWERED, arg=count)
        return [item.inner_text() for item in self.page.query_selector_all("#answers .label")]

    def names(self) -> list[str]:
        """Return the names of the pictures that are shown, in order."""
        cards = self.page.query_selector_all("#answers .card:not([hidden]) .name")
        return [item.inner_text() for item in cards]

    def notes(self) -> list[str]:
        """Return what the page says beside answers."""
        self.page.wait_for_selector("#notes .note")
        return [item.inner_text() for item in self.page.query_selector_all("#notes .note > span")]

    def answer_with(self, rows: Callable[[str], Any], status: int = 200) -> list[str]:
        """Answer for the server, by a picture's name; return the names in the order asked."""
        asked: list[str] = []

        def reply(route: Any) -> None:
            name = re.search(rb'filename="([^"]*)"', route.request.post_data_buffer)
            assert name
            asked.append(name[1].decode())
            found = {"answers": [rows(asked[-1])]}
            route.fulfill(status=status, json=found)

        self.page.route("**/predict?*", reply)
        return asked

    def fits(self) -> bool:
        """Tell whether nothing sticks out sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


Open = Callable[..., Seen]


@pytest.fixture(scope="session")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the run that ships, for all tests of the page; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tl_catdog", "serve", "--run", str(SHIPPED), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path_factory.mktemp("page"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    found = ADDRESS.search(process.stdout.readline())
    assert found, process.communicate()[1]
    yield found[1]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.fixture
def see(browser: Any, page_server: str) -> Iterator[Open]:
    """Open the page at a width, in a context of its own."""
    opened: list[Seen] = []

    def opening(
        width: int = 1280,
        *,
        path: str = "/",
        server: str = "",
        about: dict[str, Any] | None = None,
        script: str | None = None,
        expect: str | None = None,
        **options: Any,
    ) -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        page = context.new_page()
        page.set_default_timeout(15_000)
        address = server or page_server
        seen = Seen(page, address)

        def complain(text: str) -> None:
            if expect is None or not re.search(expect, text):
                seen.troubles.append(text)

        page.on("console", lambda said: complain(said.text))
        page.on("pageerror", lambda error: complain(str(error)))

        def elsewhere(sent: Any) -> None:
            if not sent.url.startswith((address, "data:", "blob:")):
                seen.troubles.append(sent.url)

        page.on("request", elsewhere)
        if about is not None:
            page.route("**/about", lambda route: route.fulfill(body=json.dumps(about)))
        if script is not None:
            page.add_init_script(script)
        page.goto(f"{address}{path}")
        if "docs" not in path:
            page.wait_for_selector(".tile img")
        opened.append(seen)
        return seen

    yield opening
    for seen in opened:
        seen.page.context.close()
        assert seen.troubles == []
