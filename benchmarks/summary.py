"""Which figures the measurements of each section give, and their targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from figures import (
    Column,
    Figure,
    Pick,
    column,
    combine,
    figure,
    first_stage,
    memory,
    points,
    printed,
    quotient,
    reached,
    wall,
)
from measure import Record
from sections import SMALL
from sets.summary import on_sets

REACHES = (0.95, 0.98, 0.99)
"""Validation accuracies whose time is told."""

SHORTEST = 12.0
"""Seconds that training a head again may take in any case."""

IMPORTS = 1.5
"""Imports of TensorFlow that training a head again may take on top of the training itself."""


def figures(records: Sequence[Record]) -> list[Figure]:
    """Return all figures that the measurements give, section by section."""
    sections = (baseline, mobilenet, retraining, prediction, startup, growth, on_sets)
    return [item for section in sections for item in section(records) if item.values]


def summarise(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return all figures as the results file keeps them."""
    return [item.to_json() for item in figures(records)]


def baseline(records: Sequence[Record]) -> list[Figure]:
    """Compare our baseline with the notebook: seconds and accuracy."""
    ours = column(records, "a", "ours", wall)
    validation = column(records, "a", "ours", printed("accuracy", "validation"))
    test = column(records, "a", "ours", printed("accuracy", "test"))
    found = []
    for peer in ("notebook", "notebook --augment"):
        seconds = column(records, "a", peer, wall)
        found.append(figure("a", f"{peer} / ours, seconds", combine(quotient, seconds, ours)))
        for key, name, mine in (
            ("best", f"ours − {peer}'s best, validation", validation),
            ("final", f"ours − {peer}'s final, validation", validation),
            ("test", f"ours − {peer}'s final, test", test),
        ):
            gain = combine(points, mine, column(records, "a", peer, printed(key)))
            found.append(figure("a", name, gain, unit="points"))
    return found


def mobilenet(records: Sequence[Record]) -> list[Figure]:
    """Compare our transfer learning with the tutorial: each stage, time to accuracy, accuracy."""
    one = column(records, "b", "ours", wall)
    two = column(records, "b", "ours --finetune", wall)
    frozen_end = column(records, "b", "tutorial", printed("frozen_seconds"))
    end = column(records, "b", "tutorial", printed("seconds"))
    second = combine(
        lambda whole, frozen, both, first: quotient(whole - frozen, both - first),
        *(end, frozen_end, two, one),
    )
    frozen = combine(quotient, frozen_end, one)
    quickly = combine(quotient, frozen_end, column(records, "b", "ours, Lite1", wall))
    soon = combine(quotient, frozen_end, column(records, "b", "ours", reached(REACHES[-1])))
    found = [
        figure("b", f"tutorial's frozen epochs / our time to {REACHES[-1]:.3f}", soon, at_least=8),
        figure("b", "tutorial's frozen epochs / our command", frozen, at_least=12),
        figure("b", "tutorial's frozen epochs / our command, Lite1", quickly, at_least=12),
        figure("b", "tutorial's fine-tuning / ours", second, at_least=5),
    ]
    for accuracy in REACHES:
        theirs = column(records, "b", "tutorial", reached(accuracy))
        for name in ("ours", "ours --finetune"):
            sooner = combine(quotient, theirs, column(records, "b", name, reached(accuracy)))
            found.append(figure("b", f"time to {100 * accuracy:.0f} %, tutorial / {name}", sooner))
    for split, prefix in (("validation", ""), ("test", "test_")):
        for name, stage in (
            ("ours", "frozen"),
            ("ours, Lite1", "frozen"),
            ("ours --finetune", "finetuned"),
        ):
            mine = column(records, "b", name, printed("accuracy", split))
            gain = combine(points, mine, column(records, "b", "tutorial", printed(prefix + stage)))
            found.append(figure("b", f"{name} − tutorial {stage}, {split}", gain, unit="points"))
    return found


