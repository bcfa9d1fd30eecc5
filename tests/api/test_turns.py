"""Trainings of one process take turns, say why not, and leave what the program shares with them."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tl_catdog as tl
from tests.conftest import Trained
from tl_catdog.api.turns import turn
from tl_catdog.errors import UsageError
from tl_catdog.training.observer import EpochResult, Observer

SETTINGS: dict[str, Any] = {"arch": "baseline", "image_size": 32, "epochs": 1}


def test_threads_take_turns_and_are_told_to_wait() -> None:
    log: list[str] = []
    inside = threading.Event()

    def train(name: str) -> None:
        with turn(lambda: log.append(f"{name} waits")):
            log.append(f"{name} begins")
            inside.set()
            time.sleep(0.05)
            log.append(f"{name} ends")

    first, second = (threading.Thread(target=train, args=(name,)) for name in ("one", "two"))
    first.start()
    inside.wait()
    second.start()
    first.join()
    second.join()
    assert log == ["one begins", "two waits", "one ends", "two begins", "two ends"]


def test_a_training_that_ends_with_an_error_leaves_its_place() -> None:
    with pytest.raises(ZeroDivisionError), turn():
        raise ZeroDivisionError
    thread = threading.Thread(target=lambda: turn().__enter__())
    with turn():
        pass
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_the_programs_random_numbers_go_on_as_if_nobody_had_trained() -> None:
    random.seed(5)
    np.random.seed(6)
    expected = random.Random(5).random(), np.random.RandomState(6).rand()
    with turn():
        random.seed(0)
        np.random.seed(0)
        random.random()
    assert (random.random(), np.random.rand()) == expected


def _trains() -> bool:
    with turn():
        return True


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_doesnt_wait_for_its_parents_training() -> None:
    with turn(), multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_trains).get(timeout=60)


def kept(classifier: tl.Classifier) -> list[bytes]:
    folder = classifier.run.path
    return [(folder / name).read_bytes() for name in ("model.onnx", "predictions/validation.csv")]


def test_an_observer_that_trains_is_told_why_not_and_may_predict(
    trained: Trained, tmp_path: Path
) -> None:
    heard: list[object] = []

    class Trains(Observer):
        def epoch_ends(self, result: EpochResult) -> None:
            with pytest.raises(UsageError, match="under way in this thread"):
                tl.train(trained.data, runs_dir=str(tmp_path), **SETTINGS)
            heard.append(tl.load("cats-dogs").predict(np.zeros((4, 4), np.uint8))[0].label)

    tl.train(trained.data, runs_dir=str(tmp_path), observer=Trains(), **SETTINGS)
    assert len(heard) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["baseline"]


@pytest.mark.slow
def test_trainings_in_threads_give_what_they_give_one_after_the_other(
    trained: Trained, tmp_path: Path
) -> None:
    """To the bit, whatever else the program does meanwhile."""
    found: dict[int, list[bytes]] = {}
    done = threading.Event()
    shipped = tl.load("cats-dogs")
    picture = next(trained.data.glob("test/*/*"))
    expected = shipped.predict(picture)
    answers = []

    def train(seed: int, place: str) -> list[bytes]:
        runs_dir = str(tmp_path / place)
        return kept(tl.train(trained.data, runs_dir=runs_dir, seed=seed, **SETTINGS))

    def explain() -> None:  # builds a network, whose first weights are drawn
        while not done.is_set():
            answers.append(shipped.predict(picture))
            shipped.explain(picture)

    one_after_the_other = {seed: train(seed, f"alone-{seed}") for seed in (1, 2)}
    threads = [
        threading.Thread(target=lambda seed=seed: found.update({seed: train(seed, "threads")}))
        for seed in (1, 2)
    ]
    other = threading.Thread(target=explain)
    for thread in (*threads, other):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    other.join()
    assert found == one_after_the_other
    assert found[1] != found[2]
    assert answers == [expected] * len(answers)
