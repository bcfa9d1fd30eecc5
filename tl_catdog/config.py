"""What a training can be told: one frozen dataclass, filled from defaults, a TOML file, options."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from tl_catdog.architectures import ARCH_HELP, BASELINE, check_arch, check_image_size
from tl_catdog.combinations import check_together
from tl_catdog.defaults import (
    HELD_OUT,
    NARROWEST,
    TYPICAL,
    UNITS_PER_CLASS,
    arch_defaults,
    length_of,
)
from tl_catdog.errors import LONGEST, UsageError, shown
from tl_catdog.presets import PRESET_HELP, Preset, expanded
from tl_catdog.setting import check, nearest, option

Augment = Literal["none", "light", "strong", "randaugment"]
Optimizer = Literal["rmsprop", "adam", "adamw", "sgd"]
Schedule = Literal["cosine", "constant"]
ClassWeights = Literal["none", "balanced"]
Cache = Literal["auto", "memory", "disk"]
Compute = Literal["auto", "int8", "float32"]
Precision = Literal["int8", "float32"]
AUTO: Literal["auto"] = "auto"
INT8: Literal["int8"] = "int8"
FLOAT32: Literal["float32"] = "float32"
Head = Literal["auto", "linear"]
Mirror = Literal["auto", "yes", "no"]


RUN, DATA, NETWORK, TRAINING, FINETUNING = "Run", "Data", "Network", "Training", "Fine-tuning"


@dataclass(frozen=True)
class TrainConfig:
    """Every setting of ``tl-catdog train``. None means: the architecture's own default."""

    preset: Preset = option(RUN, "balanced", PRESET_HELP)
    arch: str = option(RUN, "mobilenet", ARCH_HELP)
    data: str | None = option(RUN, None, "Folder of pictures; default: ./data, else drawings.")
    features: str | None = option(
        RUN, None, "Features in place of pictures: what batch features wrote, a folder or address."
    )
    run: str | None = option(RUN, None, "Name of the run folder; default: the architecture's name.")
    runs_dir: str = option(RUN, "models", "Folder that holds the runs.")
    from_run: str | None = option(
        RUN, None, "Begin with the weights of another run: its name or folder."
    )
    seed: int = option(RUN, 0, "Seed of every random choice.", low=0, high=2**31 - 1)

    image_size: int | None = option(
        DATA, None, "Pictures become squares of this size.", low=32, high=1024
    )
    batch_size: int = option(TRAINING, 32, "Pictures in a training step.", low=1, high=4096)
    augment: Augment | None = option(DATA, None, "How training pictures are varied.")
    mixup: float = option(
        TRAINING,
        0.0,
        "Trains on weighted means of two pictures: alpha of their shares; 0 is off.",
        low=0.0,
        high=100.0,
    )
    cutmix: float = option(
        TRAINING,
        0.0,
        "Trains on pictures with a rectangle of another one: alpha of its part; 0 is off.",
        low=0.0,
        high=100.0,
    )
    class_weights: ClassWeights = option(TRAINING, "none", "How much each class counts.")
    mirror: Mirror = option(
        DATA,
        "auto",
        "Whether a frozen backbone sees mirror images too; auto: in small sets and to fine-tune.",
    )
    views: int = option(
        DATA, 0, "Augmented views of each picture for a frozen backbone.", low=0, high=100
    )
    cache: Cache = option(DATA, "auto", "Where decoded pictures wait.")
    cache_size: float = option(
        DATA, 2.0, "Most gigabytes of the feature cache; 0 is none.", low=0.0, high=10_000.0
    )
    compute: Compute = option(
        DATA,
        "auto",
        "Precision of a frozen backbone; auto: int8 where that is exact and faster here.",
    )
    strict: bool = option(DATA, False, "Stop at a picture that can't be read.")
    validation_fraction: float | None = option(
        DATA,
        None,
        "Part of an unsplit folder to validate on; default: 0.2, or nothing of few pictures.",
        low=0.01,
        high=0.9,
    )
    split: str | None = option(
        DATA, None, "File that says which picture is in which split; data split writes it."
    )
    test_fraction: float = option(
        DATA, 0.0, "Part of an unsplit folder to test on.", low=0.0, high=0.9
    )

    labels: str | None = option(
        DATA, None, "Table of each picture's class; folders: none; default: looks for one."
    )
    label_column: str | None = option(DATA, None, "The table's column of classes.")
    label_pattern: str | None = option(
        DATA, None, "Takes classes out of pictures' names, such as '{label}_{number}'."
    )
    group_by: str | None = option(
        DATA,
        None,
        "Keeps groups in one split: subfolder, exif, copies, a column or a pattern for names.",
    )

    dense_units: int | None = option(
        NETWORK,
        None,
        "Width of the head's hidden layer; default: 128, or 4 for each class.",
        low=1,
        high=65536,
    )
    head: Head = option(
        NETWORK,
        "auto",
        "What is put on a frozen backbone: a linear model and trained units (where there are few "
        "pictures, the former alone), or the linear model alone, which takes less time.",
    )
    dropout: float = option(NETWORK, 0.5, "The head's dropout rate.", low=0.0, high=0.95)
    strength: float | None = option(
        NETWORK,
        None,
        "C of the linear model that a head on a frozen backbone begins at; default: chosen on "
        "validation pictures, or out of fold; tune finds one.",
        low=1e-3,
        high=1e6,
    )
    backbone_weights: str | None = option(
        NETWORK, None, "packaged; keras, which fetches them (the default of keras:NAME); or a file."
    )

    optimizer: Optimizer = option(TRAINING, "rmsprop", "The optimiser.")
    schedule: Schedule = option(TRAINING, "cosine", "How the learning rate goes over a stage.")
    final_learning_rate: float | None = option(
        TRAINING, None, "Part of the learning rate that is left at the end.", low=0.0, high=1.0
    )
    epochs: int | None = option(
        TRAINING,
        None,
        "Epochs of the first trained stage; default: by the number of pictures.",
        low=1,
        high=100_000,
    )
    learning_rate: float | None = option(
        TRAINING, None, "Learning rate of the first stage.", low=1e-9, high=10.0
    )
    warmup_epochs: int | None = option(
        TRAINING, None, "Epochs in which the learning rate rises from a tenth.", low=0, high=1000
    )
    weight_decay: float | None = option(
        TRAINING, None, "Decoupled weight decay.", low=0.0, high=1.0
    )
    label_smoothing: float | None = option(
        TRAINING, None, "Moves the targets from 0 and 1 towards 0.5.", low=0.0, high=0.9
    )
    weight_average: float | None = option(
        TRAINING,
        None,
        "Part of a stage that a running mean of the weights looks back on; 0 is off.",
        low=0.0,
        high=1.0,
    )
    patience: int | None = option(
        TRAINING,
        None,
        "Epochs without improvement before a stage stops; 0 is never.",
        low=0,
        high=100_000,
    )
    devices: str = option(
        TRAINING,
        "1",
        "Graphics cards that share the steps of fine-tuning or of the baseline: a number; all; or "
        "auto, as many as there are pictures in a step.",
    )
    finetune: bool | None = option(
        FINETUNING, False, "Add a second stage that trains the backbone's top."
    )
    unfreeze_from: str | None = option(
        FINETUNING, None, "Block of the backbone that fine-tuning starts at."
    )
    finetune_epochs: int = option(
        FINETUNING, 3, "Epochs of the fine-tuning stage.", low=1, high=100_000
    )
    finetune_share: float | None = option(
        FINETUNING,
        None,
        "Part of the tuned weights in their mean with those before; default: the best on the "
        "validation pictures.",
        low=0.0,
        high=1.0,
    )
    finetune_learning_rate: float = option(
        FINETUNING, 1e-5, "Learning rate of the fine-tuning stage.", low=1e-9, high=10.0
    )
    tensorboard: bool = option(RUN, False, "Write TensorBoard logs into the run folder.")
    force: bool = option(RUN, False, "Replace an existing run of the same name.")

    def __post_init__(self) -> None:
        for item in fields(self):
            name, value = item.name, getattr(self, item.name)
            check(name, value, kinds(name), choices(name), item.metadata)
        check_arch(self.arch)
        if self.image_size is not None:
            check_image_size(self.arch, self.image_size)
        check_together(self, HELD_OUT)

    def resolved(
        self, images: int = TYPICAL, classes: int = 2, *, few: bool = False
    ) -> ResolvedConfig:
        """Return the same settings with the architecture's and the set's defaults filled in.

        Args:
            images: Number of training pictures, 1 or more.
            classes: Number of classes, 2 or more.
            few: Whether there are too few pictures to fine-tune with, where that is left open.

        >>> TrainConfig(arch="baseline", epochs=10).resolved().image_size
        64
        >>> TrainConfig().resolved(images=300).epochs, TrainConfig().resolved(images=30_000).epochs
        (150, 5)
        """
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        by_set = {
            "epochs": length_of(self.arch).epochs(images, self.batch_size),
            "dense_units": max(NARROWEST, UNITS_PER_CLASS * classes),
            "finetune": self.arch != BASELINE and not few and self.features is None,
        }
        for name, default in {**arch_defaults(self.arch), **by_set}.items():
            if values[name] is None:
                values[name] = default
        return ResolvedConfig(**values)


