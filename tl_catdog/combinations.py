"""Settings that don't go together."""

from __future__ import annotations

import re
from typing import Any

from tl_catdog.architectures import BASELINE
from tl_catdog.errors import UsageError, shown


def check_together(config: Any, held_out: float) -> None:
    """Make sure that settings, each of which is right by itself, go together.

    Args:
        config: A ``config.TrainConfig``.
        held_out: Part of an unsplit folder that is validated on where nobody says.

    Raises:
        UsageError: They don't.
    """
    arch, finetune = config.arch, config.finetune
    _check_devices(config)
    if arch == BASELINE and finetune:
        raise UsageError(
            "expected --finetune with a pretrained backbone, found --arch baseline, "
            "which has none.",
            "Type: tl-catdog train --arch mobilenet --finetune",
        )
    if config.cutmix and arch != BASELINE and finetune is False:
        raise UsageError(
            "expected --cutmix where places of a picture are trained on, found a frozen "
            "backbone's features.",
            f"Type: tl-catdog train --arch {arch} --finetune --cutmix {config.cutmix:g}",
        )
    if config.compute == "int8" and (finetune or arch == BASELINE):
        what = "what is fine-tuned" if finetune else "the baseline"
        raise UsageError(
            f"expected --compute float32 for {what}, found int8, which a frozen backbone alone "
            "can have.",
            f"Type: --arch {arch} --compute float32",
        )
    if config.features is not None:
        _check_features(config)
    apart = (config.validation_fraction or held_out) + config.test_fraction
    if apart >= 1:
        raise UsageError(
            "expected pictures left to train on, found validation_fraction + test_fraction = "
            f"{apart:g}.",
            "Type: --validation-fraction 0.2 --test-fraction 0.1",
        )


def _check_devices(config: Any) -> None:
    """Make sure that devices are a number or a word for it, and a step has a picture for each.

    Raises:
        UsageError: They aren't, or it hasn't.
    """
    asked = config.devices
    if asked in ("all", "auto"):
        return
    if not re.fullmatch("[1-9][0-9]{0,3}", asked):
        raise UsageError(
            f"expected devices to be a number of 1 or more, all or auto, found {shown(asked)}.",
            "Type: --devices all",
        )
    if int(asked) > config.batch_size:
        raise UsageError(
            f"expected a picture of each batch for each of {asked} devices, found --batch-size "
            f"{config.batch_size}.",
            f"Type: --devices {config.batch_size}, or: --batch-size {asked}",
        )


def _check_features(config: Any) -> None:
    """Make sure that nothing is asked for that takes pictures, where there are features alone.

    Raises:
        UsageError: Something is.
    """
    needs = {
        "--arch baseline": config.arch == BASELINE,
        "--finetune": config.finetune is True,
        f"--views {config.views}": config.views > 0,
        f"--augment {config.augment}": config.augment in ("strong", "randaugment"),
    }
    for option, asked in needs.items():
        if asked:
            raise UsageError(
                f"expected settings that features are enough for, found {option}, which takes the "
                "pictures themselves.",
                f"Leave {option} out, or type: tl-catdog train {option} --data DIR",
            )
    if config.data is not None:
        raise UsageError(
            "expected pictures or their features, found --data and --features.",
            "Leave one out. The features' own listing says where their pictures are.",
        )
