"""A page's application without a server, on a folder of painted pictures."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
from PIL import Image

from tl_catdog.serve.guard import Access
from tl_catdog.teach.app import build_app
from tl_catdog.teach.heads import Head
from tl_catdog.teach.learned import Learned, Learning
from tl_catdog.teach.news import News
from tl_catdog.teach.site import Site
from tl_catdog.teach.state import State
from tl_catdog.teach.thumbs import Thumbs
from tl_catdog.teach.trial import Answer, Trial
from tl_catdog.teach.uploads import Bound

PIXELS = 10**6


def picture(number: int, size: int = 24, format: str = "PNG") -> bytes:
    """Return a small picture, another one for each number."""
    rng = np.random.default_rng(number)
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (size, size, 3), np.uint8)).save(out, format)
    return out.getvalue()


@dataclass
class StubLearner:
    """Has learned what it is given."""

    found: Learned | None = None
    failure: str | None = None

    def latest(self) -> Learned | None:
        return self.found

    def status(self) -> Learning:
        return Learning("looking", 3, 7)


class StubTrial:
    """Answers the first class of the head."""

    size = 32

    def answer(self, pixels: Any, head: Head, *when: Any, explain: bool = True) -> Answer:
        assert pixels.shape == (32, 32, 3)
        chances = dict.fromkeys(head.classes, 1 / len(head.classes))
        return Answer(chances, head.classes[0], None, "heat" if explain else None, None, 5)


def learned(*classes: str) -> Learned:
    """Return what is learned once there is a head."""
    kernel = np.zeros((4, 1), np.float32)
    head = Head(tuple(classes), kernel, np.zeros(1, np.float32), 1.0, 1.0, 5)
    return Learned(5, 5, (), 0, 0, head)


@dataclass
class Asked:
    """An application, asked directly."""

    site: Site
    access: Access = field(default_factory=lambda: Access({"localhost"}))

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request."""
        app = build_app(self.site, self.access)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
                return await at.request(method, path, **options)

        return asyncio.run(ask())

    def done(self, path: str, **fields: Any) -> Any:
        """Post what must succeed; return its answer."""
        answer = self("POST", f"/teach/{path}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def add(self, *numbers: int, label: str = "") -> list[str]:
        """Add pictures; return their ids."""
        files = [("files", (f"{number}.png", picture(number))) for number in numbers]
        answer = self("POST", f"/teach/pictures?class={label}", files=files)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["ids"])


@contextmanager
def opened(root: Path, bound: Bound | None = None) -> Iterator[Asked]:
    """Give an application on a folder, which is made."""
    root.mkdir(exist_ok=True)
    state = State.open(root)
    trial, learner = cast("Trial", StubTrial()), StubLearner()
    site = Site(state, learner, trial, Thumbs(PIXELS), News(state.refresh), bound=bound or Bound())
    try:
        yield Asked(site)
    finally:
        site.close()
        state.close()
