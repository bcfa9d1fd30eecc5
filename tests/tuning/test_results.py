"""What a search says: what is kept, what it is worth, and by how much the search flatters."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tl_catdog.config import TrainConfig
from tl_catdog.statistics import Estimate, Interval
from tl_catdog.tuning.honest import Decision
from tl_catdog.tuning.results import Tuned
from tl_catdog.tuning.study import Trial
from tl_catdog.tuning.trials import Judged

TRIAL = Trial(4, {"strength": 3}, (0.2,) * 5, False, 1.0)
DEFAULT = Judged(np.full(10, 0.5), np.arange(10) > 1, (1.0, 1.0))
FOUND = Judged(np.full(10, 0.4), np.arange(10) > 0, (1.0, 1.0))


def tuned(point: object = TRIAL.point, optimism: float = 0.02) -> Tuned:
    gain = Estimate(0.1, Interval(0.02, 0.18), 10)
    decision = Decision(point, TRIAL, gain, 0.04, DEFAULT, FOUND)  # type: ignore[arg-type]
    low, high = optimism - 0.05, optimism + 0.05
    return Tuned(
        settings=TrainConfig(strength=3.0, data="here", image_size=224),
        accuracy=Estimate(0.88, Interval(0.8, 0.94), 74),
        judged="test",
        inner_accuracy=0.9,
        optimism=Estimate(optimism, Interval(low, high), 74),
        decision=decision,
        trials=30,
        config=Path("tune.toml"),
        interrupted=False,
        left_out=0,
        skipped=(),
    )


def test_the_line_has_the_names_that_were_promised() -> None:
    line = tuned().to_json()
    assert list(line) == [
        *("accuracy", "accuracy_ci", "n", "inner_accuracy", "optimism", "best", "trials"),
        "config",
    ]
    assert (line["accuracy"], line["accuracy_ci"], line["n"]) == (0.88, [0.8, 0.94], 74)
    assert (line["inner_accuracy"], line["optimism"], line["trials"]) == (0.9, 0.02, 30)
    assert line["config"] == "tune.toml"
    best = line["best"]
    assert best["settings"] == {"arch": "mobilenet", "image_size": 224, "strength": 3.0}
    assert (best["default"], best["trial"], best["log_loss"]) == (False, 4, 0.4)
    assert (best["gain"], best["gain_ci"], best["gain_error"]) == (0.1, [0.02, 0.18], 0.04)
    kept = tuned(point=None).to_json()["best"]
    assert (kept["default"], kept["trial"], kept["log_loss"]) == (True, 0, 0.5)
    stopped = replace(tuned(), accuracy=None, optimism=None).to_json()
    assert (stopped["accuracy"], stopped["accuracy_ci"], stopped["n"]) == (None, None, 0)
    assert stopped["optimism"] is None


def test_words_say_whether_the_search_flatters() -> None:
    said = " ".join(tuned().sentences())
    assert "Trial 5 is kept: its log loss is lower than the default's by 0.1000 (standard" in said
    assert "Right: 88.0 % (80.0–94.0) of 74 test pictures." in said
    assert "Within the search it was 90.0 %: that flatters by 2.0 points (−3.0 to 7.0)" in said
    assert said.endswith("which may be chance.")
    said = " ".join(tuned(optimism=0.2).sentences())
    assert said.endswith("that flatters by 20.0 points (15.0–25.0).")
    said = " ".join(tuned(optimism=-0.2).sentences())
    assert said.endswith("that is modest by 20.0 points (15.0–25.0).")


def test_words_say_why_the_default_is_kept_and_where_it_was_judged() -> None:
    said = tuned(point=None).sentences()[0]
    assert said.startswith("The default is kept: trial 5 has a log loss lower by 0.1000")
    assert said.endswith("which may be chance.")
    nested = replace(tuned(), judged="nested")
    assert "of 74 pictures, each by a search made without it" in nested.sentences()[1]
    first = replace(TRIAL, number=0)
    none = replace(tuned(None), decision=replace(tuned(None).decision, trial=first))
    assert none.sentences()[0] == "No trial did better than the default, which is kept."
