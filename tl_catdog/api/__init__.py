"""The Python interface; the commands are built on it.

    import tl_catdog as tl

    classifier = tl.train("pictures", arch="mobilenet", finetune=True)
    classifier = tl.load("models/mobilenet")  # or tl.load() for the newest run
    for found in classifier.predict("holiday.jpg"):
        print(found.label, found.probabilities)
    print(classifier.evaluate("others").metrics.accuracy)
    print(tl.compare("baseline", "mobilenet")[0].pairs[0].sentence())
    for rows in tl.read_batch("answers"):  # what tl-catdog batch predict wrote
        print(rows.to_pandas())

Wrong use raises ``UsageError``, what goes wrong otherwise ``CatdogError``; both have a ``message``
and a ``hint``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tl_catdog.api.batches import read_batch
from tl_catdog.api.classifier import Classifier
from tl_catdog.api.evaluation_result import EvaluationResult
from tl_catdog.api.resuming import resumption
from tl_catdog.api.training import fit, go_on, resume, run_name, train, training_images
from tl_catdog.api.tuning import tune
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.prediction.answers import UNSURE, Prediction
from tl_catdog.prediction.sources import image_sources
from tl_catdog.runs.folder import Run, find_run, latest_run, list_runs

if TYPE_CHECKING:
    from tl_catdog.evaluation.comparison import Group

__all__ = [
    "UNSURE",
    "CatdogError",
    "Classifier",
    "EvaluationResult",
    "Prediction",
    "UsageError",
    "compare",
    "fit",
    "go_on",
    "image_sources",
    "load",
    "read_batch",
    "resume",
    "resumption",
    "run_name",
    "train",
    "training_images",
    "tune",
]

RUNS_DIR = "models"


def load(run: str | Path | Run | None = None, *, runs_dir: str | Path = RUNS_DIR) -> Classifier:
    """Return a trained classifier; its network is loaded at the first prediction.

    Args:
        run: The name of a run, its folder, or the run; ``cats-dogs`` is the one that ships with
            the package. None for the newest one, or, where there is none, the one that ships.
        runs_dir: The folder that holds the runs.

    Raises:
        UsageError: There is no such run.
        CatdogError: It isn't a finished run, or one of its files can't be read.

    >>> load("cats-dogs").classes
    ('cats', 'dogs')
    """
    if isinstance(run, Run):
        return Classifier(run)
    folder = Path(runs_dir)
    return Classifier(latest_run(folder) if run is None else find_run(str(run), folder))


def compare(
    *runs: str | Path | Run | Classifier,
    split: str | None = None,
    runs_dir: str | Path = RUNS_DIR,
) -> tuple[Group, ...]:
    """Put runs side by side, grouped by their pictures, and test each pair of a group.

    Figures come from saved predictions, so nothing is predicted and no picture is read. In a group,
    ``runs`` has the figures of each, the least accurate first, and ``pairs`` each difference in
    accuracy with its 95 % interval and the p-value of McNemar's exact test.

    Args:
        *runs: Names, folders, runs or classifiers; none for all finished runs.
        split: Which split; by default ``test`` if all have it, else ``validation``.
        runs_dir: The folder that holds the runs.

    Raises:
        UsageError: There is no such run, or no such split, or two runs have the same name.

    >>> (group,) = compare("cats-dogs")
    >>> group.split, group.n, group.classes
    ('test', 351, ('cats', 'dogs'))
    """
    from tl_catdog.evaluation import comparison

    if not runs:
        return comparison.compare(list_runs(Path(runs_dir)).runs, split)
    chosen = [
        item if isinstance(item, Classifier) else load(item, runs_dir=runs_dir) for item in runs
    ]
    return comparison.compare([item.run for item in chosen], split)
