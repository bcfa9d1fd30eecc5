"""Settings that are right by themselves, and not together."""

from typing import Any

import pytest

from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.errors import UsageError


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"arch": "baseline", "finetune": True}, "pretrained backbone"),
        ({"cutmix": 1.0}, "places of a picture"),
        ({"compute": "int8", "finetune": True}, "float32 for what is fine-tuned"),
        ({"compute": "int8", "arch": "baseline"}, "float32 for the baseline"),
        ({"test_fraction": 0.8}, "pictures left to train on"),
        ({"validation_fraction": 0.5, "test_fraction": 0.5}, "pictures left to train on"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_does(
    values: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as error:
        TrainConfig(**values)
    assert error.value.hint.startswith("Type: ")


@pytest.mark.parametrize(
    "values",
    [
        {"arch": "baseline", "cutmix": 1.0},
        {"finetune": True, "cutmix": 1.0},
        {"preset": "best", "cutmix": 1.0},  # whether it fine-tunes depends on the set
        {"mixup": 0.4},
        {"validation_fraction": 0.5, "test_fraction": 0.4},
    ],
)
def test_what_goes_together_is_taken(values: dict[str, Any]) -> None:
    from_mapping(values)
