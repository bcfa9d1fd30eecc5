"""Answers for pictures that arrive from many sides at once, in a bounded queue."""

from __future__ import annotations

import asyncio
import base64
import functools
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tl_catdog.cores import usable_cores
from tl_catdog.data.images import try_decode
from tl_catdog.errors import ImageError
from tl_catdog.explain.gradcam import GradCam
from tl_catdog.explain.location import peak_of
from tl_catdog.prediction.answers import Prediction, apply_policy
from tl_catdog.prediction.predictor import Answer, Predictor
from tl_catdog.prediction.rejection import Policy, policy_of
from tl_catdog.runs.folder import Run

RED = (214, 40, 40)
OPAQUE = 200  # of 255, where the heatmap is greatest


class QueueFullError(Exception):
    """More pictures wait already than are allowed to."""


@dataclass(frozen=True)
class Heatmap:
    """Where the network looked: a picture to lay over, as a data URI, and the peak in words."""

    overlay: str
    where: str | None


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
            heatmap = Heatmap(_overlay(found), None if peak is None else peak.words)
        return apply_policy(answer, self.policy), heatmap


def _overlay(heatmap: npt.NDArray[np.float32]) -> str:
    """Return a heatmap, (H, W), 0..1, as the data URI of a red PNG, opaque where it is great."""
    pixels = np.empty((*heatmap.shape, 4), np.uint8)
    pixels[..., :3] = RED
    pixels[..., 3] = np.rint(OPAQUE * heatmap)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
