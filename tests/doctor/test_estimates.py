"""What the usual commands take."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tl_catdog.data.folders import scan
from tl_catdog.doctor.dry_run import DryRun, StageCost
from tl_catdog.doctor.estimates import (
    OVERSIZE,
    Costs,
    Counts,
    Estimate,
    decode_sizes,
    estimates,
    rounded,
)
from tl_catdog.doctor.rates import Rates

COST = StageCost(start=2.0, step=0.1, check=0.001)
COSTS = Costs(
    rates=Rates(5000.0, dict.fromkeys(decode_sizes(), 1000.0), 200.0, 64, 0),
    start=5.0,
    runs={
        "baseline": DryRun("baseline", 0.1, {"scratch": COST}, 0.01, 0.0),
        "mobilenet": DryRun(
            "mobilenet",
            1.0,
            {"frozen": replace(COST, step=0.003), "finetune": replace(COST, step=0.4)},
            0.01,
            0.0,
        ),
    },
    light=2e8,
    heavy=1e9,
)


def at(pictures: int) -> dict[tuple[str, str], Estimate]:
    found = estimates(Counts.split(pictures), COSTS)
    return {(item.command.removeprefix("tl-catdog "), item.case): item for item in found}


def middle(item: Estimate) -> float:
    return sum(item.seconds) / 2


def test_each_usual_command_has_its_estimate() -> None:
    assert list(at(2000)) == [
        ("train --arch mobilenet", "first time"),
        ("train --arch mobilenet", "features cached"),
        ("train --arch mobilenet --finetune", "first time"),
        ("train --arch baseline", ""),
        ("predict DIR", ""),
    ]


def test_ten_times_the_pictures_take_about_ten_times_as_long() -> None:
    few, many = at(20_000), at(200_000)
    for key in few:
        assert middle(many[key]) / middle(few[key]) == pytest.approx(10, rel=0.25), key
        assert many[key].disk >= few[key].disk


def test_a_warm_cache_is_faster_and_fine_tuning_slower() -> None:
    found = {key: middle(item) for key, item in at(2000).items()}
    cold = found["train --arch mobilenet", "first time"]
    assert found["train --arch mobilenet", "features cached"] < cold
    assert found["train --arch mobilenet --finetune", "first time"] > cold


def test_a_small_set_is_looked_at_in_its_mirror_image_too() -> None:
    """``--mirror auto``: up to 1,000 training pictures."""
    small, large = Counts(1000, 100), Counts(1001, 100)
    one, two = (middle(estimates(counts, COSTS)[0]) for counts in (small, large))
    assert one > 1.2 * two


def test_memory_stays_and_the_disk_grows() -> None:
    few, many = at(2_000), at(20_000)
    for key in few:
        if key[0].startswith("train"):
            assert many[key].memory[1] < few[key].memory[1] + 1e8
            assert many[key].disk > 2 * few[key].disk
    assert few["predict DIR", ""].memory[1] < few["train --arch baseline", ""].memory[0]


def test_the_feature_cache_is_bounded() -> None:
    """By --cache-size, 2 GB; the pooled numbers that wait on the disk come on top."""
    found = at(1_000_000)["train --arch mobilenet", "first time"]
    assert found.disk == pytest.approx(2e9 + 1_000_000 * 1280 * 4, rel=0.01)


def test_counts_are_those_that_train_would_make(tmp_path: Path) -> None:
    split = paint_set(tmp_path / "a", {"train": 3, "validation": 2, "test": 1})
    plain = paint_set(tmp_path / "b", {"": 10})
    lacking = paint_set(tmp_path / "c", {"train": 10, "test": 2})
    assert Counts.of(scan(split)) == Counts(6, 4, 2)
    assert Counts.of(scan(plain)) == Counts(16, 4, 0)
    assert Counts.of(scan(lacking)) == Counts(16, 4, 4)
    assert Counts.of(scan(lacking)).total == 24


@pytest.mark.parametrize("seconds", [0.4, 3.0, 30.0, 90.0, 400.0, 5000.0])
def test_a_range_holds_what_was_computed(seconds: float) -> None:
    low, high = rounded(seconds)
    assert low <= 0.75 * seconds < seconds < 1.35 * seconds <= high
    assert high <= 2 * seconds + 1


def test_the_baseline_decodes_as_large_as_its_augmentation_wants() -> None:
    from tl_catdog.config import ARCH_DEFAULTS
    from tl_catdog.data.augment import RECIPES

    assert RECIPES[ARCH_DEFAULTS["baseline"]["augment"]].oversize == OVERSIZE
