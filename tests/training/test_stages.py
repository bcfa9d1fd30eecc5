"""Which stages a training has, and where their frozen part ends."""

from __future__ import annotations

import math

import pytest

from tests.support.backbones import MOBILENET
from tl_catdog.config import TrainConfig
from tl_catdog.errors import UsageError
from tl_catdog.models.layout import POOLING
from tl_catdog.training.stages import FINETUNE, FROZEN, LINEAR, SCRATCH, Stage, stages_of


def finetuned(**settings: object) -> Stage:
    return stages_of(TrainConfig(finetune=True, **settings).resolved())[-1]  # type: ignore[arg-type]


def test_the_baseline_has_one_stage_on_pictures() -> None:
    config = TrainConfig(arch="baseline", epochs=7, learning_rate=0.5).resolved()
    assert stages_of(config) == (Stage(SCRATCH, 7, 0.5),)


def test_a_frozen_backbone_trains_the_head_on_pooled_features() -> None:
    config = TrainConfig(epochs=7, learning_rate=0.5).resolved()
    linear, frozen = stages_of(config)
    assert linear == Stage(LINEAR, 1, 0.0, None, POOLING)
    assert frozen == Stage(FROZEN, 7, 0.5, None, POOLING)


def test_of_few_pictures_the_head_stays_linear() -> None:
    linear, top = stages_of(TrainConfig(finetune=True).resolved(), few=True)
    assert (linear.name, top.name) == (LINEAR, FINETUNE)
    assert [stage.name for stage in stages_of(TrainConfig().resolved(), few=True)] == [LINEAR]
    baseline = TrainConfig(arch="baseline").resolved()
    assert stages_of(baseline, few=True) == stages_of(baseline)


def test_fine_tuning_follows_with_its_own_epochs_and_learning_rate() -> None:
    config = TrainConfig(
        finetune=True, epochs=7, finetune_epochs=2, finetune_learning_rate=1e-4
    ).resolved()
    _, frozen, top = stages_of(config)
    assert frozen.epochs == 7
    assert top == Stage(FINETUNE, 2, 1e-4, "block_13", "block_13")


@pytest.mark.parametrize(
    ("block", "layer"),
    [
        ("block_16", "block_16"),
        ("block_15_depthwise", "block_15"),
        # At 224 px the inputs of blocks 2 and 3 take, in halves, just as many bytes as the pixels:
        # so many are worth it, more are not.
        ("block_3", "block_3"),
        ("block_4", "block_4"),
        ("block_2", "block_2"),
        ("block_1", None),
    ],
)
def test_features_are_kept_where_they_take_no_more_room_than_pixels(
    block: str, layer: str | None
) -> None:
    size = 224
    assert 2 * math.prod(MOBILENET.shape_at("block_3", size)) == 3 * size**2
    stage = finetuned(unfreeze_from=block, image_size=size)
    assert stage.feature_layer == layer
    assert stage.unfreeze_from == block


def test_an_unknown_block_is_named() -> None:
    with pytest.raises(UsageError, match="block_17"):
        finetuned(unfreeze_from="block_17")
