"""When to say "unsure": what is promised of the answers given, and what looks unfamiliar."""

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.neighbors import NearestNeighbors

from tests.support.bare_runs import publish
from tl_catdog.errors import CatdogError
from tl_catdog.prediction import rejection
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import FeatureBank, Policy, choose_policy, policy_of
from tl_catdog.runs.folder import read_run
from tl_catdog.statistics import proportion


def predictions(
    confidence: np.ndarray, right: np.ndarray, novelty: np.ndarray | None = None
) -> Predictions:
    labels = np.where(right, 1, 0).astype(np.int64)
    names = tuple(f"{i}.jpg" for i in range(len(labels)))
    chances = np.column_stack([1 - confidence, confidence])
    return Predictions(("cat", "dog"), names, names, labels, chances, novelty)


def sample(n: int, seed: int) -> Predictions:
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1.0, n)
    return predictions(confidence, rng.random(n) < confidence, rng.random(n))


@given(st.integers(0, 10_000), st.floats(0.6, 0.95))
def test_answers_given_can_be_shown_to_be_as_right_as_asked(seed: int, precision: float) -> None:
    validation = sample(400, seed)
    with contextlib.suppress(CatdogError):  # where so many can't show it
        check(choose_policy(validation, precision), validation, precision)


def check(policy: Policy, validation: Predictions, precision: float) -> None:
    here = policy.select(validation)
    assert here == policy.validation
    assert here.given > 0
    bound = (
        binomtest(here.right, here.given, alternative="greater").proportion_ci(0.95, "exact").low
    )
    assert bound >= precision


def test_the_promise_holds_on_further_pictures() -> None:
    kept = []
    for seed in range(40):
        policy = choose_policy(sample(600, seed), 0.8)
        found = policy.select(sample(4000, 1000 + seed)).precision
        assert found is not None
        kept.append(found.value >= 0.8)
    assert sum(kept) >= 36  # of 40, promised with 95 % certainty


def test_more_precision_costs_answers() -> None:
    validation = sample(2000, 1)
    lax, strict = (choose_policy(validation, p) for p in (0.7, 0.9))
    assert strict.confidence > lax.confidence
    assert strict.validation.given < lax.validation.given


def test_few_pictures_can_not_show_much_and_say_so() -> None:
    all_right = predictions(np.linspace(0.6, 1, 50), np.ones(50, bool))
    with pytest.raises(CatdogError, match=r"50, which show 94\.2 % at best") as failure:
        choose_policy(all_right, 0.995)
    assert "--precision 0.941" in failure.value.hint
    # Without a wish it takes what they can show, and answers them all.
    policy = choose_policy(all_right)
    assert policy.precision == pytest.approx(0.05 ** (1 / 50))
    assert policy.validation.given == 50


def test_equal_answers_are_given_or_withheld_together() -> None:
    confidence = np.repeat([0.99, 0.8], 200)
    right = np.r_[np.ones(200, bool), np.arange(200) % 2 == 0]
    policy = choose_policy(predictions(confidence, right), 0.97)
    assert policy.validation.given == 200
    assert policy.confidence == 0.99


def test_unfamiliar_pictures_are_not_answered_however_sure_it_is() -> None:
    n = 300
    validation = predictions(np.full(n, 0.999), np.ones(n, bool), np.linspace(0, 0.5, n))
    policy = choose_policy(validation, 0.98)
    assert policy.novelty == pytest.approx(0.99 * 0.5)
    assert policy.validation.given == 297
    assert policy.doubt(0.999, 0.6) == "unlike the pictures it knows"
    assert policy.doubt(0.4, 0.1) == "too doubtful"
    assert policy.doubt(0.9995, 0.1) is None


def test_of_older_predictions_without_novelty_the_probability_alone_decides() -> None:
    policy = choose_policy(predictions(np.full(100, 0.9), np.ones(100, bool)), 0.9)
    assert policy.novelty is None
    assert policy.doubt(0.95, 1.9) is None
    assert "unlike" not in policy.sentence()


def test_the_sentence_gives_counts_and_intervals() -> None:
    policy = Policy(0.99, 0.913, 0.4, rejection.Selection(832, 790, 789))
    assert policy.sentence() == (
        "Answers from 91.3 % on, unless the picture is unlike those it knows: of 832 validation "
        "pictures 790 were answered, 95.0 % (93.2–96.2), and 789 of those rightly, "
        "99.9 % (99.3–99.98)"
    )


