"""Which devices of the machine a training takes: one, unless the settings ask for more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig
from tl_catdog.errors import UsageError, listing
from tl_catdog.training.stages import FINETUNE, SCRATCH, Stage

SHARED = (SCRATCH, FINETUNE)
"""Stages that several devices share. The head on features stays on one: a step of it takes less
time than it takes to gather what several devices found."""

ONE = "1"


def devices_here() -> tuple[str, ...]:
    """Return what TensorFlow could train on, such as ``GPU:0``: cards, else the processor."""
    runtime.start()
    import tensorflow as tf

    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tuple(item.name.rpartition("/device:")[2] for item in found)


def devices_for(config: ResolvedConfig) -> tuple[str, ...]:
    """Return the devices that the settings ask for; none where that is the usual one.

    TensorFlow is started only where it's another.

    Raises:
        UsageError: See ``chosen_devices``.
    """
    return () if config.devices == ONE else chosen_devices(config, devices_here())


def chosen_devices(config: ResolvedConfig, here: Sequence[str]) -> tuple[str, ...]:
    """Return the devices that the settings ask for, one or more.

    Args:
        config: The settings: ``devices`` is a number, ``all``, or ``auto``, which takes as many
            cards as a batch has pictures for, and never parts of a processor.
        here: Those that there are.

    Raises:
        UsageError: More are asked for than there are, or than a batch has pictures for.
    """
    if config.devices == "auto":
        return tuple(here[: config.batch_size if "GPU" in here[0] else 1])
    count = len(here) if config.devices == "all" else int(config.devices)
    if count > len(here):
        raise UsageError(
            f"expected --devices of {len(here)} at most, found {count}: TensorFlow sees "
            f"{listing(here)}.",
            f"Type: --devices {len(here)}, or see what there is: tl-catdog doctor",
        )
    replace(config, devices=str(count))  # which refuses more than a batch has pictures for
    return tuple(here[:count])


def shares(stage: Stage, devices: Sequence[str]) -> bool:
    """Return whether several devices share a stage's steps."""
    return stage.name in SHARED and len(devices) > 1


def left_alone(stages: Sequence[Stage], devices: Sequence[str]) -> str | None:
    """Return what to say where several devices are there and no stage takes more than one."""
    if len(devices) < 2 or any(shares(stage, devices) for stage in stages):
        return None
    return (
        f"Of {len(devices)} devices one is enough: a head is trained on features. Several share "
        "--finetune and --arch baseline."
    )
