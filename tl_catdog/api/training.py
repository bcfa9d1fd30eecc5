"""Training by settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.api.classifier import Classifier
from tl_catdog.api.resuming import (
    Resumption,
    begun_of,
    begun_on,
    require_same_images,
    resumption,
)
from tl_catdog.api.turns import turn
from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.labelling import Labelling
from tl_catdog.data.mirror import on_disk
from tl_catdog.data.parallel import Progress
from tl_catdog.data.sets import divided, load_training_set
from tl_catdog.data.split_file import csv_of
from tl_catdog.defaults import HELD_OUT
from tl_catdog.errors import UsageError
from tl_catdog.runs.unfinished import finished_already
from tl_catdog.runs.writer import RunWriter, choose_name
from tl_catdog.storage.places import Place
from tl_catdog.training.devices import devices_for

if TYPE_CHECKING:
    from tl_catdog.training.observer import Observer
    from tl_catdog.training.trainer import TrainingResult


def train(
    data: str | Path | None = None,
    *,
    features: str | Path | None = None,
    progress: bool = False,
    observer: Observer | None = None,
    **settings: Any,
) -> Classifier:
    """Train a classifier on a folder of pictures; it leaves a run, as the command does.

    Trainings of one process take turns: one that is begun in another thread waits until the first
    one has ended, and gives what it gives alone, bit for bit. To interrupt it keeps the best epoch
    so far, as Ctrl-C or a notebook's button does.

    Args:
        data: The folder, or the address of one such as ``s3://bucket/pictures``, which is fetched
            into the cache: DIR/{train,validation[,test]}/<class>/, DIR/<class>/, files such as
            cat.1.jpg, or pictures that a table in it names.
        features: In its place, the folder or address that ``tl-catdog batch features`` wrote: the
            pictures themselves needn't be here.
        progress: Whether to show what the command shows: a bar and a line for each epoch in a
            terminal and, with ipywidgets, in a notebook; lines elsewhere.
        observer: Called on the way: decoding, each step, each epoch; see
            ``training.observer.Observer``. It may predict, but not train.
        **settings: The fields of ``config.TrainConfig``, such as ``arch`` (``"mobilenet"`` or
            ``"baseline"``), ``finetune``, ``seed``, ``labels``, ``group_by``, ``run`` or
            ``runs_dir``.

    Returns:
        The classifier of the finished run, which is in ``runs_dir``, by default ``models``.

    Raises:
        UsageError: A setting is unknown or out of its range, more devices are asked for than there
            are, the folder isn't a set, or the run's name is taken, or an observer called it.
        CatdogError: The training can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through; later, the best
            epoch so far becomes the run.

    >>> train("pictures", epohcs=3)
    Traceback (most recent call last):
    tl_catdog.errors.UsageError: expected known settings, found 'epohcs'; the valid ones are ...
    """
    config, root = asked_for(data, features, settings)
    runs_dir = Path(config.runs_dir).absolute()
    with _watched(observer, progress) as watching:
        name = run_name(replace(config, runs_dir=str(runs_dir)))
        devices_for(config.resolved())  # too many are refused before pictures are read
        images = training_images(config, root)
        return Classifier(_begin(config, images, runs_dir / name, watching).run)


def asked_for(
    data: str | Path | None, features: str | Path | None, settings: Mapping[str, Any]
) -> tuple[TrainConfig, Path]:
    """Return settings, and the folder of the pictures, wherever the program goes to meanwhile.

    Raises:
        UsageError: Neither pictures nor features are named; or a setting is wrong.
        CatdogError: Pictures can't be fetched.
    """
    named = {"data": data, "features": features}
    texts = {key: None if value is None else str(value) for key, value in named.items()}
    config = from_mapping({**texts, **settings})
    if data is None and features is None:
        raise UsageError("expected data or features, found neither.", 'Type: train("pictures")')
    if features is not None:
        return replace(config, features=str(Place.of(features))), Path()
    return config, on_disk(str(data))


@contextlib.contextmanager
def _watched(observer: Observer | None, progress: bool) -> Iterator[Observer | None]:
    """Wait for the turn of a training; give what is told of it, to the view as well if wanted."""
    if not progress:
        with turn():
            yield observer
        return
    from tl_catdog.api import live

    console = live.console()
    with turn(lambda: live.say_waiting(console)), live.watch(console) as view:
        yield view if observer is None else live.Both(view, observer)


def resume(
    run: str | None = None,
    *,
    runs_dir: str | Path = "models",
    devices: str | int | None = None,
    progress: bool = False,
    observer: Observer | None = None,
) -> Classifier:
    """Go on with a training that was killed or asked to stop.

    It ends with the network that it would have ended with: the same weights, bit for bit, on the
    same machine with the same packages and as many devices.

    Args:
        run: The run's name; None for the only training that was stopped.
        runs_dir: Folder of the runs.
        devices: What it goes on on, where that isn't what it began on: machines differ.
        progress: As for ``train``.
        observer: As for ``train``.

    Raises:
        UsageError: There is no such training, several are there, it is still running, or an
            observer called this.
        CatdogError: Its pictures changed, or it can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through.

    >>> resume("mine", runs_dir="nowhere")
    Traceback (most recent call last):
    tl_catdog.errors.UsageError: expected a training of the name 'mine' in nowhere that was ...
    """
    done = finished_already(run, Path(runs_dir))
    if done is not None:
        return Classifier(done)
    with _watched(observer, progress) as watching:
        given = {} if devices is None else {"devices": str(devices)}
        item = resumption(run, Path(runs_dir), given)
        place = item.unfinished.path.absolute()
        images = training_images(item.config, item.root.absolute(), drawn=item.begun.drawn)
        return Classifier(_go_on(item, images, place, watching).run)


def go_on(item: Resumption, images: ImageSet, observer: Observer | None = None) -> TrainingResult:
    """Go on with a training on its pictures, and publish the run.

    Raises:
        UsageError: It is running by now.
        CatdogError: The pictures changed, or it can't be done.
        KeyboardInterrupt: It was interrupted before the first epoch was through.
    """
    with turn():
        return _go_on(item, images, item.unfinished.path, observer)


def _go_on(
    item: Resumption, images: ImageSet, place: Path, observer: Observer | None
) -> TrainingResult:
    require_same_images(item, images)
    name = item.unfinished.name
    force = item.config.force or place.name == name  # a run of the best so far
    begun = begun_on(item)
    with RunWriter(place.parent, name, force=force, earlier=place) as writer:
        if begun is not item.begun:
            writer.begin(begun)
        return _fit(item.config, images, writer, observer)


def run_name(config: TrainConfig) -> str:
    """Return the name of the run that a training will leave: the one wanted, or a free one.

    Raises:
        UsageError: The one wanted is taken, or can't be a folder's name.

    >>> run_name(TrainConfig(arch="mobilenet", finetune=True, runs_dir="/nowhere"))
    'mobilenet-finetune'
    >>> run_name(TrainConfig(arch="keras:VGG16", runs_dir="/nowhere"))
    'keras-VGG16'
    """
    arch = config.arch.replace(":", "-")  # which no folder may have on some systems
    stem = f"{arch}-finetune" if config.finetune else arch
    return choose_name(config.run, stem, Path(config.runs_dir), force=config.force)


def training_images(
    config: TrainConfig, root: Path, *, drawn: bool = False, progress: Progress | None = None
) -> ImageSet:
    """Return a folder's pictures, split as the settings say; see ``data.sets.load_training_set``.

    Args:
        config: The settings; ``seed``, ``validation_fraction``, ``test_fraction``, ``split`` and
            those of labels and groups count here. With groups, near-copies stay together, too.
        root: The folder; where the settings name features, their batch counts in its place.
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
    split_file = Path(config.split) if config.split else None
    if config.features is not None:
        from tl_catdog.features.extracted_plan import adopting
        from tl_catdog.features.extracted_set import extracted_set

        adopting(config)  # what doesn't fit is said before a million rows are read
        return divided(
            extracted_set(config.features, labelling_of(config)),
            seed=config.seed,
            validation_fraction=validation_fraction,
            test_fraction=config.test_fraction,
            split_file=split_file,
        )
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
        split_file=split_file,
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
    with turn():
        return _begin(config, images, Path(config.runs_dir) / name, observer)


def _begin(
    config: TrainConfig, images: ImageSet, place: Path, observer: Observer | None
) -> TrainingResult:
    with RunWriter(place.parent, place.name, force=config.force) as writer:
        writer.begin(begun_of(config, images))
        return _fit(config, images, writer, observer)


def _fit(
    config: TrainConfig, images: ImageSet, writer: RunWriter, observer: Observer | None
) -> TrainingResult:
    writer.write_split(csv_of(images))  # early: pictures may change before this goes on one day
    from tl_catdog.training.trainer import train as run_training

    return run_training(config, images, writer, observer)
