"""Training by settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.api.classifier import Classifier
from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.sets import load_training_set
from tl_catdog.runs.writer import RunWriter, choose_name

if TYPE_CHECKING:
    from tl_catdog.training.observer import Observer
    from tl_catdog.training.trainer import TrainingResult


def train(data: str | Path, *, observer: Observer | None = None, **settings: Any) -> Classifier:
    """Train a classifier on a folder of pictures; it leaves a run, as the command does.

    Args:
        data: The folder: DIR/{train,validation[,test]}/<class>/, DIR/<class>/, or files such as
            cat.1.jpg.
        observer: Hears of the progress.
        **settings: The fields of ``config.TrainConfig``, such as ``arch``, ``finetune``, ``seed``,
            ``epochs``, ``run`` or ``runs_dir``.

    Raises:
        UsageError: A setting is unknown or out of its range, the folder isn't a set, or the run's
            name is taken.
        CatdogError: The training can't be done.
    """
    config = from_mapping({"data": str(data), **settings})
    name = run_name(config)
    images = training_images(config, Path(data))
    return Classifier(fit(config, images, name, observer).run)


def run_name(config: TrainConfig) -> str:
    """Return the name of the run that a training will leave.

    Raises:
        UsageError: The one wanted is taken, or can't be a folder's name.
    """
    stem = f"{config.arch}-finetune" if config.finetune else config.arch
    return choose_name(config.run, stem, Path(config.runs_dir), force=config.force)


def training_images(config: TrainConfig, root: Path, *, drawn: bool = False) -> ImageSet:
    """Return a folder's pictures, split as the settings say; see ``sets.load_training_set``."""
    return load_training_set(
        root,
        seed=config.seed,
        validation_fraction=config.validation_fraction,
        test_fraction=config.test_fraction,
        split_file=Path(config.split) if config.split else None,
        drawn=drawn,
    )


def fit(
    config: TrainConfig, images: ImageSet, name: str, observer: Observer | None = None
) -> TrainingResult:
    """Train on pictures that have splits; see ``training.trainer.train``."""
    with RunWriter(Path(config.runs_dir), name, force=config.force) as writer:
        from tl_catdog.training.trainer import train as run_training

        return run_training(config, images, writer, observer)
