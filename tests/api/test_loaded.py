"""A classifier can be copied, pickled, sent to processes and shared by threads, at any time."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import tl_catdog as tl
from tl_catdog.drawings import draw
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import shipped_run

PICTURE = draw("dog", seed=5).image


def pickled(classifier: tl.Classifier) -> tl.Classifier:
    return pickle.loads(pickle.dumps(classifier))  # type: ignore[no-any-return]


WAYS: dict[str, Callable[[tl.Classifier], tl.Classifier]] = {
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": pickled,
    "pickled twice": lambda classifier: pickled(pickled(classifier)),
}


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_another_one_answers_the_same_to_the_bit(way: str, used: bool) -> None:
    one = tl.load("cats-dogs")
    if used:
        one.predict(PICTURE)
        one.predictor(mirror=True)
    other = WAYS[way](one)
    assert other is not one
    assert (other.run, other.name, other.classes) == (one.run, one.name, one.classes)
    assert other.predict(PICTURE) == one.predict(PICTURE)


def test_a_copy_uses_the_network_that_is_loaded_already() -> None:
    one = tl.load("cats-dogs")
    predictor = one.predictor()
    assert copy.copy(one).predictor() is predictor
    assert copy.deepcopy([one])[0].predictor() is predictor


def test_a_pickle_holds_no_network() -> None:
    one = tl.load("cats-dogs")
    before = pickle.dumps(one)
    one.predict(PICTURE)
    assert pickle.dumps(one) == before
    assert len(before) < 50_000


def a_copy(tmp_path: Path) -> tl.Classifier:
    return tl.load(shutil.copytree(shipped_run().path, tmp_path / "mine"))


def test_what_is_kept_in_a_run_later_makes_it_no_other(tmp_path: Path) -> None:
    classifier = a_copy(tmp_path)
    expected = classifier.predict(PICTURE)
    manifest = {**classifier.run.manifest, "files": {"robustness.json": "0" * 64}}
    classifier.run = replace(classifier.run, manifest=manifest)
    assert pickled(classifier).predict(PICTURE) == expected


def test_a_run_that_was_trained_anew_is_not_taken_for_the_pickled_one(tmp_path: Path) -> None:
    classifier = a_copy(tmp_path)
    content = pickle.dumps(classifier)
    path = classifier.run.path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["created"] = "2026-01-01T00:00:00+00:00"
    path.write_text(json.dumps(manifest))
    with pytest.raises(CatdogError, match="found another one at"):
        pickle.loads(content)


def test_a_run_that_is_gone_or_damaged_is_named(tmp_path: Path) -> None:
    classifier = a_copy(tmp_path)
    content = pickle.dumps(classifier)
    (classifier.run.path / "head.npz").write_bytes(b"other")
    with pytest.raises(CatdogError, match="changed"):
        pickle.loads(content).predict(PICTURE)
    shutil.rmtree(classifier.run.path)
    with pytest.raises(CatdogError, match=str(classifier.run.path)):
        pickle.loads(content)


def test_threads_that_need_a_network_at_once_load_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = Predictor.load
    ready = threading.Barrier(8)

    def counted(run: object, **options: bool) -> Predictor:
        loads.append(run)
        return load(run, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Predictor, "load", counted)
    classifier = tl.load("cats-dogs")
    found = []

    def ask() -> None:
        ready.wait()
        found.append(classifier.predict(PICTURE))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert found == [classifier.predict(PICTURE)] * 8


PROCESSES = """
import multiprocessing, os, sys, threading
from concurrent.futures import ProcessPoolExecutor

import tl_catdog as tl
from tl_catdog.api import loaded
from tl_catdog.drawings import draw

def ask(classifier):
    return classifier.predict(draw("dog", seed=5).image)

def ask_here(_):
    return ask(classifier)

if __name__ == "__main__":
    os.chdir(sys.argv[1])
    classifier = tl.load("mine", runs_dir=".")
    os.chdir("/")
    unused = tl.load(classifier.run)
    expected = ask(classifier)
    for start in ("fork", "spawn", "forkserver"):
        with ProcessPoolExecutor(1, multiprocessing.get_context(start)) as pool:
            assert list(pool.map(ask, [classifier, unused])) == [expected] * 2, start
    from joblib import Parallel, delayed
    assert Parallel(2)(delayed(ask)(item) for item in (classifier, unused)) == [expected] * 2
    # A child that was forked while another thread was loading doesn't wait for that one.
    held, done = threading.Event(), threading.Event()
    def hold():
        with loaded._loading:
            held.set()
            done.wait()
    threading.Thread(target=hold).start()
    held.wait()
    classifier = unused
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map_async(ask_here, [0]).get(timeout=60) == [expected]
    done.set()
"""


def test_processes_of_every_kind_answer_the_same_wherever_they_are(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(PROCESSES)
    a_copy(tmp_path)
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=120)
