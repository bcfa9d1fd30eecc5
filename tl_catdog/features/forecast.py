"""What doubling the training pictures does, forecast from what the last doubling did.

On a frozen backbone doubling removes about an eighth of the errors, and that part differs little
from set to set; what this set's last doubling removed moves it as far as it can be relied on.
Fitted power laws did worse (ADR 025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tl_catdog.statistics import CONFIDENCE, Estimate, Interval

# Measured on six sets, from 3 to 512 pictures a class; each set was forecast by what the others
# gave (ADR 025).
USUAL_CUT, CUT_SPREAD = 0.14, 0.12
"""The part of the errors that doubling removes, and its standard deviation from set to set: 0.03 to
0.35 at all sizes, 0.14 ± 0.08. It is more here, for sets that are unlike those six."""
NEXT_TO_LAST = 0.7
"""What a doubling removes, divided by what the doubling before it removed."""
LUCK = 0.2
"""Standard deviation of a probe's accuracy for the luck of which n pictures it was trained on,
divided by √(e·(1−e)/n), e being its error."""
TURNOVER = 0.4
"""Part of the errors that are others after doubling: what pictures to judge by can change."""
DEGREES = 8  # of Student's distribution: these numbers are themselves estimates
JUDGED = 200
"""Where nothing is held out, how many pictures a gain will be judged by, at least."""


@dataclass(frozen=True)
class Forecast:
    """What doubling the pictures should do.

    Attributes:
        cut: The part of the errors that it should remove; negative where it should add some.
        gain: By how much accuracy should rise, −1..1. The interval is a prediction interval: 95 %
            of gains, measured after doubling, lie in it. Its n is the number of pictures that
            accuracy was measured on.
    """

    cut: float
    gain: Estimate


def forecast(
    now: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_], n: int, judged: int
) -> Forecast:
    """Forecast what doubling the training pictures does, by Bayes' rule with normal distributions.

    The part of the errors that doubling removes is ``USUAL_CUT`` ± ``CUT_SPREAD`` beforehand; what
    the last doubling removed, times ``NEXT_TO_LAST``, is a measurement of it. The interval adds
    the luck of which pictures are added, of which are judged by, and of the error as it is.

    Args:
        now: Which of P pictures each probe got right that was trained on all, (repeats, P).
        before: The same of probes trained on half of them, (repeats, P).
        n: How many pictures there are to train on.
        judged: How many pictures the gain will be judged by.
    """
    from scipy import stats

    images = now.shape[1]
    # Half an error more and less keeps none or all of few pictures from counting as exact.
    error, error_before = (
        (float((~some).mean()) * images + 0.5) / (images + 1) for some in (now, before)
    )
    # What chances are reckoned from: by Agresti and Coull (1998) two more of either kind, so that
    # few errors of few pictures aren't taken for few errors of many.
    scale = (float((~now).mean()) * images + 2) / (images + 4)
    binomial = scale * (1 - scale)
    luck = LUCK**2 * binomial / n
    last = error_before - error
    # In pairs: the same pictures were judged. Half as many are twice as much a matter of luck.
    noise = float((now.mean(axis=0) - before.mean(axis=0)).var()) / images + 3 * luck
    spread = (CUT_SPREAD * scale) ** 2
    weight = spread / (spread + NEXT_TO_LAST**2 * noise)
    gain = USUAL_CUT * error + weight * (NEXT_TO_LAST * last - USUAL_CUT * error)
    variance = (
        (1 - weight) * spread + luck + TURNOVER * scale / judged + USUAL_CUT**2 * binomial / images
    )
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, DEGREES)) * math.sqrt(variance)
    interval = Interval(max(gain - half, -1.0), min(gain + half, 1.0))
    return Forecast(gain / error, Estimate(gain, interval, images))
