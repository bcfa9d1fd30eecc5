"""Training by settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.api.classifier import Classifier
from tl_catdog.api.resuming import Resumption, begun_of, require_same_images, resumption
from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.parallel import Progress
from tl_catdog.data.sets import load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.defaults import HELD_OUT
from tl_catdog.runs.writer import RunWriter, choose_name

if TYPE_CHECKING:
    from tl_catdog.training.observer import Observer
    from tl_catdog.training.trainer import TrainingResult


def train(data: str | Path, *, observer: Observer | None = None, **settings: Any) -> Classifier:
    """Train a classifier on a folder of pictures; it leaves a run, as the command does.

    Args:
        data: The folder: DIR/{train,validation[,test]}/<class>/, DIR/<class>/, files such as
            cat.1.jpg, or pictures that a table in it names.
        observer: Called on the way: decoding, each step, each epoch; see
            ``training.observer.Observer``.
        **settings: The fields of ``config.TrainConfig``, such as ``arch`` (``"mobilenet"`` or
            ``"baseline"``), ``finetune``, ``seed``, ``labels``, ``group_by``, ``run`` or
            ``runs_dir``.

    Returns:
        The classifier of the finished run, which is in ``runs_dir``, by default ``models``.

    Raises:
        UsageError: A setting is unknown or out of its range, the folder isn't a set, or the run's
            name is taken.
        CatdogError: The training can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through; later, the best
            epoch so far becomes the run.

    >>> train("pictures", epohcs=3)
    Traceback (most recent call last):
    tl_catdog.errors.UsageError: expected known settings, found 'epohcs'; the valid ones are ...
    """
    config = from_mapping({"data": str(data), **settings})
    name = run_name(config)
    images = training_images(config, Path(data))
    return Classifier(fit(config, images, name, observer).run)


def resume(
    run: str | None = None, *, runs_dir: str | Path = "models", observer: Observer | None = None
) -> Classifier:
    """Go on with a training that was killed or asked to stop.

    It ends with the network that it would have ended with: the same weights, bit for bit, on the
    same machine with the same packages.

    Args:
        run: The run's name; None for the only training that was stopped.
        runs_dir: Folder of the runs.
        observer: As for ``train``.

    Raises:
        UsageError: There is no such training, several are there, or it is still running.
        CatdogError: Its pictures changed, or it can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through.

    >>> resume("mine", runs_dir="nowhere")
    Traceback (most recent call last):
    tl_catdog.errors.UsageError: expected a training of the name 'mine' in nowhere that was ...
    """
    item = resumption(run, Path(runs_dir))
    images = training_images(item.config, item.root, drawn=item.begun.drawn)
    return Classifier(go_on(item, images, observer).run)


def go_on(item: Resumption, images: ImageSet, observer: Observer | None = None) -> TrainingResult:
    """Go on with a training on its pictures, and publish the run.

    Raises:
        UsageError: It is running by now.
        CatdogError: The pictures changed, or it can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through.
    """
    require_same_images(item, images)
    stopped = item.unfinished
    force = item.config.force or stopped.path.name == stopped.name  # a run of the best so far
    with RunWriter(stopped.path.parent, stopped.name, force=force, earlier=stopped.path) as writer:
        return _fit(item.config, images, writer, observer)


def run_name(config: TrainConfig) -> str:
    """Return the name of the run that a training will leave: the one wanted, or a free one.

    Raises:
        UsageError: The one wanted is taken, or can't be a folder's name.

    >>> run_name(TrainConfig(arch="mobilenet", finetune=True, runs_dir="/nowhere"))
    'mobilenet-finetune'
    """
    stem = f"{config.arch}-finetune" if config.finetune else config.arch
    return choose_name(config.run, stem, Path(config.runs_dir), force=config.force)


def training_images(
    config: TrainConfig, root: Path, *, drawn: bool = False, progress: Progress | None = None
) -> ImageSet:
    """Return a folder's pictures, split as the settings say; see ``data.sets.load_training_set``.

    Args:
        config: The settings; ``seed``, ``validation_fraction``, ``test_fraction``, ``split`` and
            those of labels and groups count here. With groups, near-copies stay together, too.
        root: The folder.
        drawn: Whether its pictures are drawings, which runs and reports say.
        progress: Called with (done, total) while near-copies are looked for.

    Raises:
        UsageError: The folder isn't a set that can be trained on, or the split file isn't its.
    """
    validation_fraction = config.validation_fraction
    if validation_fraction is None and (
        config.arch == "baseline" or config.finetune or config.from_run is not None
    ):
        validation_fraction = HELD_OUT  # trained by gradients, they need it to choose their epoch
    find_copies = None
    if config.group_by is not None:
        from tl_catdog.audit.near_duplicates import copy_groups

        find_copies = partial(copy_groups, progress=progress)
    return load_training_set(
        root,
        labelling_of(config),
        seed=config.seed,
        validation_fraction=validation_fraction,
        test_fraction=config.test_fraction,
        split_file=Path(config.split) if config.split else None,
        drawn=drawn,
        find_copies=find_copies,
    )


def labelling_of(config: TrainConfig) -> Labelling:
    """Return where the settings say that classes and groups come from."""
    return Labelling(config.labels, config.label_column, config.label_pattern, config.group_by)


def fit(
    config: TrainConfig, images: ImageSet, name: str, observer: Observer | None = None
) -> TrainingResult:
    """Train on pictures that have splits, and publish the run; see ``training.trainer.train``.

    Raises:
        UsageError: The run's name was taken meanwhile.
        CatdogError: The training can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through.
    """
    with RunWriter(Path(config.runs_dir), name, force=config.force) as writer:
        writer.begin(begun_of(config, images))
        return _fit(config, images, writer, observer)


def _fit(
    config: TrainConfig, images: ImageSet, writer: RunWriter, observer: Observer | None
) -> TrainingResult:
    writer.write_split(to_csv(images))  # early: pictures may change before this goes on one day
    from tl_catdog.training.trainer import train as run_training

    return run_training(config, images, writer, observer)
