"""When to say "unsure": what is promised of the answers given, and what looks unfamiliar."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.neighbors import NearestNeighbors

from tl_catdog.errors import CatdogError
from tl_catdog.prediction import rejection
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import FeatureBank, Policy, choose_policy


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


def test_older_predictions_without_novelty_are_judged_by_probability_alone() -> None:
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
