"""Pairs of runs: matched by the pictures' content, tested, and said in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.bare_runs import publish_run, sha
from tl_catdog.errors import UsageError
from tl_catdog.evaluation.comparison import Pair, compare, compare_pair, p_words
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.runs.folder import Run, read_run
from tl_catdog.runs.keeping import keep
from tl_catdog.statistics import (
    Interval,
    PairedCounts,
    mcnemar_exact,
    paired_difference_interval,
    wilson_interval,
)


def said(right: list[bool], digests: list[str] | None = None) -> Predictions:
    count = len(right)
    labels = np.array([i % 2 for i in range(count)])
    guesses = np.where(right, labels, 1 - labels)
    return Predictions(
        ("cat", "dog"),
        tuple(digests or map(sha, range(count))),
        tuple(f"{i}.jpg" for i in range(count)),
        labels,
        np.stack([1.0 - guesses, guesses], axis=1) * 0.8 + 0.1,
    )


def test_the_better_one_comes_first() -> None:
    a, b = said([True] * 10), said([True] * 6 + [False] * 4)
    for pair in (compare_pair("x", a, "y", b), compare_pair("y", b, "x", a)):
        assert (pair.a, pair.b, pair.n) == ("x", "y", 10)
        assert pair.delta == pytest.approx(0.4)
        assert pair.delta_ci.low < 0.4 < pair.delta_ci.high
        assert pair.p_value == pytest.approx(2 * 0.5**4)


def test_pictures_are_matched_by_content_not_by_order() -> None:
    right = [True, False, True, True, False, True]
    digests = [f"d{i}" for i in range(6)]
    a = said(right, digests)
    # The same answers, in another order; even positions stay even so that labels agree.
    order = [4, 1, 0, 5, 2, 3]
    b = said([right[i] for i in order], [digests[i] for i in order])
    pair = compare_pair("a", a, "b", b)
    assert (pair.n, pair.delta, pair.p_value) == (6, 0, 1)


def test_copies_of_a_picture_each_find_a_partner() -> None:
    a, b = said([True] * 4, ["same"] * 4), said([True] * 4, ["same"] * 4)
    assert compare_pair("a", a, "b", b).n == 4


def test_only_shared_pictures_count() -> None:
    a = said([True] * 4, ["p", "q", "r", "s"])
    b = said([False] * 4, ["p", "q", "x", "y"])
    assert compare_pair("a", a, "b", b).n == 2
    with pytest.raises(UsageError, match="found none"):
        compare_pair("a", a, "b", said([True] * 2, ["u", "v"]))


@pytest.mark.parametrize(
    ("delta", "interval", "p_value", "sentence"),
    [
        (
            0.2131,
            (0.1814, 0.2456),
            1e-9,
            "a beats b by 21.3 points (18.1–24.6), p < 0.001",
        ),
        (
            0.0024,
            (-0.0051, 0.0100),
            0.6875,
            "a is ahead of b by 0.2 points (−0.5 to 1.0), but that may be chance, p = 0.688",
        ),
        (0.0, (-0.01, 0.01), 1.0, "a and b are level: 0.0 points (−1.0 to 1.0), p = 1.000"),
    ],
)
def test_a_pair_in_words(
    delta: float, interval: tuple[float, float], p_value: float, sentence: str
) -> None:
    assert Pair("a", "b", 832, delta, Interval(*interval), p_value).sentence() == sentence


def test_p_values_in_words() -> None:
    assert p_words(0.0009) == "p < 0.001"
    assert p_words(0.04) == "p = 0.040"


def write_run(
    folder: Path, fingerprint: str, right: list[bool], splits: tuple[str, ...] = ("validation",)
) -> Run:
    return publish_run(
        folder.parent,
        folder.name,
        files={f"predictions/{split}.csv": said(right).to_csv().encode() for split in splits},
        config={"arch": "baseline", "image_size": 64, "seed": 0},
        data={"name": "pets", "fingerprint": fingerprint * 64, "classes": ["cat", "dog"]},
        stages=[{"name": "scratch", "epochs": 2, "best_epoch": 1}],
        model={"params": 10, "trainable_params": 5, "ms_per_image": 1.5, "bytes": 100},
    )


def test_runs_on_different_data_are_never_paired(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "one", "a", [True] * 8),
        write_run(tmp_path / "two", "a", [True] * 4 + [False] * 4),
        write_run(tmp_path / "three", "b", [True] * 8),
    ]
    first, second = compare(runs)
    assert [row.run for row in first.runs] == ["two", "one"]
    assert [(pair.a, pair.b) for pair in first.pairs] == [("one", "two")]
    assert [row.run for row in second.runs] == ["three"]
    assert second.pairs == ()


def test_test_pictures_are_used_if_every_run_has_them(tmp_path: Path) -> None:
    both = ("validation", "test")
    one = write_run(tmp_path / "one", "a", [True] * 4, both)
    two = write_run(tmp_path / "two", "a", [True] * 4, both)
    three = write_run(tmp_path / "three", "a", [True] * 4)
    assert compare([one, two])[0].split == "test"
    assert compare([one, two, three])[0].split == "validation"
    with pytest.raises(UsageError, match="tl-catdog evaluate three --split test"):
        compare([one, three], "test")


def test_json_has_the_promised_names(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", "a", [True] * 8)
    two = write_run(tmp_path / "two", "a", [True] * 4 + [False] * 4)
    (group,) = [group.to_json() for group in compare([one, two])]
    assert {"data", "runs", "pairs"} <= set(group)
    assert {
        "run", "arch", "stages", "accuracy", "accuracy_ci", "auc", "params", "trainable_params",
        "train_seconds", "ms_per_image",
    } <= set(group["runs"][0])  # fmt: skip
    assert set(group["pairs"][0]) >= {"a", "b", "delta", "delta_ci", "p_value"}
    json.dumps(group)


def test_a_pair_is_counted_picture_by_picture() -> None:
    a = said([True, True, True, False, False, True, True])
    b = said([True, False, False, True, False, False, True])
    counts = PairedCounts(both=2, only_a=3, only_b=1, neither=1)
    pair = compare_pair("a", a, "b", b)
    assert pair.delta == pytest.approx(2 / 7)
    assert pair.delta_ci == paired_difference_interval(counts)
    assert pair.p_value == mcnemar_exact(counts)
    assert pair.to_json() == {
        "a": "a",
        "b": "b",
        "n": 7,
        "delta": pair.delta,
        "delta_ci": [pair.delta_ci.low, pair.delta_ci.high],
        "p_value": pair.p_value,
    }


def test_level_runs_stay_in_the_order_given() -> None:
    pair = compare_pair("x", said([True, False]), "y", said([False, True]))
    assert (pair.a, pair.b, pair.delta) == ("x", "y", 0.0)


def test_a_picture_counts_only_where_both_call_it_by_one_label() -> None:
    """A picture that was relabelled between two trainings is another question."""
    a, b = said([True] * 4, ["p", "q", "r", "s"]), said([True] * 4, ["q", "p", "r", "s"])
    assert compare_pair("a", a, "b", b).n == 2


def test_labels_are_compared_by_name_not_by_number() -> None:
    a, b = said([True, False, True, True]), said([True, True, False, True])
    other = Predictions(("dog", "cat"), b.digests, b.names, 1 - b.labels, b.probabilities[:, ::-1])
    assert compare_pair("a", a, "b", other) == compare_pair("a", a, "b", b)


@pytest.mark.parametrize(("p_value", "significant"), [(0.0499, True), (0.05, False)])
def test_what_chance_makes_in_one_of_twenty_is_no_proof(p_value: float, significant: bool) -> None:
    pair = Pair("a", "b", 100, 0.1, Interval(0.0, 0.2), p_value)
    assert pair.significant == significant
    assert ("beats" in pair.sentence()) == significant


def test_a_group_counts_the_pictures_that_any_of_its_runs_could_read(tmp_path: Path) -> None:
    """Runs may have skipped different pictures; each row and pair has its own n."""
    full = write_run(tmp_path / "full", "a", [True] * 7 + [False])
    less = write_run(tmp_path / "less", "a", [True] * 6)
    (group,) = compare([full, less])
    assert group.n == 8
    assert {row.run: row.evaluation.n for row in group.runs} == {"full": 8, "less": 6}
    assert [pair.n for pair in group.pairs] == [6]


def test_rows_rise_by_accuracy_then_area_and_pairs_fall_by_difference(tmp_path: Path) -> None:
    rights = {"best": 10, "middle": 8, "worst": 3}
    runs = [
        write_run(tmp_path / name, "a", [True] * count + [False] * (10 - count))
        for name, count in rights.items()
    ]
    # As accurate as the middle one, but one of its mistakes is a sure one.
    sure = write_run(tmp_path / "sure", "a", [True] * 8 + [False] * 2)
    last = said([True] * 8 + [False] * 2)
    last.probabilities[9] = 1 - np.eye(2)[last.labels[9]]
    sure = keep(sure, "predictions/validation.csv", last.to_csv())
    (group,) = compare([*runs, sure])
    assert [row.run for row in group.runs] == ["worst", "sure", "middle", "best"]
    areas = {row.run: row.evaluation.auc or 0 for row in group.runs}
    assert areas["sure"] < areas["middle"]
    assert (group.pairs[0].a, group.pairs[0].b) == ("best", "worst")
    deltas = [pair.delta for pair in group.pairs]
    assert deltas == sorted(deltas, reverse=True)
    assert deltas[-1] == 0
    assert len(deltas) == 6


def test_a_run_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", "a", [True] * 8)
    two = write_run(tmp_path / "two", "a", [True] * 8)
    (group,) = compare([one, two, read_run(tmp_path / "two" / ".." / "one")])
    assert sorted(row.run for row in group.runs) == ["one", "two"]
    assert len(group.pairs) == 1


def test_runs_of_one_name_in_two_folders_are_refused(tmp_path: Path) -> None:
    """Rows are told apart by name, so that one's figures would stand for both."""
    mine = write_run(tmp_path / "mine" / "run", "a", [True] * 8)
    yours = write_run(tmp_path / "yours" / "run", "a", [True] * 4 + [False] * 4)
    with pytest.raises(UsageError, match="different names"):
        compare([mine, yours])


