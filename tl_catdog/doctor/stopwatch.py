"""Times a training while it runs: the seconds of each unit of work, such as a step or a picture."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
import psutil

from tl_catdog.training.observer import EpochResult, Observer


def memory_now() -> float:
    """Return this process's resident memory in bytes."""
    return float(psutil.Process().memory_info().rss)


class Stopwatch(Observer):
    """Observes a training; ``clock`` gives seconds.

    Attributes:
        doing: What is going on, in words.
        memory: The most bytes of memory that this process had meanwhile.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.doing, self.memory = "preparing", 0.0
        self._clock = clock
        self._pictures: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        self._epochs: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        self._steps: dict[str, int] = {}
        self._began = self._epoch_began = self._stepped = clock()

    def decoding(self, split: str, done: int, total: int) -> None:
        """Note when a picture is decoded."""
        self._pictures[f"read {split}"].append((self._now(), done))

    def extracting(self, split: str, done: int, total: int, known: int) -> None:
        """Note when a picture's features are computed."""
        self._pictures[f"read {split}"].append((self._now(), done))

    def stage_begins(self, stage: str, epochs: int, steps: int, trainable_params: int) -> None:
        """Note when a stage begins."""
        self.doing, self._steps[stage] = f"training ({stage})", steps
        self._epoch_began = self._now()

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        """Note when the last step so far ended."""
        self._stepped = self._now()

    def epoch_ends(self, result: EpochResult) -> None:
        """Note what an epoch's training and its validation took."""
        now = self._now()
        seconds = (self._stepped - self._epoch_began, now - self._stepped)
        self._epochs[result.stage].append(seconds)
        self._epoch_began = now

    def costs(self, validated: Mapping[str, int]) -> dict[str, float]:
        """Return the seconds of each unit of work, from the beginning to now.

        The units are ``read SPLIT``, a picture; ``STAGE start``; ``STAGE step``; ``STAGE
        validation``, a picture; and ``rest``, all else together. A stage of one epoch, such
        as a linear model, has but a start.

        Args:
            validated: Stage → pictures that each of its epochs was validated on.
        """
        known, found = 0.0, {}
        for unit, marks in self._pictures.items():
            (first, one), (last, all_done) = marks[0], marks[-1]
            found[unit] = (last - first) / max(1, all_done - one)
            known += last - first
        for stage, epochs in self._epochs.items():
            known += sum(sum(seconds) for seconds in epochs)
            if len(epochs) == 1:
                found[f"{stage} start"] = sum(epochs[0])
                continue
            # The first one pays for starting up.
            training, validation = np.mean(epochs[1:], axis=0).tolist()
            found[f"{stage} start"] = max(0.0, sum(epochs[0]) - training - validation)
            found[f"{stage} step"] = training / self._steps[stage]
            found[f"{stage} validation"] = validation / validated[stage]
        return {**found, "rest": self._clock() - self._began - known}

    def _now(self) -> float:
        self.memory = max(self.memory, memory_now())
        return self._clock()
