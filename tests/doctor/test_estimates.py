"""What the usual commands take, from what was measured and from counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import paint_set
from tests.support.dry_runs import RUNS
from tl_catdog.data.folders import scan
from tl_catdog.doctor.dry_run import DryRun
from tl_catdog.doctor.estimates import ASSUMED, Estimate, counts_of, counts_sentence, estimates

COST = {"start": 0.5, "hash": 2e-4, "load": 0.5, "predict": 0.005, "TensorFlow": 4.0}

MOBILENET = ("train --arch mobilenet", "first time")
CACHED = ("train --arch mobilenet", "features cached")
TUNED = ("train --arch mobilenet --finetune", "first time")
BASELINE = ("train --arch baseline", "")
PREDICT = ("predict DIR", "")


def split(train: int, validation: int, test: int = 0) -> dict[str, int]:
    return {"train": train, "validation": validation, "test": test}


def at(
    counts: dict[str, int], cost: dict[str, float] | None = None, runs: dict[str, DryRun] = RUNS
) -> dict[tuple[str, str], Estimate]:
    found = estimates(counts, cost or COST, 2e8, runs)
    return {(item.command.removeprefix("tl-catdog "), item.case): item for item in found}


def middle(item: Estimate) -> float:
    """Return what was computed: the range's low end is 0.75 of it."""
    return item.seconds[0] / 0.75


def without(*units: str) -> dict[str, DryRun]:
    """Return the dry runs as if some units of work took no time."""
    return {
        arch: replace(run, cost={**run.cost, **{unit: 0.0 for unit in units if unit in run.cost}})
        for arch, run in RUNS.items()
    }


def test_each_usual_command_has_its_estimate() -> None:
    assert list(at(split(1600, 400))) == [MOBILENET, CACHED, TUNED, BASELINE, PREDICT]


def test_ten_times_the_pictures_take_about_ten_times_as_long() -> None:
    few, many = at(split(16_000, 4_000)), at(split(160_000, 40_000))
    for key in few:
        ratio = middle(many[key]) / middle(few[key])
        # The baseline's steps grow with the root of the pictures, what else it does with them.
        assert 10**0.5 < ratio < 7 if key == BASELINE else ratio == pytest.approx(10, rel=0.25), key
        assert many[key].disk >= few[key].disk


def test_what_was_measured_is_multiplied_by_counts() -> None:
    """Each figure by hand; 1,601 pictures are 51 steps, and too many for their mirror images."""
    found = {key: middle(item) for key, item in at(split(1601, 400)).items()}
    began = 0.5 + 0.5 + 4.0 + 2.0 + 2001 * 2e-4
    frozen = 1.5 + 2.0 + 29 * (51 * 0.003 + 400 * 0.001)
    finetune = 2.0 + 3 * (51 * 0.4 + 400 * 0.001)
    scratch = 2.0 + 107 * (51 * 0.1 + 400 * 0.001)
    assert found[CACHED] == pytest.approx(began + frozen)
    assert found[MOBILENET] == pytest.approx(began + frozen + (1601 + 400) * 0.01)
    read = 1601 * 0.02 + 400 * 0.01
    assert found[TUNED] == pytest.approx(began + frozen + finetune + read + 400 * 0.01)
    assert found[BASELINE] == pytest.approx(began + scratch + read + 400 * 0.01)
    assert found[PREDICT] == pytest.approx(0.5 + 0.5 + 2001 * 0.005)


def test_test_pictures_are_extracted_for_a_head_and_predicted_otherwise() -> None:
    few, many = at(split(1601, 400)), at(split(1601, 400, 1000))
    hashing = 1000 * 2e-4
    for key in (MOBILENET, TUNED, BASELINE):
        assert middle(many[key]) - middle(few[key]) == pytest.approx(hashing + 1000 * 0.01), key
    assert middle(many[CACHED]) - middle(few[CACHED]) == pytest.approx(hashing)
    free = at(split(1601, 400, 1000), runs=without("predict"))
    assert middle(free[MOBILENET]) == middle(many[MOBILENET])
    for key in (TUNED, BASELINE):
        assert middle(many[key]) - middle(free[key]) == pytest.approx(1400 * 0.01)


def test_a_warm_cache_is_faster_and_fine_tuning_slower() -> None:
    found = {key: middle(item) for key, item in at(split(1600, 400)).items()}
    assert found[CACHED] < found[MOBILENET] < found[TUNED]


