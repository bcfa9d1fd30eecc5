"""Whole numbers for a convolution: what they stand for, and that no mean is moved by rounding."""

import numpy as np
import pytest

from tl_catdog.models.backbones.spec import Convolution
from tl_catdog.models.quantisation import (
    EPSILON,
    MOST,
    SPREAD,
    Folded,
    Moments,
    folded,
    steps_of,
    whole,
)

RANDOM = np.random.default_rng(0)


def convolution(out: int = 6, taken: int = 8, side: int = 1) -> Folded:
    kernel = RANDOM.normal(size=(out, taken, side, side))
    moments = Moments(RANDOM.normal(size=out), RANDOM.uniform(0.1, 2, out))
    return Folded(kernel, RANDOM.normal(size=out), moments)


def test_moments_after_relu6_are_those_of_what_a_normal_distribution_gives() -> None:
    before = Moments(np.array([-2.0, 0.0, 1.0, 7.0]), np.array([1.0, 1.0, 3.0, 0.5]))
    drawn = np.clip(
        before.mean[:, None] + before.deviation[:, None] * RANDOM.normal(size=10**5), 0, 6
    )
    after = before.relu6()
    np.testing.assert_allclose(after.mean, drawn.mean(axis=1), atol=0.02)
    np.testing.assert_allclose(after.deviation, drawn.std(axis=1), atol=0.02)


def test_a_channel_that_never_varies_stays_what_it_is() -> None:
    after = Moments(np.array([-1.0, 2.5, 9.0]), np.zeros(3)).relu6()
    np.testing.assert_allclose(after.mean, [0.0, 2.5, 6.0])
    np.testing.assert_allclose(after.deviation, 0.0, atol=1e-7)


def test_moments_of_a_sum_are_those_of_independent_parts() -> None:
    found = Moments(np.array([1.0]), np.array([3.0])) + Moments(np.array([2.0]), np.array([4.0]))
    assert (found.mean[0], found.deviation[0]) == (3.0, 5.0)


def test_a_range_holds_all_channels_and_zero() -> None:
    one = Moments(np.array([10.0, 12.0]), np.array([1.0, 0.5]))
    assert one.reach == (0.0, 10 + SPREAD)
    assert Moments(-one.mean, one.deviation).reach == (-10 - SPREAD, 0.0)


def test_folding_computes_what_the_batchnorm_does() -> None:
    item = Convolution("c", "n", 4)
    weights = {
        "c/0": RANDOM.normal(size=(1, 1, 3, 4)).astype(np.float32),
        **{f"n/{i}": RANDOM.uniform(0.5, 2, 4).astype(np.float32) for i in range(4)},
    }
    x = RANDOM.normal(size=3)
    gamma, beta, mean, variance = (weights[f"n/{i}"] for i in range(4))
    expected = gamma * (x @ weights["c/0"][0, 0] - mean) / np.sqrt(variance + EPSILON) + beta
    found = folded(weights, item)
    np.testing.assert_allclose(found.kernel[:, :, 0, 0] @ x + found.bias, expected, rtol=1e-6)
    np.testing.assert_array_equal(found.moments.mean, beta)
    np.testing.assert_array_equal(found.moments.deviation, gamma)


@pytest.mark.parametrize(("lowest", "greatest"), [(0.0, 6.0), (-3.0, 5.0), (-4.0, 0.0), (0.0, 0.0)])
def test_steps_hold_a_range_to_half_a_step(lowest: float, greatest: float) -> None:
    steps = steps_of(lowest, greatest)
    for value in (lowest, 0.0, greatest):
        number = np.clip(np.rint(value / steps.step) + steps.zero, 0, 255)
        assert abs((number - steps.zero) * steps.step - value) <= 0.51 * steps.step
    assert (np.float64(steps.zero) - steps.zero) * steps.step == 0.0  # nothing is exact: padding is


def test_weights_are_within_half_a_step_of_what_they_were() -> None:
    item = convolution(side=3)
    found = whole(item, steps_of(0, 6), np.zeros(8))
    assert np.abs(found.kernel).max(axis=(1, 2, 3)).tolist() == [MOST] * 6  # each channel its own
    error = found.kernel * found.steps[:, None, None, None] - item.kernel
    assert (np.abs(error) <= 0.501 * found.steps[:, None, None, None]).all()
    np.testing.assert_allclose(found.bias * found.bias_steps, item.bias, atol=1e-3)


@pytest.mark.parametrize("depthwise", [False, True])
def test_rounding_weights_moves_no_mean(depthwise: bool) -> None:
    """Without the correction, outputs are off by what rounded weights make of their inputs."""
    taken = 1 if depthwise else 8
    item = convolution(8, taken, 3)
    mean = RANDOM.uniform(1, 5, 8)
    steps = steps_of(0, 6)
    found = whole(item, steps, mean)

    def answers(kernel: np.ndarray) -> np.ndarray:
        sums = kernel.sum(axis=(2, 3))
        return np.asarray(sums[:, 0] * mean if depthwise else sums @ mean)

    exact = answers(item.kernel) + item.bias
    rounded = answers(found.kernel * found.steps[:, None, None, None].astype(np.float64))
    np.testing.assert_allclose(rounded + found.bias * found.bias_steps, exact, atol=1e-3)
    assert np.abs(rounded + item.bias - exact).max() > 0.01  # there was something to correct


def test_a_channel_without_weights_keeps_its_bias() -> None:
    item = convolution()
    item.kernel[2] = 0.0
    found = whole(item, steps_of(0, 6), np.ones(8))
    assert found.bias[2] * found.bias_steps[2] == pytest.approx(item.bias[2], rel=1e-6)
    item.bias[2] = 0.0
    assert whole(item, steps_of(0, 6), np.ones(8)).bias[2] == 0
