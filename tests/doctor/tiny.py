"""Dry runs that take a second."""

from tl_catdog.config import TrainConfig
from tl_catdog.doctor.dry_run import Amount

BASE = {"image_size": 32, "batch_size": 4}
CONFIGS = (
    TrainConfig(arch="baseline", **BASE),
    TrainConfig(arch="mobilenet", finetune=True, **BASE),
)
WORK = dict.fromkeys(("scratch", "frozen", "finetune"), Amount(2, 4))
