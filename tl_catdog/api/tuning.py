"""Searching for settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.api.training import asked_for, training_images
from tl_catdog.api.turns import turn
from tl_catdog.architectures import BASELINE, check_arch, pretrained_of
from tl_catdog.config import TrainConfig
from tl_catdog.data.examples import ImageSet
from tl_catdog.errors import UsageError
from tl_catdog.features.extracted_plan import adopting

if TYPE_CHECKING:
    from tl_catdog.tuning.results import Progress, Tuned

TRIALS = 30
OUT = "tune.toml"


def tune(
    data: str | Path | None = None,
    *,
    features: str | Path | None = None,
    trials: int = TRIALS,
    minutes: float | None = None,
    arch: str | Sequence[str] = (),
    image_size: int | Sequence[int] = (),
    out: str | Path = OUT,
    force: bool = False,
    watch: Callable[[Progress], None] = lambda _: None,
    **settings: Any,
) -> Tuned:
    """Search for the settings of a training on a frozen backbone; see ``tuning.search.tune``.

    Called again, it goes on where it was stopped. What it found can be trained by
    ``tl-catdog train --config``, or by ``train(data, **dataclasses.asdict(found.settings))``.

    Args:
        data: The folder, as for ``train``.
        features: In its place, what ``tl-catdog batch features`` wrote, as for ``train``.
        trials: How many settings to try, 1 or more.
        minutes: When to stop anyway.
        arch: Backbones to search; several cost the computing of their features each.
        image_size: Picture sizes to search with each of them; by default each one's own.
        out: The TOML file that it leaves; the trials are kept beside it.
        force: Whether to begin anew, whatever trials are there.
        watch: Called with each trial.
        **settings: Other fields of ``config.TrainConfig``, which aren't searched.

    Raises:
        UsageError: A setting is wrong, the folder isn't a set, Optuna isn't installed, or other
            trials are beside ``out``.
        CatdogError: It can't be done with these pictures.
        KeyboardInterrupt: It was interrupted before the first trial was through.

    >>> tune("pictures", arch="baseline")
    Traceback (most recent call last):
    tl_catdog.errors.UsageError: expected pretrained backbones, whose features are computed ...
    """
    archs = (arch,) if isinstance(arch, str) else tuple(arch)
    sizes = (image_size,) if isinstance(image_size, int) else tuple(image_size)
    config, root = asked_for(data, features, settings)
    config, backbones = to_search(config, archs, sizes)
    images = training_images(config, root)
    return search(
        config,
        images,
        backbones,
        trials=trials,
        minutes=minutes,
        out=Path(out),
        force=force,
        watch=watch,
    )


def search(config: TrainConfig, images: ImageSet, backbones: Any, **how: Any) -> Tuned:
    """Search on pictures that have splits; the arguments are those of ``tuning.search.tune``."""
    from tl_catdog.tuning.search import tune as run_search

    with turn():
        return run_search(config, images, backbones, **how)


def to_search(
    config: TrainConfig, archs: Sequence[str], sizes: Sequence[int]
) -> tuple[TrainConfig, tuple[tuple[str, int], ...]]:
    """Return the settings of a search and its backbones; of a batch's features there is one.

    Args:
        config: The settings.
        archs: As for ``backbones_of``.
        sizes: As for ``backbones_of``.

    Raises:
        UsageError: See ``backbones_of`` and ``features.extracted_plan.adopting``; or several are
            named beside features.
        CatdogError: The batch is damaged.
    """
    if config.features is not None:
        if len(set(archs)) > 1 or len(set(sizes)) > 1:
            raise UsageError(
                "expected one backbone to search, that of --features, found several named by "
                "--arch or --image-size.",
                "Leave those out, or name the pictures: tl-catdog tune --data DIR",
            )
        named: dict[str, Any] = {"arch": archs[0]} if archs else {}
        named |= {"image_size": sizes[0]} if sizes else {}
        config = adopting(replace(config, **named))
    backbones = backbones_of(config, archs, sizes)
    return of_backbone(config, backbones), backbones


def of_backbone(config: TrainConfig, backbones: Sequence[tuple[str, int]]) -> TrainConfig:
    """Return settings whose own architecture, which decides how a set is split, has a backbone."""
    return replace(config, arch=backbones[0][0]) if config.arch == BASELINE else config


def backbones_of(
    config: TrainConfig, archs: Sequence[str], sizes: Sequence[int]
) -> tuple[tuple[str, int], ...]:
    """Return the backbones to search, each with its picture size; the first one is the default.

    Args:
        config: Names both where the others are empty.
        archs: Architectures.
        sizes: Picture sizes to try with each of them.

    Raises:
        UsageError: One isn't there, has no frozen backbone, or a size is out of range.

    >>> backbones_of(TrainConfig(), ("mobilenet", "efficientnet-lite1"), ())
    (('mobilenet', 224), ('efficientnet-lite1', 240))
    >>> backbones_of(TrainConfig(), (), (160, 224))
    (('mobilenet', 160), ('mobilenet', 224))
    """
    from tl_catdog.tuning.search import check_settings

    found = []
    for arch in archs or (config.arch,):
        check_arch(arch)
        own = pretrained_of(arch).image_size if arch != BASELINE else 64
        for size in sizes or (config.image_size or own,):
            TrainConfig(arch=arch, image_size=size)  # within its range?
            found.append((arch, size))
    backbones = tuple(dict.fromkeys(found))
    check_settings(config, backbones)
    return backbones