def retraining(records: Sequence[Record]) -> list[Figure]:
    """Compare training another head with what it may take."""
    ours = column(records, "c", "head again", wall)
    head = column(records, "c", "head again", first_stage)
    importing = column(records, "c", "import tensorflow", wall)
    tutorial = column(records, "b", "tutorial", printed("frozen_seconds"))
    share = combine(
        lambda mine, training, start: mine / max(SHORTEST, IMPORTS * start + training),
        *(ours, head, importing),
    )
    return [
        figure("c", "head again, seconds", ours, unit="s"),
        figure("c", "head again / what it may take", share, at_most=1),
        figure("c", "tutorial's frozen epochs / head again", combine(quotient, tutorial, ours)),
    ]


def prediction(records: Sequence[Record]) -> list[Figure]:
    """Compare the rates of prediction.

    Ours is steady between a small folder and a larger one: what every command pays once is in
    both and falls out of the difference.
    """

    def count(name: str) -> Column:
        return column(records, "d", name, printed("n"))

    def rate(name: str, seconds: Pick) -> Column:
        return combine(quotient, count(name), column(records, "d", name, seconds))

    def steady(large: str, small: str) -> Column:
        return combine(
            lambda n, m, t, s: quotient(n - m, t - s),
            *(count(large), count(small)),
            *(column(records, "d", large, wall), column(records, "d", small, wall)),
        )

    rates = {
        "ours, whole command": rate("ours", wall),
        "ours, steady": steady("ours", f"ours, {SMALL} pictures"),
        "Keras, whole command": rate("Keras", wall),
        "Keras, predict alone": rate("Keras", printed("predict_seconds")),
        "bare forward pass": rate("bare forward pass", printed("forward_seconds")),
        "camera pictures, ours, steady": steady("ours, camera", "ours, few camera"),
        "camera pictures, Keras, predict alone": rate("Keras, camera", printed("predict_seconds")),
    }

    def ratio(mine: str, theirs: str, at_least: float | None = None) -> Figure:
        found = combine(quotient, rates[mine], rates[theirs])
        return figure("d", f"{mine} / {theirs}", found, at_least=at_least)

    return [
        *(figure("d", name, found, unit="pictures/s") for name, found in rates.items()),
        ratio("ours, whole command", "Keras, whole command", at_least=2),
        ratio("ours, steady", "Keras, predict alone", at_least=4),
        ratio("ours, steady", "bare forward pass", at_least=1),
        ratio("camera pictures, ours, steady", "camera pictures, Keras, predict alone"),
    ]


def startup(records: Sequence[Record]) -> list[Figure]:
    """Compare how soon the commands answer."""
    names = ("--help", "empty Typer app", "predict one picture", "import tensorflow")
    shown, empty, one, importing = (column(records, "e", name, wall) for name in names)
    return [
        figure("e", "--help / an empty Typer app", combine(quotient, shown, empty), at_most=2),
        figure("e", "predict one picture, seconds", one, unit="s", at_most=1),
        figure("e", "predict one / import tensorflow", combine(quotient, one, importing)),
    ]


def growth(records: Sequence[Record]) -> list[Figure]:
    """Compare memory and time per picture with the smallest size but the calibrating one.

    Time beyond the calibrating size leaves out what every command pays once.
    """
    matches = (re.fullmatch(r"train (\d+)", r["name"]) for r in records if r["section"] == "f")
    sizes = sorted({int(match[1]) for match in matches if match})
    found: list[Figure] = []
    for n in sizes[2:]:
        for verb in ("train", "predict"):
            found += _grown(records, verb, n, first=sizes[1], tiny=sizes[0])
    return found


def _grown(records: Sequence[Record], verb: str, n: int, first: int, tiny: int) -> list[Figure]:
    def taken(size: int, pick: Pick) -> Column:
        return column(records, "f", f"{verb} {size}", pick)

    def plain(large: float, small: float) -> float | None:
        return quotient(large / n, small / first)

    def marginal(large: float, small: float, least: float) -> float | None:
        return quotient((large - least) / (n - tiny), (small - least) / (first - tiny))

    def ratio(what: str, function: Callable[..., float | None], *columns: Column) -> Figure:
        name = f"{verb} {n:,} / {first:,}, {what}"
        return figure("f", name, combine(function, *columns), at_most=1.1)

    seconds = [taken(size, wall) for size in (n, first, tiny)]
    return [
        ratio("peak memory", quotient, taken(n, memory), taken(first, memory)),
        ratio("time each", plain, *seconds[:2]),
        ratio("time each, no start-up", marginal, *seconds),
    ]
