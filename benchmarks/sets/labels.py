"""Wrong labels, planted and looked for with ``review``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sets.pictures import flipped, link, link_name
from sets.work import Found, Work, command
from tl_catdog.data.folders import TRAIN

PART = 0.03
"""The part of the training pictures that gets a wrong label."""


def find_flips(work: Work, train: Callable[..., Any]) -> Found:
    """Flip labels, train, and count how many of the flips ``review`` lists, and how high.

    ``first`` counts flips among as many rows as there are flips; ``listed`` those in the whole
    list; of the ``likely`` ones, ``true`` are flips. Labels that were wrong before count against.
    """
    pictures, chosen = flipped(work.set.splits[TRAIN], work.set.classes, PART, work.seed)
    data = link({**work.set.splits, TRAIN: pictures}, work.folder / "flipped")
    planted = {link_name(position, pictures[position]) for position in chosen}
    run = train(work, data, "flipped").run.path
    rows = command("review", run)["doubts"]
    hits = [row["name"].rsplit("/", 1)[-1] in planted for row in rows]
    likely = [hit for hit, row in zip(hits, rows, strict=True) if row["likely"]]
    return {
        "n": len(pictures),
        "planted": len(planted),
        "first": sum(hits[: len(planted)]),
        "listed": sum(hits),
        "rows": len(rows),
        "likely": len(likely),
        "true": sum(likely),
    }
