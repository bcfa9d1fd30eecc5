"""Dry runs of the doctor: ones that take a second, and ones that are as if they had been made."""

from __future__ import annotations

from tl_catdog.config import TrainConfig
from tl_catdog.data.folders import TRAIN, VALIDATION
from tl_catdog.doctor.dry_run import Amount, DryRun
from tl_catdog.models.layout import POOLING
from tl_catdog.training.stages import FINETUNE, FROZEN, SCRATCH

CONFIGS = (
    TrainConfig(arch="baseline", image_size=32, batch_size=4).resolved(),
    TrainConfig(arch="mobilenet", finetune=True, image_size=32, batch_size=4).resolved(),
)
WORK = dict.fromkeys((SCRATCH, FROZEN, FINETUNE), Amount(8, 4, epochs=2))

READING = {"rest": 2.0, "predict": 0.01, "read train": 0.02, "read validation": 0.01}


def stage_cost(stage: str, step: float) -> dict[str, float]:
    """Return what a stage may take."""
    return {f"{stage} start": 2.0, f"{stage} step": step, f"{stage} validation": 0.001}


RUNS = {
    "baseline": DryRun(
        "baseline",
        READING | stage_cost(SCRATCH, 0.1),
        {(None, TRAIN): 96 * 96 * 3, (None, VALIDATION): 64 * 64 * 3},
        memory=1e9,
        difference=1e-7,
    ),
    "mobilenet": DryRun(
        "mobilenet",
        READING | {"linear start": 1.5} | stage_cost(FROZEN, 0.003) | stage_cost(FINETUNE, 0.4),
        {
            (layer, split): size
            for layer, size in ((POOLING, 1280 * 4), ("block_13", 14 * 14 * 96 * 2))
            for split in (TRAIN, VALIDATION)
        },
        memory=1e9,
        difference=1e-7,
    ),
}