def features(n: int, seed: int) -> np.ndarray:
    return np.abs(np.random.default_rng(seed).normal(size=(n, 24))).astype(np.float32)


def test_the_distance_is_that_to_the_tenth_neighbour_as_scikit_learn_has_it() -> None:
    known, others = features(200, 0), features(30, 1)
    ours = FeatureBank.of(lambda positions: known[positions], 200).distance(others)
    search = NearestNeighbors(n_neighbors=rejection.NEIGHBOURS, metric="cosine").fit(known)
    theirs = search.kneighbors(others)[0][:, -1]
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_the_distance_is_the_same_alone_and_in_company() -> None:
    known, others = features(200, 0), features(40, 1)
    feature_bank = FeatureBank.of(lambda positions: known[positions], 200)
    alone = [feature_bank.distance(row[None])[0] for row in others]
    assert feature_bank.distance(others).tolist() == alone


@pytest.mark.parametrize("n", [40, 700])
def test_no_picture_is_compared_with_itself(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejection, "KEPT", 500)
    known = features(n, 0)

    def read(positions: np.ndarray) -> np.ndarray:
        return np.take(known, positions, axis=0)

    feature_bank = FeatureBank.of(read, n)
    assert len(feature_bank.rows) == min(n, 500)
    own, naive = (feature_bank.distances(read, n, own=own) for own in (True, False))
    assert len(own) == n
    assert (own >= naive).all()
    assert (own > naive).sum() == len(feature_bank.rows)


def test_a_feature_bank_survives_being_saved() -> None:
    known = features(50, 0)
    feature_bank = FeatureBank.of(lambda positions: known[positions], 50)
    restored = FeatureBank.from_bytes(feature_bank.to_bytes())
    assert (restored.distance(features(9, 1)) == feature_bank.distance(features(9, 1))).all()


def test_a_single_picture_is_not_unfamiliar_to_itself() -> None:
    known = features(1, 0)
    feature_bank = FeatureBank.of(lambda positions: known[positions], 1)
    assert feature_bank.distances(lambda positions: known[positions], 1, own=True).tolist() == [0.0]


def test_ten_neighbours_count_and_fewer_where_there_are_fewer() -> None:
    known, others = features(15, 0), features(4, 1)
    for count, neighbour in ((15, 9), (11, 9), (10, 9), (9, 8), (1, 0)):
        bank = FeatureBank.of(lambda positions: np.take(known, positions, axis=0), count)
        unit = known[:count] / np.linalg.norm(known[:count], axis=1, keepdims=True)
        cosines = others @ unit.T / np.linalg.norm(others, axis=1, keepdims=True)
        expected = np.sort(1 - cosines, axis=1)[:, neighbour]
        assert bank.distance(others) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("n", [8, 12, 300, 700])