def test_a_row_says_what_the_manifest_and_the_settings_say(tmp_path: Path) -> None:
    run = write_run(tmp_path / "one", "a", [True] * 3 + [False])
    (group,) = compare([run])
    (row,) = group.to_json()["runs"]
    interval = wilson_interval(3, 4)
    assert row == {
        "run": "one",
        "arch": "baseline",
        "stages": ["scratch"],
        "rejected_stages": [],
        "image_size": 64,
        "n": 4,
        "accuracy": 0.75,
        "accuracy_ci": [interval.low, interval.high],
        "balanced_accuracy": group.runs[0].evaluation.balanced_accuracy.value,
        "balanced_accuracy_ci": group.runs[0].evaluation.to_json()["balanced_accuracy_ci"],
        "top5_accuracy": None,
        "top5_accuracy_ci": None,
        "auc": group.runs[0].evaluation.auc,
        "log_loss": group.runs[0].evaluation.log_loss,
        "params": 10,
        "trainable_params": 5,
        "train_seconds": 12.0,
        "ms_per_image": 1.5,
        "file_bytes": 100,
        "seed": 0,
        "interrupted": False,
        "out_of_fold": False,
    }
    assert (group.data, group.classes, group.drawn, group.fingerprint) == (
        "pets", ("cat", "dog"), False, "a" * 64,
    )  # fmt: skip
