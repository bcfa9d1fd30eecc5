"""Trainings that begin with another run's weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tl_catdog.config import AUTO, FLOAT32, ResolvedConfig, TrainConfig
from tl_catdog.errors import UsageError, listing
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.build import build
from tl_catdog.models.weights import (
    Weights,
    flat_layers,
    read_backbone_weights,
    weights_digest,
    weights_of,
)
from tl_catdog.prediction.networks import load_keras
from tl_catdog.runs.folder import HEAD, MODEL, Run, find_run


@dataclass(frozen=True)
class Start:
    """Weights to begin with.

    Attributes:
        name: The run that they are of.
        digest: SHA-256 of its network's file.
        weights: Of its whole network.
        backbone: Those of them that are of its backbone, which fine-tuning may have changed; empty
            where it has none.
        tuned: Whether they are others than the settings name.
    """

    name: str
    digest: str
    weights: Weights
    backbone: Weights
    tuned: bool

    def to_json(self) -> dict[str, str]:
        """Return what a manifest says of it."""
        return {"name": self.name, "sha256": self.digest}


def run_to_start_from(config: TrainConfig) -> Run | None:
    """Return the run that the settings begin with; None where they name none.

    Raises:
        UsageError: There is no such run.
        CatdogError: It isn't a finished run.
    """
    if config.from_run is None:
        return None
    return find_run(config.from_run, Path(config.runs_dir))


def digest_of(run: Run) -> str:
    """Return the SHA-256 of a run's network, as its training wrote it."""
    return run.hash_of(MODEL if run.holds(MODEL) else HEAD)


def adopted(config: TrainConfig, run: Run, classes: tuple[str, ...]) -> TrainConfig:
    """Return the settings with the run's network where they leave it open.

    Raises:
        UsageError: Network, precision or classes are others.
    """
    if config.arch != run.config["arch"]:
        raise UsageError(
            f"expected the architecture of the run {run.name}, {run.config['arch']}, found "
            f"{config.arch}.",
            f"Type: --arch {run.config['arch']}",
        )
    if classes != run.classes:
        raise UsageError(
            f"expected the classes of the run {run.name}, {listing(run.classes)}, found "
            f"{listing(classes)}.",
            "Train without --from, or on pictures of its classes.",
        )
    units = run.config["dense_units"]
    if config.dense_units not in (None, units):
        raise UsageError(
            f"expected --dense-units {units} as the run {run.name} has, found "
            f"{config.dense_units}.",
            f"Leave it out, or type: --dense-units {units}",
        )
    compute = FLOAT32 if config.finetune else run.compute
    if config.compute not in (AUTO, compute):
        raise UsageError(
            f"expected the precision of the run {run.name}, {compute}, found --compute "
            f"{config.compute}.",
            f"Leave it out, or type: --compute {compute}",
        )
    size = run.image_size if config.image_size is None else config.image_size
    return replace(config, dense_units=units, image_size=size, compute=compute)


def read_start(run: Run, config: ResolvedConfig) -> Start:
    """Return the weights of a run's network.

    Raises:
        UsageError: Features take the pictures' place, and the run's backbone makes others.
        CatdogError: The network's file is missing or was changed.
    """
    weights = weights_of(load_keras(run))
    if config.arch == "baseline":
        return Start(run.name, digest_of(run), weights, {}, False)
    named = read_backbone_weights(backbone_of(config.arch), config.backbone_weights)
    backbone = {name: weights[name] for name in named}
    tuned = weights_digest(backbone) != weights_digest(named)
    if tuned and config.features is not None:
        raise UsageError(
            f"expected a run to begin with whose backbone gives features such as "
            f"{config.features} has, found that of {run.name} fine-tuned.",
            "Leave --from out, or name the pictures: --data DIR",
        )
    return Start(run.name, digest_of(run), weights, backbone, tuned)


def begin_network(config: ResolvedConfig, class_count: int, start: Start | None) -> Any:
    """Build the network that settings ask for, with the weights to begin with.

    Raises:
        CatdogError: The backbone's weights can't be loaded.
    """
    model = build(config, class_count, pretrained=start is None)
    if start is not None:
        for layer in flat_layers(model):
            count = len(layer.get_weights())
            layer.set_weights([start.weights[f"{layer.name}/{index}"] for index in range(count)])
    return model
