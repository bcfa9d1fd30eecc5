"""Made-up measurements and a command that does nothing, for the tests of all this."""

from __future__ import annotations

from typing import Any

AROUND: dict[str, Any] = {
    "machine": {"cpu": "Some CPU", "cores": 2, "memory_bytes": 2**34, "system": "Linux"},
    "versions": {"tensorflow": "1", "keras": "2", "onnxruntime": "3", "tl-catdog": "0"},
    "git": {"commit": "0123456789abcdef", "changed": False},
    "pictures": {"train": 4},
    "settings": {"sizes": [2000]},
}
"""Surroundings, as a results file has them."""

FAKE = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
after = lambda name: words[words.index(name) + 1]
if words[0] == "train":
    run = pathlib.Path(after("--runs-dir"), after("--run"))
    run.mkdir(parents=True)
    stage = {{"name": "frozen", "seconds": 0.01, "val_accuracy": 0.99}}
    found = {{"validation": {{"accuracy": 0.99}}, "test": {{"accuracy": 0.98}}}}
    told = {{"evaluations": found, "stages": [stage], "timings": {{"total_seconds": 1}}}}
    (run / "manifest.json").write_text(json.dumps(told))
    row = {{"stage": "frozen", "epoch": 1, "val_accuracy": 0.99, "elapsed": 0.01}}
    (run / "metrics.jsonl").write_text(json.dumps(row) + "\\n")
    (run / "model.onnx").touch()
elif words[0] == "predict" and "--json" in words:
    for path in sorted(pathlib.Path(words[-2]).rglob("*.png")):
        print(json.dumps({{"path": str(path), "probabilities": {{"ant": 0.4, "bee": 0.6}}}}))
else:
    print(json.dumps({{"n": 16, "predict_seconds": 1, "forward_seconds": 1, "final": 0.5,
        "best": 0.5, "test": 0.5, "frozen": 0.9, "frozen_seconds": 1, "finetuned": 0.9,
        "seconds": 2, "test_frozen": 0.9, "test_finetuned": 0.9, "clock": [[1, 0.96]]}}))