def test_distances_are_those_of_each_picture_to_the_others_of_the_bank(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps of 256, with part of the pictures in the bank or all: as by brute force."""
    monkeypatch.setattr(rejection, "KEPT", 500)
    known = features(n, 3)

    def read(positions: np.ndarray) -> np.ndarray:
        return np.take(known, positions, axis=0)

    bank = FeatureBank.of(read, n)
    assert bank.distances(read, n, own=False) == pytest.approx(bank.distance(known), abs=1e-6)
    own = bank.distances(read, n, own=True)
    unit = known / np.linalg.norm(known, axis=1, keepdims=True)
    itself = {
        int(np.argmin(np.linalg.norm(unit - row, axis=1))): index
        for index, row in enumerate(bank.rows)
    }
    assert len(itself) == min(n, 500)
    for position in range(n):
        rows = bank.rows
        if position in itself:
            rows = np.delete(rows, itself[position], axis=0)
        # A picture outside the bank has one neighbour more, and is still counted as the others.
        nearest = min(10, len(bank.rows) - 1)
        expected = np.sort(1 - rows @ unit[position])[nearest - 1]
        assert own[position] == pytest.approx(expected, abs=1e-6)


def test_of_many_pictures_a_thousand_are_kept_always_the_same_ones() -> None:
    known = features(2500, 0)

    def read(positions: np.ndarray) -> np.ndarray:
        assert (np.diff(positions) > 0).all()  # each once, in order: a file is read from the front
        return np.take(known, positions, axis=0)

    first, second = FeatureBank.of(read, 2500), FeatureBank.of(read, 2500)
    assert first.rows.shape == (1000, 24)
    assert np.array_equal(first.rows, second.rows)
    assert FeatureBank.of(read, 1000).rows.shape == (1000, 24)


def test_rows_have_length_one_whatever_the_features_were() -> None:
    known = features(30, 0) * 1000
    known[3] = 0  # says nothing, and must not become nan
    bank = FeatureBank.of(lambda positions: np.take(known, positions, axis=0), 30)
    lengths = np.linalg.norm(bank.rows, axis=1)
    assert np.delete(lengths, 3) == pytest.approx(1, abs=1e-3)
    assert lengths[3] == 0
    assert np.isfinite(bank.distance(known)).all()
    levels = np.array([[0, 3, 4], [15, 0, 0]], np.uint8)
    assert FeatureBank.of_levels(levels).rows.tolist() == [
        [0, pytest.approx(0.6), pytest.approx(0.8)],
        [1, 0, 0],
    ]


def test_the_default_precision_is_99_5_percent_where_pictures_can_show_it() -> None:
    validation = predictions(np.linspace(0.6, 1, 2000), np.ones(2000, bool))
    policy = choose_policy(validation)
    assert policy.precision == 0.995
    assert policy.validation == rejection.Selection(2000, 2000, 2000)


def test_the_first_failure_ends_it_even_if_later_answers_are_right() -> None:
    """Fixed sequence testing: going on to the next success would be trying until it fits."""
    confidence = np.linspace(1.0, 0.5, 5160)
    right = np.ones(5160, bool)
    right[[0, 1]] = False  # the surest ones are wrong, so the first bounds fail
    right[160:200] = False
    policy = choose_policy(predictions(confidence, right), 0.95)
    assert 100 < policy.validation.given < 180
    assert policy.confidence > confidence[180]


def test_one_picture_in_a_hundred_passes_for_unfamiliar() -> None:
    n = 1000
    novelty = np.random.default_rng(0).permutation(n) / n
    policy = choose_policy(predictions(np.full(n, 0.99), np.ones(n, bool), novelty), 0.9)
    assert policy.novelty == pytest.approx(0.99, abs=2e-3)
    assert policy.validation == rejection.Selection(n, 990, 990)


def test_the_limits_themselves_are_answered() -> None:
    policy = Policy(0.99, 0.9, 0.4, rejection.Selection(10, 9, 9))
    assert policy.doubt(0.9, 0.4) is None
    assert policy.doubt(0.8999, 0.4) == "too doubtful"
    assert policy.doubt(0.9, 0.4001) == "unlike the pictures it knows"


def test_a_selection_has_coverage_of_all_and_precision_of_the_answers() -> None:
    found = rejection.Selection(200, 150, 147)
    assert found.coverage == proportion(150, 200)
    assert found.precision == proportion(147, 150)
    assert rejection.Selection(200, 0, 0).precision is None
    assert found.to_json() == {
        "n": 200,
        "given": 150,
        "right": 147,
        "coverage": proportion(150, 200).to_json(),
        "precision": proportion(147, 150).to_json(),
    }
    assert rejection.Selection(200, 0, 0).to_json()["precision"] is None


def test_selecting_counts_answers_given_and_right_among_all() -> None:
    policy = Policy(0.9, 0.8, 0.5, rejection.Selection(1, 1, 1))
    confidence = np.array([0.9, 0.9, 0.9, 0.7, 0.95])
    right = np.array([True, False, True, True, True])
    novelty = np.array([0.1, 0.1, 0.9, 0.1, 0.5])
    found = policy.select(predictions(confidence, right, novelty))
    assert found == rejection.Selection(5, 3, 2)


def test_a_run_without_predictions_has_no_policy(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    assert policy_of(read_run(tmp_path / "run")) is None
    folder = tmp_path / "run" / "predictions"
    folder.mkdir()
    validation = predictions(np.linspace(0.6, 1, 200), np.ones(200, bool))
    (folder / "validation.csv").write_text(validation.to_csv())
    assert policy_of(read_run(tmp_path / "run")) == choose_policy(validation)


def test_pictures_that_are_all_as_familiar_are_all_answered() -> None:
    n = 300
    policy = choose_policy(predictions(np.full(n, 0.99), np.ones(n, bool), np.full(n, 0.2)), 0.9)
    assert policy.novelty == 0.2
    assert policy.validation == rejection.Selection(n, n, n)
