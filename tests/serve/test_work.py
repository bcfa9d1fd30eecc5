"""Answers from many sides at once: in order, within the queue, with heatmaps when asked for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import COLOURS, paint
from tests.support.made_up import network_run, small_network
from tl_catdog.data.images import decode
from tl_catdog.errors import ImageError
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import peak_of
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.prediction.rejection import Policy, Selection
from tl_catdog.runs.folder import Run
from tl_catdog.serve import work
from tl_catdog.serve.heat import overlay
from tl_catdog.serve.preview import decode_for
from tl_catdog.serve.work import Answered, QueueFullError, Wish, Worker

CLASSES = ("ant", "bee", "fly")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    graph, _ = small_network(units=3, pool=4, seed=4)
    return network_run(tmp_path_factory.mktemp("runs"), graph, size=32, classes=CLASSES)


@pytest.fixture
def pictures(tmp_path: Path) -> list[bytes]:
    return [
        paint(tmp_path / f"{number}.png", colour, number).read_bytes()
        for number, colour in enumerate(COLOURS)
    ]


@pytest.fixture
def worker(run: Run) -> Iterator[Worker]:
    found = Worker(run, reject=False, queue=4)
    yield found
    found.close()


def ask(worker: Worker, images: list[bytes], **wish: Any) -> list[Answered]:
    return asyncio.run(worker.answer(images, Wish(**wish)))


def test_answers_are_those_of_predict_in_the_order_given(
    run: Run, worker: Worker, pictures: list[bytes]
) -> None:
    wanted = [answer.probabilities for answer in Predictor.load(run).answers(pictures)]
    found = ask(worker, pictures)
    assert [said.probabilities for said, _, _ in found] == wanted
    assert len({str(row) for row in wanted}) == len(pictures)


def test_the_first_to_be_ready_does_not_come_first(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_done = threading.Event()

    def slow(data: bytes, size: int, max_pixels: int, *, preview: bool) -> Any:
        if data == b"first":
            assert second_done.wait(20)
        second_done.set()
        return ImageError(data.decode()), None

    monkeypatch.setattr(work, "decode_for", slow)
    monkeypatch.setattr(work, "usable_cores", lambda: 2)
    worker = Worker(run, reject=False)
    assert [said.error for said, _, _ in ask(worker, [b"first", b"second"])] == ["first", "second"]
    worker.close()


def test_a_picture_that_cannot_be_read_leaves_the_others_alone(
    worker: Worker, pictures: list[bytes]
) -> None:
    (good, heat, _), (bad, none, _), (other, _, _) = ask(
        worker, [pictures[0], b"text", pictures[1]], explain=True
    )
    assert (good.error, other.error) == (None, None)
    assert heat is not None
    assert none is None
    assert bad.label is None
    assert "not a JPEG" in str(bad.error)


class Gate:
    """Holds pictures up where they are decoded."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def decode(self, data: bytes, size: int, max_pixels: int, *, preview: bool) -> Any:
        assert self.open.wait(3)
        if data == b"fault":
            raise RuntimeError("a fault")
        return decode_for(data, size, max_pixels, preview=preview)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    found = Gate()
    monkeypatch.setattr(work, "decode_for", found.decode)
    return found


def test_the_queue_takes_just_as_many_as_it_says(
    worker: Worker, pictures: list[bytes], gate: Gate
) -> None:
    async def steps() -> None:
        first = asyncio.create_task(worker.answer(pictures[:3]))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await worker.answer(pictures[:2])
        last = asyncio.create_task(worker.answer(pictures[:1]))  # fills it; none was half taken
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await worker.answer(pictures[:1])
        gate.open.set()
        assert (len(await first), len(await last)) == (3, 1)
        with pytest.raises(QueueFullError):
            await worker.answer([*pictures, pictures[0]])  # as at the beginning
        assert len(await worker.answer(pictures)) == 4  # there is room for all again

    asyncio.run(steps())


def test_more_than_the_queue_holds_are_refused_though_it_is_empty(
    worker: Worker, pictures: list[bytes]
) -> None:
    with pytest.raises(QueueFullError):
        ask(worker, [*pictures, pictures[0]])
    assert len(ask(worker, pictures)) == 4


def test_room_is_made_again_after_an_error(
    worker: Worker, pictures: list[bytes], gate: Gate
) -> None:
    gate.open.set()

    async def steps() -> None:
        for _ in range(3):
            with pytest.raises(RuntimeError, match="a fault"):
                await worker.answer([b"fault"] * 4)
            await asyncio.sleep(0.05)  # the rest of them end too
        assert len(await worker.answer(pictures)) == 4

    asyncio.run(steps())


def test_who_gives_up_still_waits_until_the_work_is_done(
    worker: Worker, pictures: list[bytes], gate: Gate
) -> None:
    async def steps() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await worker.answer(pictures)
        gate.open.set()
        for _ in range(100):
            try:
                found = await worker.answer(pictures)
                break
            except QueueFullError:
                await asyncio.sleep(0.02)
        assert len(found) == 4

    asyncio.run(steps())


