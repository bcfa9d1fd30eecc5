"""Answers for pictures that arrive from many sides at once, in a bounded queue."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tl_catdog.cores import usable_cores
from tl_catdog.data.images import try_decode
from tl_catdog.errors import ImageError
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import peak_of
from tl_catdog.prediction.answers import Prediction, apply_policy
from tl_catdog.prediction.predictor import Answer, Predictor
from tl_catdog.prediction.rejection import Policy, policy_of
from tl_catdog.runs.folder import Run
from tl_catdog.serve.heat import Heatmap, overlay


class QueueFullError(Exception):
    """More pictures wait already than are allowed to."""


class Worker:
    """Decodes and classifies pictures on all cores, a picture a thread, which is fastest here.

    Args:
        run: The run.
        reject: Whether doubtful and unfamiliar pictures get the answer ``unsure``.
        queue: So many pictures may wait or be under way.
    """

    def __init__(self, run: Run, *, reject: bool = True, queue: int = 256) -> None:
        self.run = run
        self.queue = queue
        self.policy: Policy | None = policy_of(run) if reject else None
        self._forward = GradCam(run)
        self._predictor = Predictor.load(run)
        self._threads = ThreadPoolExecutor(usable_cores(), thread_name_prefix="answer")
        self._waiting = 0

    async def answer(
        self, images: list[bytes], *, explain: bool = False
    ) -> list[tuple[Prediction, Heatmap | None]]:
        """Answer for encoded pictures, in order.

        Raises:
            QueueFullError: There is no room for them.
        """
        if self._waiting + len(images) > self.queue:
            raise QueueFullError
        self._waiting += len(images)
        loop = asyncio.get_running_loop()
        jobs = []
        for data in images:
            job = loop.run_in_executor(self._threads, functools.partial(self._one, data, explain))
            job.add_done_callback(self._done)
            jobs.append(job)
        return list(await asyncio.gather(*jobs))

    def close(self) -> None:
        """Let what is under way finish."""
        self._threads.shutdown()

    def _done(self, job: Any) -> None:
        self._waiting -= 1

    def _one(self, data: bytes, explain: bool) -> tuple[Prediction, Heatmap | None]:
        pixels = try_decode(data, self.run.image_size)
        if isinstance(pixels, ImageError):
            return apply_policy(Answer(None, None, None, pixels.message), self.policy), None
        outputs = self._forward(pixels[None])
        (answer,) = self._predictor.answers_of([outputs])
        heatmap = None
        if explain and answer.label is not None:
            target = self.run.classes.index(answer.label)
            found = self._forward.heatmap(outputs, 0, target)
            peak = peak_of(found)
            heatmap = Heatmap(overlay(found), None if peak is None else peak.words)
        return apply_policy(answer, self.policy), heatmap