"""
"""Plays our command, the peers and the interpreter; ``python`` is put in."""


def record(what: str, repeat: int, taken: float, **printed: Any) -> dict[str, Any]:
    """Return a measurement of a task such as ``a notebook``."""
    letter, name = what.split(" ", 1)
    memory = printed.pop("rss", 100.0)
    times = {"wall_seconds": taken, "user_seconds": taken, "system_seconds": 0.0}
    place = {"section": letter, "name": name, "repeat": repeat}
    return {**place, **times, "peak_rss_bytes": memory * 2**20, "printed": printed}


def made_up() -> list[dict[str, Any]]:
    """Return a measurement of each task."""
    frozen = {"frozen": 0.96, "frozen_seconds": 200.0}
    clock = [(20.0, 0.94), (40.0, 0.96), (500.0, 0.985)]
    good = {"accuracy": {"validation": 0.99}}
    found = [
        record("a ours", 1, 500.0, accuracy={"validation": 0.85, "test": 0.8}),
        record("a notebook", 1, 600.0, best=0.75, final=0.7, test=0.72),
        record("a notebook --augment", 1, 750.0, best=0.8, final=0.8),
        record("b ours", 1, 16.0, clock=[(10.0, 0.981), (16.0, 0.991)], **good),
        record("b tutorial", 1, 603.0, **frozen, finetuned=0.98, seconds=600.0, clock=clock),
        record("b ours, Lite1", 1, 10.0, clock=[(9.0, 0.995)], **good),
        record("b ours --finetune", 1, 66.0, clock=[(10.0, 0.981), (60.0, 0.995)], **good),
        record("c head again", 1, 6.0, stages=[{"name": "frozen", "seconds": 1.0}]),
        record("c import tensorflow", 1, 10.0),
        record("d ours", 1, 12.0, n=2200),
        record("d ours, 200 pictures", 1, 2.0, n=200),
        record("d Keras", 1, 54.0, n=2200, predict_seconds=50.0),
        record("d bare forward pass", 1, 13.0, n=2200, forward_seconds=12.0),
        record("d ours, camera", 1, 3.0, n=120),
        record("d ours, few camera", 1, 1.0, n=20),
        record("d Keras, camera", 1, 16.0, n=120, predict_seconds=12.0),
        record("e --help", 1, 0.3),
        record("e empty Typer app", 1, 0.2),
        record("e predict one picture", 1, 0.5),
        record("e import tensorflow", 1, 5.0),
    ]
    for verb in ("train", "predict"):
        found.append(record(f"f {verb} 200", 1, 5.0, rss=90))
        found.append(record(f"f {verb} 2000", 1, 14.0))
        found.append(record(f"f {verb} 10000", 1, 54.0, rss=105))
    return found


ON_SETS = {
    **AROUND,
    "updated": "2026-01-02T03:04:05+00:00",
    "sets": {
        "insects": {"train": 1000, "validation": 100, "test": 400},
        "pets": {"train": 60, "validation": 30},
        "tools": {"train": 9, "validation": 9},
    },
    "failures": [{"section": "g", "name": "tools: learning", "repeat": 1, "error": "no room"}],
}
"""Surroundings of the section on all sets; of one of them nothing could be measured."""


def made_up_sets() -> list[dict[str, Any]]:
    """Return measurements of two sets with two seeds; one part of one of them failed."""

    def learnt(accuracy: float, peer: float, n: int, **more: Any) -> dict[str, Any]:
        here = {"n": n, "given": n // 2, "right": n // 2 - 1}
        reject = {"precision": 0.99, "here": here, "unfamiliar": 3}
        figures: dict[str, Any] = {"n": n, "accuracy": accuracy, "balanced_accuracy": accuracy}
        figures["ece"] = 0.02
        figures["accuracy_ci"] = [0.651, 0.763]
        return {
            "judged": "test" if n == 400 else "validation",
            "whole": {**figures, "reject": reject},
            "whole, regression": {**figures, "accuracy": peer},
            "labels": {"planted": 10, "first": 8, "listed": 9, "likely": 10, "true": 7},
            **more,
        }

    few = {"n": 30, "accuracy": 0.9, "balanced_accuracy": 0.9, "ece": 0.13}
    rare = {**few, "recall": {"cats": {"value": 0.4, "n": 15}, "dogs": {"value": 1.0, "n": 15}}}
    two = {
        "classes": 2,
        **dict.fromkeys(("2x5", "2x5, regression", "2x10", "2x10, regression"), few),
        "rare": {"label": "cats", "counts": {"dogs": 60, "cats": 3}},
        **dict.fromkeys(("unequal", "unequal, regression", "unequal, balanced weights"), rare),
        "foreign insects": {"n": 50, "withheld": 50, "unfamiliar": 50},
        "foreign tools": {"n": 50, "withheld": 30, "unfamiliar": 20},
    }
    held = {"forecast": 0.02, "interval": [0.0, 0.05], "measured": 0.03, "held": True}
    curve = {"doubling 30": held, "doubling 15": {**held, "measured": 0.08, "held": False}}
    looked = {
        "check": {"n": 90, "label-conflict": 2, "leak": 1},
        "planted": {"planted": 50, "found": 49, "missed": {"cropped": 1}, "strangers": 2},
        "split": {"n": 140, "duplicate": 3},
    }
    failed = {**looked, "planted": {"error": "RuntimeError: no memory"}}
    return [
        record("g insects: learning", 1, 9.0, **learnt(0.7, 0.75, 400, classes=5)),
        record("g insects: learning", 2, 9.0, **learnt(0.72, 0.75, 400, classes=5)),
        record("g insects: copies", 1, 9.0, **{**looked, "split": {"n": 9, "leak": 1}}),
        record("g insects: copies", 2, 9.0, **failed),
        record("g insects: curve", 1, 9.0, **curve),
        record("g pets: learning", 1, 9.0, **learnt(0.9, 0.88, 30, **two)),
        record("g pets: copies", 1, 9.0, **looked),
        record("g pets: curve", 1, 9.0, **{"doubling 30": held}),
        record("g pets: tutorial", 1, 9.0, frozen=0.85),
    ]
