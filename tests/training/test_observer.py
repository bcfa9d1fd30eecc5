"""What a training tells whoever watches."""

from __future__ import annotations

import json

from tl_catdog.training.observer import EpochResult, Observer


def test_an_epoch_is_a_line_with_each_figure_by_its_name() -> None:
    row = EpochResult("frozen", 2, 15, 0.5, 0.75, 0.25, 0.875, 1e-3, 1.5, True)
    assert json.loads(json.dumps(row.to_json())) == {
        "stage": "frozen",
        "epoch": 2,
        "epochs": 15,
        "loss": 0.5,
        "accuracy": 0.75,
        "val_loss": 0.25,
        "val_accuracy": 0.875,
        "learning_rate": 1e-3,
        "seconds": 1.5,
        "is_best": True,
    }


def test_who_only_wants_some_of_it_need_not_take_the_rest() -> None:
    observer = Observer()
    observer.decoding("train", 1, 2)
    observer.extracting("train", 1, 2, 0)
    observer.stage_begins("frozen", 1, 2, 3)
    observer.step_ends(1, {})
    observer.stage_ends("frozen", "completed")
    observer.predicting("test", 1, 2)
