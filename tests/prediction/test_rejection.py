"""When to say "unsure": what is promised of the answers given, and what looks unfamiliar."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.support.bare_runs import publish, publish_run, sealed, sha
from tl_catdog.errors import CatdogError
from tl_catdog.prediction import rejection
from tl_catdog.prediction.predictions import Predictions
from tl_catdog.prediction.rejection import Policy, choose_policy, policy_for, policy_of
from tl_catdog.runs.folder import OUT_OF_FOLD
from tl_catdog.statistics import proportion


def predictions(
    confidence: np.ndarray, right: np.ndarray, novelty: np.ndarray | None = None
) -> Predictions:
    labels = np.where(right, 1, 0).astype(np.int64)
    names = tuple(f"{i}.jpg" for i in range(len(labels)))
    chances = np.column_stack([1 - confidence, confidence])
    digests = tuple(map(sha, range(len(labels))))
    return Predictions(("ant", "bee"), digests, names, labels, chances, novelty)


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


def test_more_precision_costs_answers() -> None:
    validation = sample(2000, 1)
    lax, strict = (choose_policy(validation, p) for p in (0.7, 0.9))
    assert strict.confidence > lax.confidence
    assert strict.validation.given < lax.validation.given


def test_equal_answers_are_given_or_withheld_together() -> None:
    confidence = np.repeat([0.99, 0.8], 200)
    right = np.r_[np.ones(200, bool), np.arange(200) % 2 == 0]
    policy = choose_policy(predictions(confidence, right), 0.97)
    assert policy.validation.given == 200
    assert policy.confidence == 0.99


def test_of_older_predictions_without_novelty_the_probability_alone_decides() -> None:
    policy = choose_policy(predictions(np.full(100, 0.9), np.ones(100, bool)), 0.9)
    assert policy.novelty is None
    assert policy.doubt(0.95, 1.9) is None
    assert "unlike" not in policy.sentence()


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


def test_pictures_that_are_all_as_familiar_are_all_answered() -> None:
    n = 300
    policy = choose_policy(predictions(np.full(n, 0.99), np.ones(n, bool), np.full(n, 0.2)), 0.9)
    assert policy.novelty == 0.2
    assert policy.validation == rejection.Selection(n, n, n)


def test_few_pictures_can_not_show_much_and_say_so() -> None:
    all_right = predictions(np.linspace(0.6, 1, 50), np.ones(50, bool))
    with pytest.raises(CatdogError) as failure:
        choose_policy(all_right, 0.995)
    assert str(failure.value.message) == (
        "expected validation pictures that can show a precision of 99.5 %, 598 without a mistake "
        "are needed, found 50 validation pictures, which show 90.0 %."
    )
    assert failure.value.hint == "Type: --precision 0.9, or add pictures."
    assert choose_policy(all_right, 0.9).validation.given == 50  # what the hint says works
    # Without a wish they show what the surer half does, and all are answered that bear it out.
    policy = choose_policy(all_right)
    assert (policy.asked, policy.precision, policy.validation.given) == (0.995, 0.85, 50)


@pytest.mark.parametrize(
    ("n", "mistakes", "precision"), [(8, 0, 0.6), (8, 1, 0.5), (8, 3, None), (3, 0, None)]
)
def test_of_a_handful_all_count(n: int, mistakes: int, precision: float | None) -> None:
    right = np.arange(n) >= mistakes
    found = predictions(np.linspace(0.6, 1, n)[::-1], right)
    policy = choose_policy(found)
    assert policy.precision == precision
    assert policy.validation.given == n
    if mistakes == 0 and n == 8:
        assert policy.precision <= 0.05 ** (1 / 8)


def test_what_is_promised_is_said_and_what_is_not() -> None:
    selection = rejection.Selection(832, 790, 789)
    asked = Policy(0.99, 0.913, 0.4, selection)
    assert asked.promise() == "Promised: 99.0 % of the answers are right, with 95 % certainty"
    assert asked.sentence() == (
        f"{asked.promise()}. Answers from 91.3 % on, unless the picture is unlike those it knows: "
        "of 832 validation pictures 790 were answered, 95.0 % (93.2–96.2), and 789 of those "
        "rightly, 99.9 % (99.3–99.98)"
    )
    lower = Policy(0.6, 0.5, None, rejection.Selection(8, 8, 8), 0.995)
    assert lower.promise() == (
        "99.5 % can't be promised by 8 validation pictures (598 at least are needed). "
        "Promised instead: 60.0 % of the answers are right, with 95 % certainty"
    )
    mistaken = Policy(0.98, 0.5, None, selection, 0.995)
    assert mistaken.promise().startswith("99.5 % can't be promised by 832 validation pictures. ")
    none = Policy(None, 0.5, None, rejection.Selection(3, 3, 3), 0.995, out_of_fold=True)
    assert none.promise() == "No precision can be promised: 3 out-of-fold pictures show none"
    assert "of 3 out-of-fold pictures 3 were answered" in none.sentence()


def test_json_holds_what_was_asked_and_what_is_promised() -> None:
    found = Policy(0.9, 0.7, 0.4, rejection.Selection(9, 9, 9), 0.995, out_of_fold=True).to_json()
    assert found.pop("validation") == rejection.Selection(9, 9, 9).to_json()
    assert found == {
        "asked": 0.995,
        "precision": 0.9,
        "certainty": 0.95,
        "confidence": 0.7,
        "novelty": 0.4,
        "out_of_fold": True,
    }
    assert Policy(0.9, 0.7, 0.4, rejection.Selection(9, 9, 9)).to_json()["asked"] == 0.9


def test_99_5_percent_is_asked_for_by_default_and_promised_where_it_can_be_shown() -> None:
    right = np.ones(2000, bool)
    policy = choose_policy(predictions(np.linspace(1, 0.6, 2000), right))
    assert (policy.asked, policy.precision) == (0.995, 0.995)
    assert policy.validation == rejection.Selection(2000, 2000, 2000)
    right[:40] = False  # the surest are wrong
    policy = choose_policy(predictions(np.linspace(1, 0.6, 2000), right))
    assert (policy.asked, policy.precision) == (0.995, 0.9)


def test_the_first_failure_ends_it_even_if_later_answers_are_right() -> None:
    """Fixed sequence testing: going on to the next success would be trying until it fits."""
    confidence = np.linspace(1.0, 0.5, 3000)
    right = np.ones(3000, bool)
    right[260:320] = False
    policy = choose_policy(predictions(confidence, right), 0.95)
    assert 260 < policy.validation.given < 280
    assert choose_policy(predictions(confidence[:2], right[:2]), 0.2).validation.given == 2


def test_the_sequence_starts_where_it_is_fixed_to_and_not_where_it_first_succeeds() -> None:
    """Beginning at the first success was how a promise of 95 % came to be kept in 80 % of draws."""
    confidence = np.linspace(1.0, 0.5, 1000)
    right = np.ones(1000, bool)
    right[260:] = np.arange(740) % 4 > 0
    assert choose_policy(predictions(confidence, right), 0.95).validation.given > 260
    right[60:110:2] = False  # 95 % could be shown by the first 59, but the start is at 208
    with pytest.raises(CatdogError):
        choose_policy(predictions(confidence, right), 0.95)


@pytest.mark.parametrize(("n", "unfamiliar"), [(1000, 29), (99, 2), (32, 0), (7, 0)])
def test_three_pictures_in_a_hundred_pass_for_unfamiliar(n: int, unfamiliar: int) -> None:
    novelty = np.random.default_rng(0).permutation(n) / n
    policy = choose_policy(predictions(np.full(n, 0.99), np.ones(n, bool), novelty))
    assert policy.validation == rejection.Selection(n, n - unfamiliar, n - unfamiliar)
    assert policy.doubt(0.999, float(novelty.max()) + 0.01) == "unlike the pictures it knows"
    assert policy.doubt(0.4, 0.0) == "too doubtful"


def test_a_run_without_predictions_has_no_policy(tmp_path: Path) -> None:
    assert policy_of(publish_run(tmp_path, "run")) is None
    folder = tmp_path / "run" / "predictions"
    folder.mkdir()
    validation = predictions(np.linspace(0.6, 1, 200), np.ones(200, bool))
    (folder / "validation.csv").write_text(validation.to_csv())
    run = sealed(tmp_path / "run")
    assert policy_of(run) == choose_policy(validation)
    assert policy_for(run, 0.9) == choose_policy(validation, 0.9)
    with pytest.raises(CatdogError):
        policy_for(run, 0.999)
    (folder / "validation.csv").write_text(validation.to_csv().replace("0.", "1.", 1))
    with pytest.raises(CatdogError, match=r"validation\.csv"):  # damage is no want
        policy_of(run)


def test_of_a_run_that_held_nothing_out_the_policy_says_so(tmp_path: Path) -> None:
    publish(tmp_path, "run")
    manifest = tmp_path / "run" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "validation": OUT_OF_FOLD}))
    (tmp_path / "run" / "predictions").mkdir()
    validation = predictions(np.linspace(0.6, 1, 200), np.ones(200, bool))
    (tmp_path / "run" / "predictions" / "validation.csv").write_text(validation.to_csv())
    policy = policy_of(sealed(tmp_path / "run"))
    assert policy is not None
    assert policy.out_of_fold
    assert "of 200 out-of-fold pictures" in policy.sentence()
