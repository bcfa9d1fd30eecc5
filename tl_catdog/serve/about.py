"""What the page says of the run that answers."""

from __future__ import annotations

from typing import Any

from tl_catdog.data.folders import TEST, VALIDATION
from tl_catdog.evaluation.metrics import compute_metrics
from tl_catdog.prediction.predictions import read_predictions
from tl_catdog.prediction.rejection import Policy
from tl_catdog.runs.folder import Run
from tl_catdog.version import __version__


def about_run(run: Run, policy: Policy | None = None) -> dict[str, Any]:
    """Return what the page says of the run.

    Args:
        run: The run.
        policy: When it answers "unsure"; None where no answer is withheld.

    Raises:
        CatdogError: The predictions that it keeps are damaged.
    """
    found: dict[str, Any] = {
        "run": run.name,
        "classes": list(run.classes),
        "image_size": run.image_size,
        "arch": run.config["arch"],
        "version": __version__,
        "policy": None,
    }
    if policy is not None:
        found["policy"] = {**policy.to_json(), "sentence": policy.sentence()}
    for split in (TEST, VALIDATION):
        if split not in run.predicted_splits():
            continue
        item = compute_metrics(read_predictions(run, split))
        ci = item.accuracy_ci
        found["accuracy"] = {"split": split, "n": item.n, "value": item.accuracy}
        found["accuracy"]["ci"] = [ci.low, ci.high]
        break
    return found
