"""The forecast of doubling: how often its interval holds the gain, and what moves it."""

import numpy as np
import pytest

from tl_catdog.features.forecast import USUAL_CUT, forecast


def exact(error: float, images: int = 10_000) -> np.ndarray:
    """Return answers of which exactly that part is wrong, the same pictures first."""
    return np.arange(images)[None, :] >= round(error * images)


@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize(("cut", "size"), [(0.05, 20), (0.13, 100), (0.25, 400)])
def test_the_interval_holds_what_is_measured_after_doubling(
    held_out: bool, cut: float, size: int
) -> None:
    """Nine of ten at least, in worlds whose errors fall faster or slower than is usual.

    Each picture has its own difficulty, the pictures that happen to be trained on shift all of them
    by a little, and the gain is measured on the same pictures or on others.
    """
    rng = np.random.default_rng(size)
    error, held, widths = 0.12, [], []
    for _ in range(200):
        images = 300 if held_out else size

        def accuracy_of(times: float, hardness: np.ndarray, repeats: int = 1) -> np.ndarray:
            mean = error * (1 - cut) ** np.log2(times)
            luck = rng.normal(0, 0.15 * np.sqrt(error * (1 - error) / size / times), repeats)
            chance = np.clip(mean + luck, 0.001, 0.9)[:, None]
            return np.asarray(hardness[None, :] >= chance)  # the hardest pictures are wrong

        mine = rng.random(images)
        now, before = accuracy_of(1, mine), accuracy_of(0.5, mine, 5)
        found = forecast(now, before, size, 300)
        others = mine if held_out else rng.random(300)
        start = now if held_out else accuracy_of(1, others)
        measured = accuracy_of(2, others).mean() - start.mean()
        gain = found.gain
        held.append(gain.interval.low <= measured <= gain.interval.high)
        widths.append(gain.interval.high - gain.interval.low)
    assert np.mean(held) >= 0.9
    assert np.mean(widths) < 0.2


def test_few_pictures_say_little_against_what_is_usual() -> None:
    few, many = (forecast(exact(0.2, n), exact(0.2, n), n, 200).cut for n in (10, 10_000))
    assert 0.4 * USUAL_CUT < few < USUAL_CUT
    assert abs(many) < 0.1 * USUAL_CUT


def test_many_pictures_that_gained_much_say_it_goes_on_and_that_lost_say_it_may_not() -> None:
    much = forecast(exact(0.1), exact(0.2), 5000, 10_000)
    assert much.cut > 2 * USUAL_CUT
    assert much.gain.interval.low > 0
    lost = forecast(exact(0.2), exact(0.17), 5000, 10_000)
    assert lost.cut < 0
    assert lost.gain.value < 0
    assert lost.gain.interval.low < -0.01


def test_more_pictures_make_it_narrower_but_not_certain() -> None:
    widths = []
    for n in (20, 200, 2000, 10**7):
        interval = forecast(exact(0.1), exact(0.12), n, n).gain.interval
        widths.append(interval.high - interval.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0.003  # what the set's own way of learning may do


@pytest.mark.parametrize("error", [0.0, 1.0])
def test_none_or_all_right_is_no_certainty(error: float) -> None:
    found = forecast(exact(error, 10), exact(error, 10), 10, 200)
    interval = found.gain.interval
    assert -1 <= interval.low < found.gain.value < interval.high <= 1
    assert interval.high - interval.low > 0.02
    assert found.gain.n == 10
