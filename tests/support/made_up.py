"""A run without a network: what ``review`` reads of one, made in no time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.sets import load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.prediction.predictor import to_predictions
from tl_catdog.runs.folder import Run
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.manifest import describe

SETTINGS = {"arch": "mobilenet", "image_size": 32, "backbone_weights": "packaged"}


def made_up_run(
    data: Path, runs_dir: Path, *, name: str = "mine", drawn: bool = False, **settings: Any
) -> Run:
    """Publish a run on a folder's pictures; it says the last class of each, more and more surely.

    All pictures but the training ones have an answer.
    """
    pictures = load_training_set(data, drawn=drawn)
    with RunWriter(runs_dir, name) as writer:
        writer.write_config({**SETTINGS, **settings})
        writer.write_split(to_csv(pictures))
        for split in set(pictures.splits) - {TRAIN}:
            writer.write_predictions(split, answers(pictures, split))
        created = datetime.now(UTC).isoformat()
        return writer.publish({"name": name, "created": created, "data": describe(pictures)})


def answers(pictures: ImageSet, split: str) -> str:
    """Return made-up predictions as CSV."""
    examples = pictures.split(split)
    classes = pictures.classes
    sure = np.linspace(0.6, 0.99, len(examples))
    probabilities = np.repeat((1 - sure)[:, None] / (len(classes) - 1), len(classes), axis=1)
    probabilities[:, -1] = sure
    return to_predictions(classes, examples, probabilities).to_csv()
