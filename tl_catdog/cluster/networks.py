"""The network of a batch: named by its planner, loaded once in each process that works."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tl_catdog.architectures import BASELINE
from tl_catdog.config import ResolvedConfig, TrainConfig
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.features.backbone import Backbone, frozen_backbone, versions_key
from tl_catdog.features.backbone import decoder_key as decoder_key
from tl_catdog.files import passing_folder
from tl_catdog.models.build import build
from tl_catdog.models.engine import KerasForward, engine_name, onnx_runs
from tl_catdog.models.integers import exact_integers
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.networks import check_answers, forward_of_run
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.description import CONFIG, MANIFEST
from tl_catdog.runs.folder import HEAD, MODEL, ONNX, Run, read_run
from tl_catdog.shards.plan import NETWORK, Plan
from tl_catdog.storage.places import Place

DESCRIBED = (CONFIG, MANIFEST)


def network_file(run: Run) -> str:
    """Return which file of a run its network is loaded from here."""
    if run.holds(HEAD):
        return HEAD
    return ONNX if run.holds(ONNX) and onnx_runs() else MODEL


def engine_of(run: Run) -> str:
    """Return name and version of what computes a run's network here."""
    return KerasForward.name() if network_file(run) == MODEL else engine_name()


def run_digest(run: Run) -> str:
    """Return the SHA-256 of what decides about a run's answers, in hexadecimal."""
    name = network_file(run)
    said = [name, run.hash_of(name), run.temperature, run.classes, run.image_size, run.compute]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def run_key(run: Run) -> str:
    """Return what else does: versions, and how whole numbers are computed here."""
    kernels = "" if exact_integers() else " in float32"
    return f"{versions_key('numpy')}|{run.compute}{kernels}"


def send_network(run: Run, dest: Place) -> None:
    """Put a run's network beside a plan, where every worker finds it; what is there stays.

    Raises:
        CatdogError: A file is missing or was changed, or can't be written.
    """
    for name in (*DESCRIBED, network_file(run)):
        content = run.read(name) if name != MANIFEST else (run.path / name).read_bytes()
        if _content(dest / NETWORK / name) != content:
            (dest / NETWORK / name).write(content)


def _content(place: Place) -> bytes | None:
    """Return what is there; None where nothing is that can be read."""
    try:
        return place.read() if place.is_file() else None
    except CatdogError:
        return None


def fetched_run(plan: Plan, dest: Place) -> Run:
    """Return the run that a plan names, from beside the plan.

    Raises:
        CatdogError: It is missing, damaged, or another one.
    """
    place = dest / NETWORK
    folder = place.path
    if folder is None:
        folder = Path(tempfile.mkdtemp(dir=passing_folder()))
        for name in DESCRIBED:
            (folder / name).write_bytes((place / name).read())
        name = network_file(read_run(folder))
        (folder / name).write_bytes((place / name).read())
    run = read_run(folder)
    if run_digest(run) != plan.weights_sha256:
        raise CatdogError(
            f"expected the network that the plan names, found another one in {place}.",
            "Name another place, which is empty: --out DEST",
        )
    return run


def settings(
    arch: str,
    image_size: int | None = None,
    weights: str | None = None,
    compute: Any = "auto",
    mirror: Any = "auto",
) -> ResolvedConfig:
    """Return the settings of a training whose features these are.

    Args:
        arch: The architecture.
        image_size: See ``planning.FeatureSettings``, as for the others.
        weights: The backbone's.
        compute: The precision.
        mirror: Whether mirror images are taken too.

    Raises:
        UsageError: There is no such architecture, it has no backbone, or it takes no such settings.
    """
    config = TrainConfig(
        arch=arch,
        image_size=image_size,
        backbone_weights=weights,
        compute=compute,
        mirror=mirror,
        finetune=False,
    )
    if arch == BASELINE:
        raise UsageError(
            f"expected an architecture with a pretrained backbone, found {arch}.",
            "Type: --arch mobilenet",
        )
    return config.resolved()


def backbone_for(config: ResolvedConfig) -> Backbone:
    """Return the frozen backbone that settings name, up to its pooled features.

    Raises:
        CatdogError: Its weights can't be loaded.
    """
    return frozen_backbone(config, (POOLING,), lambda: build(config, 2))


def planned_backbone(plan: Plan) -> Backbone:
    """Return the backbone that a plan of features names.

    Raises:
        CatdogError: Its weights can't be loaded.
    """
    return backbone_for(settings(plan.arch, plan.image_size, plan.weights, plan.compute))


@dataclass(frozen=True)
class Surroundings:
    """What of this machine decides about the bits of results.

    Attributes:
        engine: Name and version of what computes networks.
        engine_key: See ``Plan.engine_key``.
        decoder: See ``Plan.decoder``.
    """

    engine: str
    engine_key: str
    decoder: str


def predictor_of(plan: Plan, dest: Place) -> tuple[Predictor, Surroundings]:
    """Load the network that answers.

    Raises:
        CatdogError: It is missing, damaged, or another one.
    """
    run = fetched_run(plan, dest)
    forward = forward_of_run(run)
    check_answers(run, forward, None)
    predictor = Predictor(forward, run.classes, run.image_size, temperature=run.temperature)
    return predictor, Surroundings(forward.engine, run_key(run), decoder_key())
