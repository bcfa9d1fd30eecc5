"""The page in a real browser, on a real server; it may neither complain nor call anybody else."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.teach.sites import picture

GIVE = """([event, to, files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files) {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
  }
  const options = {bubbles: true, cancelable: true};
  document.querySelector(to).dispatchEvent(event === "drop"
    ? new DragEvent("drop", {...options, dataTransfer: transfer})
    : new ClipboardEvent("paste", {...options, clipboardData: transfer}));
}"""


@dataclass
class Taught:
    """A page and the folder behind it.

    Attributes:
        page: Playwright's.
        folder: The folder.
        wrong: What it complained of, and answers that say no.
    """

    page: Any
    folder: Path
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Hear what goes wrong."""
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda sent: self._sent(sent.url))

    def _said(self, said: Any) -> None:
        if said.type == "error":
            self.wrong.append(said.text)

    def _sent(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "http://localhost:", "blob:", "data:")):
            self.wrong.append(url)

    def open(self, address: str, tab: str = "collect") -> Taught:
        """Open it, at a tab."""
        self.page.goto(address)
        self.page.wait_for_selector("#others button")
        if tab != "collect":
            self.page.click(f"#tab-{tab}")
        return self

    def asked(self, *but: str) -> str:
        """Return the id of the picture that is asked about, once it is none of some."""
        script = """but => { const {id} = document.getElementById("picture").dataset;
          return id && !but.includes(id) ? id : null; }"""
        return str(self.page.wait_for_function(script, arg=list(but)).json_value())

    def asks(self, id: str) -> None:
        """Wait until the page asks about a picture."""
        script = "id => document.getElementById('picture').dataset.id === id"
        self.page.wait_for_function(script, arg=id)

    def press(self, key: str) -> str:
        """Answer the picture that is asked about; return its id once the next one is there."""
        id = self.asked()
        self.page.keyboard.press(key)
        self.asked(id)
        return id

    def counts(self, **wanted: int) -> None:
        """Wait until classes have so many pictures, on the page and on the disk."""
        script = """wanted => { const rows = [...document.querySelectorAll("#classes .kind")]
          .map((row) => [row.querySelector(".name"), row.querySelector(".number")]
            .map((part) => part.textContent));
          return JSON.stringify(rows) === JSON.stringify(wanted); }"""
        rows = [[name, f"{number:,}"] for name, number in wanted.items()]
        self.page.wait_for_function(script, arg=rows)
        assert {name: len(self.files(name)) for name in wanted} == wanted

    def files(self, name: str) -> list[Path]:
        """Return a class's files."""
        return [path for path in (self.folder / name).rglob("*") if path.is_file()]

    def give(self, event: str, to: str, *files: tuple[str, str, bytes]) -> None:
        """Drop or paste files: name, media type and bytes of each."""
        rows = [[name, kind, base64.b64encode(data).decode()] for name, kind, data in files]
        self.page.evaluate(GIVE, [event, to, rows])

    def fits(self) -> bool:
        """Return whether nothing is wider than the window."""
        script = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        return bool(self.page.evaluate(script))

    def says(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.page.wait_for_selector(f"text={text}")


class Held:
    """Requests to an address, whose answers wait until they are let go.

    Args:
        page: Playwright's.
        pattern: The address, with ``*``.
        method: Of these requests alone; "" for all.
    """

    def __init__(self, page: Any, pattern: str, method: str = "") -> None:
        self.page, self.pattern, self.method = page, pattern, method
        self.waiting: list[Any] | None = []
        page.route(pattern, self._came)

    def _came(self, route: Any) -> None:
        if self.waiting is not None and self.method in ("", route.request.method):
            self.waiting.append(route)
        else:
            route.fallback()

    def wait(self) -> None:
        """Wait until there is one."""
        for _ in range(3000):
            if self.waiting:
                return
            self.page.wait_for_timeout(20)
        raise TimeoutError(f"waited a minute for a request to {self.pattern}")

    def let_go(self) -> None:
        """Let those that wait go on, and all that come."""
        waiting, self.waiting = self.waiting, None
        for route in waiting or ():
            route.continue_()


def lose_answers(page: Any, pattern: str) -> list[str]:
    """Lose the first two answers to what is posted to an address, which is done all the same.

    Returns:
        The bodies of what is sent, as it comes.
    """
    sent: list[str] = []

    def came(route: Any) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        sent.append(route.request.post_data)
        if len(sent) < 3:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(pattern, came)
    return sent


def filled(root: Path, size: int = 64, **counts: int) -> Path:
    """Make a folder with so many pictures of each class; ``unlabelled`` is the one of none."""
    number = 0
    for name, many in counts.items():
        (root / name).mkdir(parents=True)
        for _ in range(many):
            number += 1
            (root / name / f"{number:05}.png").write_bytes(picture(number, size))
    return root


def files_of(*numbers: int) -> list[dict[str, Any]]:
    """Return pictures as Playwright gives them to a file dialogue."""
    return [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": picture(number, 48)}
        for number in numbers
    ]
