"""An application without a server or a network, to be asked directly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httpx

from tl_catdog.prediction.answers import apply_policy
from tl_catdog.prediction.predictor import Answer
from tl_catdog.runs.folder import Run
from tl_catdog.serve.app import build_app
from tl_catdog.serve.bodies import Limits
from tl_catdog.serve.guard import Access
from tl_catdog.serve.heat import Heatmap
from tl_catdog.serve.work import Answered, QueueFullError, Wish, Worker

HOSTS = {"localhost", "mybox"}


class StubWorker:
    """Answers with a picture's own text as its label; some texts stand for trouble."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.policy = None
        self.waiting = 0

    async def answer(self, images: list[bytes], wish: Wish, *, seconds: float) -> list[Answered]:
        self.wishes.append(wish)
        if b"full" in images:
            raise QueueFullError
        if b"slow" in images:
            raise TimeoutError
        if b"fault" in images:
            raise RuntimeError("secret words")
        return [self._one(data.decode(), wish) for data in images]

    def _one(self, text: str, wish: Wish) -> Answered:
        if text == "bad":
            return Answered(apply_policy(Answer(None, None, None, "no picture"), None), None, None)
        heatmap = Heatmap(f"data:{text}", None if text == "cold" else "the middle")
        said = apply_policy(Answer(None, text, {text: 1.0}, None), None)
        preview = f"data:small {text}" if wish.preview else None
        return Answered(said, heatmap if wish.explain else None, preview)


Send = Callable[..., httpx.Response]


def sender(run: Run, worker: StubWorker) -> Send:
    """Return what sends one request to an application of its own, whose limits may differ."""

    def sending(
        method: str,
        path: str,
        *,
        limits: Limits | None = None,
        access: Access | None = None,
        **options: Any,
    ) -> httpx.Response:
        access = access or Access(HOSTS)
        app = build_app(run, limits or Limits(), cast("Worker", worker), access)

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as at:
                return await at.request(method, path, **options)

        return asyncio.run(ask())

    return sending