@pytest.mark.parametrize(
    ("stage", "epochs", "key"),
    [("frozen", 15, MOBILENET), ("finetune", 3, TUNED), ("scratch", 68, BASELINE)],
)
def test_each_stage_takes_all_of_its_epochs(stage: str, epochs: int, key: tuple[str, str]) -> None:
    counts = split(3200, 800)
    whole = middle(at(counts)[key])
    step, check = (
        RUNS[key[0].split()[2]].cost[f"{stage} {unit}"] for unit in ("step", "validation")
    )
    assert whole - middle(at(counts, runs=without(f"{stage} step"))[key]) == pytest.approx(
        epochs * 100 * step
    )
    assert whole - middle(at(counts, runs=without(f"{stage} validation"))[key]) == pytest.approx(
        epochs * 800 * check
    )


def test_a_small_set_is_seen_in_its_mirror_image_too() -> None:
    """``--mirror auto``: up to 1,000 training pictures."""
    one, two = (middle(at(split(train, 100))[MOBILENET]) for train in (1000, 1001))
    assert one - two == pytest.approx(1000 * (0.02 - 0.01), abs=0.1)


def test_a_range_holds_what_was_computed() -> None:
    for item in at(split(1600, 400)).values():
        low, high = item.seconds
        assert (low, high) == pytest.approx((0.75 * middle(item), 1.35 * middle(item)))
        least, most = item.memory
        assert most < 1.8 * least


def test_memory_stays_and_the_disk_grows() -> None:
    few, many = at(split(1_600, 400)), at(split(16_000, 4_000))
    for key in (MOBILENET, CACHED, TUNED, BASELINE):
        assert many[key].memory[1] < few[key].memory[1] + 1e8
        assert many[key].disk > 2 * few[key].disk
    assert few[PREDICT].memory[1] < few[BASELINE].memory[0]


def test_a_picture_takes_a_kilobyte_of_memory_and_small_arrays_stay_there() -> None:
    """16 MB is where ``ArrayStore`` turns to the disk; nothing else grows."""
    none, some, more = (at(split(train, 0))[BASELINE] for train in (0, 600, 6000))
    decoded = 96 * 96 * 3
    assert some.memory[0] - none.memory[0] == pytest.approx(600 * (1000 + decoded))
    assert some.disk == 0
    assert more.memory[0] - none.memory[0] == pytest.approx(6000 * 1000)
    assert more.disk == 6000 * decoded


def test_the_feature_cache_is_bounded() -> None:
    """By --cache-size, 2 GB; the pooled features that wait on the disk come on top."""
    found = at(split(800_000, 200_000))[MOBILENET]
    assert found.disk == pytest.approx(2e9 + 1_000_000 * 1280 * 4, rel=0.01)


def test_only_a_fine_tuning_keeps_the_block_s_features() -> None:
    """Of 400 pictures: those of the head's features in two views are 5 % more than 4 MB."""
    found = at(split(320, 80))
    pooled = (2 * 320 + 80) * 1280 * 4
    block = (2 * 320 + 80) * 14 * 14 * 96 * 2
    waits = 2 * 320 * 14 * 14 * 96 * 2
    assert found[MOBILENET].disk == pytest.approx(1.05 * pooled)
    assert found[TUNED].disk == pytest.approx(1.05 * (pooled + block) + waits)


def test_counts_are_those_that_train_would_make(tmp_path: Path) -> None:
    divided = paint_set(tmp_path / "a", {"train": 3, "validation": 2, "test": 1})
    plain = paint_set(tmp_path / "b", {"": 10})
    lacking = paint_set(tmp_path / "c", {"train": 10, "test": 2})
    assert counts_of(scan(divided)) == split(6, 4, 2)
    assert counts_of(scan(plain)) == split(16, 4, 0)
    assert counts_of(scan(lacking)) == split(16, 4, 4)


def test_without_a_folder_some_are_assumed() -> None:
    assert sum(counts_of(None).values()) == ASSUMED


def test_counts_in_words() -> None:
    assert counts_sentence(split(1600, 400)) == "1,600 pictures to train on, 400 to validate on"
    assert counts_sentence(split(1, 2, 3)).endswith("2 to validate on, 3 to test on")


def test_a_head_alone_reads_pictures_in_the_precision_that_its_training_takes() -> None:
    counts = split(16_000, 4_000)
    run = RUNS["mobilenet"]
    quicker = {f"head {unit}": 0.5 * run.cost[unit] for unit in ("read train", "read validation")}
    runs = {**RUNS, "mobilenet": replace(run, cost={**run.cost, **quicker})}
    before, now = at(counts), at(counts, runs=runs)
    saved = middle(before[MOBILENET]) - middle(now[MOBILENET])
    assert saved == pytest.approx(0.5 * 0.01 * 20_000, rel=0.01)
    for other in (TUNED, BASELINE, CACHED, PREDICT):
        assert middle(now[other]) == middle(before[other]), other
