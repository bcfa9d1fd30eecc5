"""What ``learning-curve`` forecasts of doubling a part of a set, against what doubling it does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sets.pictures import Splits, halves, link
from sets.work import Found, Work, attempt, command
from tl_catdog.data.folders import TRAIN

DOUBLINGS = 2
"""A quarter of the training pictures doubled, and a half."""

FEWEST = 3
"""Pictures a class, on average: the command asks for so many."""


def forecasts(work: Work) -> Found:
    """Forecast each doubling from the smaller part, and measure it on the larger one."""
    found: Found = {}
    curves: dict[int, Found] = {}
    parts = [work.set.splits]
    attempt(found, "all", lambda: curves.setdefault(0, curve(work, parts[0], 0)))
    out_of_fold = curves.get(0, {}).get("judged") == "out-of-fold"
    for step in range(1, DOUBLINGS + 1):
        if len(parts[-1][TRAIN]) >= 2 * FEWEST * len(work.set.classes):
            step_down = partial(smaller, work, parts, curves, out_of_fold)
            attempt(found, f"part {step}", step_down)
    for step in range(1, DOUBLINGS + 1):
        if step in curves and step - 1 in curves:
            small, large = curves[step], curves[step - 1]
            gain = large["accuracy"] - small["accuracy"]
            low, high = small["interval"]
            found[f"doubling {small['n']}"] = {
                "forecast": small["forecast"],
                "interval": small["interval"],
                "measured": round(gain, 6),
                "held": low <= gain <= high,
            }
    return found


def smaller(work: Work, parts: list[Splits], curves: dict[int, Found], out_of_fold: bool) -> Found:
    """Halve the last part: its training pictures, or all where all are trained on."""
    step = len(parts)
    parts.append(
        {
            split: halves(members, work.seed) if split == TRAIN or out_of_fold else members
            for split, members in parts[-1].items()
        }
    )
    return curves.setdefault(step, curve(work, parts[-1], step))


def curve(work: Work, splits: Splits, step: int) -> Found:
    """Return the last point of a curve and its forecast."""
    data: Path = work.set.root if step == 0 else link(splits, work.folder / f"curve-{step}")
    said = command(
        *("learning-curve", "--data", data, "--seed", work.seed),
        *("--image-size", work.sizes.image_size, "--out", work.folder / f"curve-{step}.png"),
    )
    last, gain = said["points"][-1], said["gain"]
    return {
        "judged": said["judged"],
        "n": last["n"],
        "accuracy": last["accuracy"]["value"],
        "forecast": round(gain["value"], 6),
        "interval": [round(end, 6) for end in gain["ci"]],
    }
