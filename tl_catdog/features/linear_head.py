"""How a head's linear model is fitted: how much of it, from which values of C, how sure it is.

What trainings do, which begin there, and the search for settings, which does it many times.
"""

from __future__ import annotations

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Values of scikit-learn's C to choose from, for features whose mean length is one."""

UNSHORTENED, SHORTENING, SPREAD = 100.0, 0.35, 0.5
"""The usual temperature is (C / 100)^0.35, and ln T spreads by 0.5 around that: what was found with
2 × 5 to 6 × 30 pictures of six sets."""

CAUTION = 0.01
"""Three times C has to gain a hundredth of the loss where it is chosen out of fold."""

MOST = 10_000
"""Rows of features to fit on at most: 50 MB, some seconds. More pictures gain it nothing that the
trained units don't."""

STEPS = 2000  # more than any data set here takes

MEAN = 0.5
"""The linear model's part in a head of both. Trained units alone did worse than the mean on most
sets (docs/adr/026)."""


def usual_temperature(strength: float) -> float:
    """Return the temperature that is expected of a fit with C = ``strength`` before it is measured.

    The smaller C, the shorter the weights and the colder the temperature that makes up for it.

    >>> usual_temperature(100.0), round(usual_temperature(1.0), 2)
    (1.0, 0.2)
    """
    return float((strength / UNSHORTENED) ** SHORTENING)


def cautious(loss: float, strength: float) -> float:
    """Return the loss of few pictures: of nearly equal ones that of the shorter weights is least.

    Out of fold, the loss hardly changes beyond C = 10, where answers about others get worse.

    >>> cautious(0.5, 3.0) < cautious(0.5, 10.0)
    True
    """
    return float(loss * strength**CAUTION)
