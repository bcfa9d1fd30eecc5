"""Pictures that take long: what they cost the others, of their request and of the rest."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COLOURS, paint
from tests.support.made_up import network_run, small_network
from tl_catdog.runs.folder import Run
from tl_catdog.serve import work
from tl_catdog.serve.apart import Apart
from tl_catdog.serve.preview import decode_for
from tl_catdog.serve.weight import Weight
from tl_catdog.serve.work import Answered, Worker


@pytest.fixture
def run(tmp_path: Path) -> Run:
    graph, _ = small_network(units=3, pool=4, seed=4)
    return network_run(tmp_path, graph, size=32, classes=("ant", "bee", "fly"))


@pytest.fixture
def pictures(tmp_path: Path) -> list[bytes]:
    return [
        paint(tmp_path / f"{number}.png", colour, number).read_bytes()
        for number, colour in enumerate(COLOURS)
    ]


def test_what_takes_long_leaves_a_thread_to_others(
    run: Run, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them wait, of however many requests, the rest are answered meanwhile."""
    release = threading.Event()
    monkeypatch.setattr(work, "usable_cores", lambda: 2)
    monkeypatch.setattr(work, "weigh", lambda data, _: Weight(9, data.startswith(b"slow")))

    def apart(self: Apart, data: bytes, size: int, *, preview: bool) -> Any:
        assert release.wait(20)
        return decode_for(pictures[0], size, 10**6, preview=preview)

    monkeypatch.setattr(Apart, "decode", apart)
    worker = Worker(run, reject=False)

    async def steps() -> list[list[Answered]]:
        held = [asyncio.create_task(worker.answer([b"slow"] * 8)) for _ in range(3)]
        await asyncio.sleep(0.05)
        found = [await worker.answer(pictures) for _ in range(3)]
        assert not any(task.done() for task in held)
        release.set()
        assert [len(await task) for task in held] == [8, 8, 8]
        return found

    assert [len(rows) for rows in asyncio.run(steps())] == [4, 4, 4]
    worker.close()


def test_what_is_not_answered_in_time_has_an_error_and_the_rest_its_answers(
    run: Run, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def decoding(data: bytes, size: int, max_pixels: int, *, preview: bool) -> Any:
        assert data != pictures[1] or release.wait(20)
        return decode_for(data, size, max_pixels, preview=preview)

    monkeypatch.setattr(work, "decode_for", decoding)
    monkeypatch.setattr(work, "usable_cores", lambda: 2)
    worker = Worker(run, reject=False)

    async def steps() -> list[Answered]:
        found = await worker.answer(pictures[:3], seconds=1)
        with pytest.raises(TimeoutError):
            await worker.answer([pictures[1]], seconds=0.05)
        release.set()
        return found

    first, late, third = asyncio.run(steps())
    worker.close()
    assert late.said.error == "not answered within 1 s"
    assert first.said.error is third.said.error is None
