"""Answers for pictures that arrive from many sides at once, in a bounded queue that is fair."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from tl_catdog.cores import usable_cores
from tl_catdog.data.images import MAX_PIXELS, Pixels
from tl_catdog.errors import ImageError
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import peak_of
from tl_catdog.prediction.answers import Prediction, apply_policy
from tl_catdog.prediction.predictor import Answer, Predictor
from tl_catdog.prediction.rejection import Policy, policy_of
from tl_catdog.runs.folder import Run
from tl_catdog.serve.apart import Apart
from tl_catdog.serve.heat import Heatmap, overlay
from tl_catdog.serve.preview import decode_for, shown_as
from tl_catdog.serve.turns import Request, Turns
from tl_catdog.serve.weight import weigh


class QueueFullError(Exception):
    """More pictures wait already than are allowed to."""


class Answered(NamedTuple):
    """What is said of a picture: the answer, where the network looked, a small picture of it."""

    said: Prediction
    heatmap: Heatmap | None
    preview: str | None


@dataclass(frozen=True)
class Wish:
    """What a request asks for besides answers, and who asks.

    Attributes:
        explain: Where the network looked.
        preview: A small picture to show.
        client: Who asks; clients take turns.
        lost: Returns whether nobody waits for the answer any longer.
    """

    explain: bool = False
    preview: bool = False
    client: str = ""
    lost: Callable[[], bool] = lambda: False


@dataclass(eq=False)
class Ticket:
    """A request that is being answered."""

    wish: Wish
    light: Request[Job]
    heavy: Request[Job]
    jobs: list[Job] = field(default_factory=list)
    left: int = 0


@dataclass(eq=False)
class Job:
    """One picture of it."""

    data: bytes
    ticket: Ticket
    answer: asyncio.Future[Answered]


class Worker:
    """Decodes and classifies pictures on all cores, a picture a thread, which is fastest here.

    What takes long can't be interrupted in a thread, and holds up others there. So pictures that
    will, by their header, are decoded apart, in processes, one for each core but at most four.

    Args:
        run: The run.
        reject: Whether doubtful and unfamiliar pictures get the answer ``unsure``.
        queue: So many pictures may wait or be under way.
        max_pixels: Larger pictures are refused by their header.
    """

    def __init__(
        self, run: Run, *, reject: bool = True, queue: int = 256, max_pixels: int = MAX_PIXELS
    ) -> None:
        self.run = run
        self.queue = queue
        self.max_pixels = max_pixels
        self.policy: Policy | None = policy_of(run) if reject else None
        self._forward = GradCam(run)
        self._predictor = Predictor.load(run)
        cores = usable_cores()
        self._light, self._heavy = Turns[Job](), Turns[Job]()
        self._threads = ThreadPoolExecutor(cores, thread_name_prefix="answer")
        apart = max(1, min(cores - 1, 4))  # so that a core is left to all others (ADR 036)
        self._slow_threads = ThreadPoolExecutor(apart, thread_name_prefix="slow")
        self._apart = Apart(max_pixels)
        self._waiting = 0
        self._tickets: dict[Ticket, None] = {}  # in the order in which they came

    @property
    def waiting(self) -> int:
        """How many pictures wait or are under way."""
        return self._waiting

    async def answer(
        self, images: list[bytes], wish: Wish | None = None, *, seconds: float | None = None
    ) -> list[Answered]:
        """Answer for encoded pictures, in order.

        Args:
            images: The pictures.
            wish: What is asked for besides, and by whom.
            seconds: After so many, those that aren't answered yet get an error; None: never.

        Raises:
            QueueFullError: There is no room for them, or others needed it who had less of it.
            TimeoutError: None was answered in time.
        """
        ticket = self._admit(wish or Wish(), len(images))
        loop = asyncio.get_running_loop()
        try:
            for data in images:
                job = Job(data, ticket, loop.create_future())
                job.answer.add_done_callback(partial(self._leave, ticket))
                ticket.jobs.append(job)
                self._light.put(ticket.light, job)
                self._threads.submit(self._work, self._light)
            answers = [job.answer for job in ticket.jobs]
            done, late = await asyncio.wait(
                answers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for one in done:
                one.result()  # raises what it has
            if not done:
                raise TimeoutError
            error = f"not answered within {seconds:g} s" if late else None
            missing = Answered(self._failed(error), None, None)
            return [missing if one in late else one.result() for one in answers]
        finally:
            self._drop(ticket)

    def close(self) -> None:
        """Let what is under way finish."""
        self._threads.shutdown()
        self._slow_threads.shutdown()
        self._apart.close()

    def _admit(self, wish: Wish, count: int) -> Ticket:
        """Make room for a request's pictures; whoever has most of them waiting gives way."""
        held: Counter[str] = Counter()
        for ticket in self._tickets:
            held[ticket.wish.client] += ticket.left
        while self._waiting + count > self.queue:
            most = max(held, key=held.__getitem__, default="")
            mine = held[wish.client] + count
            given = [item for item in self._tickets if item.wish.client == most and item.left]
            if count > self.queue or not given or held[most] <= mine or most == wish.client:
                raise QueueFullError
            held[most] -= given[-1].left
            self._refuse(given[-1])
        ticket = Ticket(wish, self._light.open(wish.client), self._heavy.open(wish.client))
        ticket.left = count
        self._waiting += count
        self._tickets[ticket] = None
        return ticket

    def _refuse(self, ticket: Ticket) -> None:
        for job in ticket.jobs:
            if not job.answer.done():
                job.answer.set_exception(QueueFullError())
        self._waiting -= ticket.left  # at once, not when the callbacks run
        ticket.left = 0
        self._drop(ticket)

    def _drop(self, ticket: Ticket) -> None:
        """Forget a request: what has not begun never will."""
        self._light.close(ticket.light)
        self._heavy.close(ticket.heavy)
        for job in ticket.jobs:
            job.answer.cancel()
        self._waiting -= ticket.left
        ticket.left = 0
        self._tickets.pop(ticket, None)

    def _leave(self, ticket: Ticket, job: Any) -> None:
        if ticket.left:
            ticket.left -= 1
            self._waiting -= 1

    def _work(self, turns: Turns[Job]) -> None:
        """Answer for the picture that is next."""
        taken = turns.take()
        if taken is None:
            return
        request, job = taken
        began = time.perf_counter()
        outcome: Answered | BaseException | None
        try:
            outcome = self._begin(job) if turns is self._light else self._later(job)
        except BaseException as error:
            outcome = error
        finally:
            turns.done(request, time.perf_counter() - began)
        if outcome is not None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                job.answer.get_loop().call_soon_threadsafe(settle, job.answer, outcome)

    def _begin(self, job: Job) -> Answered | None:
        """Answer at once, or, of a picture that takes long, let it wait with its like."""
        if job.ticket.wish.lost():
            raise asyncio.CancelledError
        wish = job.ticket.wish
        if weigh(job.data, self.max_pixels).heavy:
            self._heavy.put(job.ticket.heavy, job)
            self._slow_threads.submit(self._work, self._heavy)
            return None
        size, most = self.run.image_size, self.max_pixels
        return self._one(wish, *decode_for(job.data, size, most, preview=wish.preview))

    def _later(self, job: Job) -> Answered:
        """Answer for a picture that takes long."""
        wish = job.ticket.wish
        if wish.lost():
            raise asyncio.CancelledError
        decoded = self._apart.decode(job.data, self.run.image_size, preview=wish.preview)
        return self._one(wish, *decoded)

    def _one(self, wish: Wish, pixels: Pixels | ImageError, small: bytes | None) -> Answered:
        if isinstance(pixels, ImageError):
            return Answered(self._failed(pixels.message), None, None)
        outputs = self._forward(pixels[None])
        (answer,) = self._predictor.answers_of([outputs])
        heatmap = None
        if wish.explain and answer.label is not None:
            target = self.run.classes.index(answer.label)
            found = self._forward.heatmap(outputs, 0, target)
            peak = peak_of(found)
            heatmap = Heatmap(overlay(found), None if peak is None else peak.words)
        return Answered(apply_policy(answer, self.policy), heatmap, shown_as(small))

    def _failed(self, why: str | None) -> Prediction:
        return apply_policy(Answer(None, None, None, why), self.policy)


def settle(future: asyncio.Future[Answered], outcome: Answered | BaseException) -> None:
    """Give a future its outcome, unless nobody waits for it any longer."""
    if future.done():
        return
    if isinstance(outcome, asyncio.CancelledError):
        future.cancel()
    elif isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