def test_closing_waits_for_what_is_under_way(run: Run, pictures: list[bytes], gate: Gate) -> None:
    worker = Worker(run, reject=False)

    async def steps() -> list[Answered]:
        asking = asyncio.create_task(worker.answer(pictures))
        await asyncio.sleep(0)
        threading.Timer(0.05, gate.open.set).start()
        worker.close()
        return await asking

    assert len(asyncio.run(steps())) == 4


def test_heatmaps_are_given_only_when_asked_for(worker: Worker, pictures: list[bytes]) -> None:
    assert [heat for _, heat, _ in ask(worker, pictures)] == [None] * 4
    assert None not in [heat for _, heat, _ in ask(worker, pictures, explain=True)]


def test_a_heatmap_is_of_the_label_and_says_where_it_peaks(
    run: Run, worker: Worker, pictures: list[bytes]
) -> None:
    forward = GradCam(run)
    answers = ask(worker, pictures, explain=True)
    for data, (said, heat, _) in zip(pictures, answers, strict=True):
        outputs = forward(decode(data, 32)[None])
        maps = [forward.heatmap(outputs, 0, target) for target in range(3)]
        assert said.label is not None
        target = CLASSES.index(said.label)
        peak = peak_of(maps[target])
        assert heat is not None
        assert heat.where == (peak and peak.words)
        assert heat.overlay == overlay(maps[target])
        others = [other for other in range(3) if other != target]
        assert all(not np.array_equal(maps[target], maps[other]) for other in others)


def test_where_nothing_is_hot_no_place_is_named(
    worker: Worker, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GradCam, "heatmap", lambda *_: np.zeros((3, 3), np.float32))
    ((_, found, _),) = ask(worker, pictures[:1], explain=True)
    assert found is not None
    assert found.where is None
    assert found.overlay == overlay(np.zeros((3, 3), np.float32))


@pytest.mark.parametrize("reject", [True, False])
def test_doubtful_pictures_are_unsure_only_where_answers_may_be_withheld(
    run: Run, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch, reject: bool
) -> None:
    nobody = Policy(0.99, confidence=1.1, novelty=None, validation=Selection(9, 0, 0))
    monkeypatch.setattr(work, "policy_of", lambda _: nobody)
    worker = Worker(run, reject=reject)
    (said, heat, _), (bad, _, _) = ask(worker, [pictures[0], b"text"], explain=True)
    worker.close()
    assert (said.answer == "unsure") == reject
    assert said.policy_applied == bad.policy_applied == reject
    assert said.label in CLASSES
    assert heat is not None  # what it is unsure of has a label all the same
    assert bad.answer is None


def test_whoever_has_most_waiting_gives_way_when_the_queue_is_full(
    worker: Worker, pictures: list[bytes], gate: Gate
) -> None:
    async def steps() -> None:
        first = asyncio.create_task(worker.answer(pictures[:2], Wish(client="greedy")))
        second = asyncio.create_task(worker.answer(pictures[:2], Wish(client="greedy")))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await worker.answer(pictures[:1], Wish(client="greedy"))
        with pytest.raises(QueueFullError):
            await worker.answer(pictures, Wish(client="as greedy"))
        other = asyncio.create_task(worker.answer(pictures[:1], Wish(client="modest")))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError):
            await second
        gate.open.set()
        assert (len(await first), len(await other)) == (2, 1)
        assert len(await worker.answer(pictures)) == 4  # all room is there again

    asyncio.run(steps())
    assert worker.waiting == 0


def test_what_nobody_waits_for_is_not_begun(
    worker: Worker, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def decoding(data: bytes, size: int, max_pixels: int, *, preview: bool) -> Any:
        decoded.append(data)
        return decode_for(data, size, max_pixels, preview=preview)

    monkeypatch.setattr(work, "decode_for", decoding)
    with pytest.raises(asyncio.CancelledError):
        ask(worker, pictures, lost=lambda: True)
    assert decoded == []
    assert len(ask(worker, pictures)) == 4


def test_too_many_pixels_are_refused_by_the_worker_s_own_bound(
    run: Run, pictures: list[bytes]
) -> None:
    worker = Worker(run, reject=False, max_pixels=10)
    (row,) = ask(worker, pictures[:1])
    worker.close()
    assert "10 allowed" in str(row.said.error)


def test_a_preview_is_given_only_when_asked_for(worker: Worker, pictures: list[bytes]) -> None:
    assert [row.preview for row in ask(worker, pictures)] == [None] * 4
    good, bad = ask(worker, [pictures[0], b"text"], preview=True)
    assert good.preview is not None
    assert good.preview.startswith("data:image/jpeg;base64,")
    assert bad.preview is None
