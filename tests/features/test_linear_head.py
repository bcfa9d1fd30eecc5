"""What is usual of a head's linear model before it is measured."""

import pytest

from tl_catdog.features.linear_head import CAUTION, STRENGTHS, cautious, usual_temperature


def test_shorter_weights_are_expected_to_be_colder() -> None:
    usual = [usual_temperature(strength) for strength in STRENGTHS]
    assert usual == sorted(usual)
    assert usual_temperature(100.0) == 1.0


def test_of_equal_losses_that_of_the_shorter_weights_is_least() -> None:
    losses = [cautious(0.4, strength) for strength in STRENGTHS]
    assert losses == sorted(losses)
    assert cautious(1.0, 3.0) == pytest.approx(1 + CAUTION * 1.0986, abs=1e-4)