def _filled(name: str) -> Any:
    """Declare a setting that ``TrainConfig`` may leave open and that is known by now."""
    return field(kw_only=True, metadata=TrainConfig.__dataclass_fields__[name].metadata)


@dataclass(frozen=True)
class ResolvedConfig(TrainConfig):
    """The settings of one training: none of those that the architecture chooses is open."""

    image_size: int = _filled("image_size")
    augment: Augment = _filled("augment")
    finetune: bool = _filled("finetune")
    backbone_weights: str = _filled("backbone_weights")
    dense_units: int = _filled("dense_units")
    final_learning_rate: float = _filled("final_learning_rate")
    epochs: int = _filled("epochs")
    learning_rate: float = _filled("learning_rate")
    warmup_epochs: int = _filled("warmup_epochs")
    weight_decay: float = _filled("weight_decay")
    label_smoothing: float = _filled("label_smoothing")
    weight_average: float = _filled("weight_average")
    patience: int = _filled("patience")


NAMES = tuple(item.name for item in fields(TrainConfig))


def choices(name: str) -> tuple[str, ...]:
    """Return the words that a setting accepts, or nothing if it isn't a choice."""
    for kind in kinds(name):
        if typing.get_origin(kind) is Literal:
            return typing.get_args(kind)
    return ()


@functools.cache
def kinds(name: str) -> tuple[Any, ...]:
    """Return the types that a setting accepts."""
    hint = typing.get_type_hints(TrainConfig)[name]
    # ``Literal[…] | None`` and ``int | None`` are unions of two different kinds.
    is_union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    return typing.get_args(hint) if is_union else (hint,)


def from_mapping(values: Mapping[str, Any]) -> TrainConfig:
    """Build the settings from names and values, those of the preset that they name below them.

    Raises:
        UsageError: A name is unknown (the valid ones are listed) or a value out of range.
    """
    for name in values:
        if name not in NAMES:
            near = nearest(name[:LONGEST], NAMES)
            raise UsageError(
                f"expected known settings, found {shown(name)}; the valid ones are "
                f"{', '.join(NAMES)}.",
                f"Did you mean {near}?" if near else "Type: tl-catdog train --help",
            )
    devices = values.get("devices")
    # A number here, as every other number; Python writes none of more than 4,300 digits.
    if type(devices) is int and abs(devices) < 2**63:
        values = {**values, "devices": str(devices)}
    return TrainConfig(**expanded(values))
