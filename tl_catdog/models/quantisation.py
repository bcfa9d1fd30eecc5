"""Convolutions as whole numbers, by what the network itself knows of its pictures.

Ranges and means of activations aren't measured on some set: a backbone's BatchNorm layers hold
those of the million pictures that it was trained on. After such a layer a channel has the mean β
and the standard deviation |γ| (Nagel et al. 2019, https://arxiv.org/abs/1906.04721). Weights are
rounded to the nearest of 255 values for each channel; what that moves the mean of a convolution's
output by is taken from its bias (the same paper, section 4.2). docs/adr/029 has the figures, and
what was tried beside it.

Imports no framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog.models.backbones.spec import Convolution
from tl_catdog.models.weights import Weights

Numbers = npt.NDArray[np.float64]

EPSILON = 1e-3  # of every BatchNorm in MobileNetV2 and EfficientNet-Lite
SIX = 6.0

SPREAD = 5.0
"""Standard deviations on either side of the mean that a range holds. On six sets and four
backbones 4 and 6 leave more noise (docs/adr/029)."""

LEVELS, MOST = 255, 127
"""Steps of an activation, 0..255; the greatest whole number of a weight, −127..127."""

BIAS_BITS = 24
"""Bits of the greatest bias: a channel without weights would get a step of nothing otherwise."""

QUANTILES = np.linspace(-6.0, 6.0, 601)
DENSITY = np.exp(-(QUANTILES**2) / 2) / np.exp(-(QUANTILES**2) / 2).sum()


@dataclass(frozen=True)
class Moments:
    """What is known of a tensor's C channels.

    Attributes:
        mean: Of each, (C,).
        deviation: The standard deviation of each, (C,), 0 or more.
    """

    mean: Numbers
    deviation: Numbers

    def relu6(self) -> Moments:
        """Return the moments after ReLU6, if they are those of normal distributions."""
        values = np.clip(self.mean[:, None] + self.deviation[:, None] * QUANTILES, 0.0, SIX)
        mean = values @ DENSITY
        return Moments(mean, np.sqrt(np.maximum(values**2 @ DENSITY - mean**2, 0.0)))

    def __add__(self, other: Moments) -> Moments:
        """Return those of the sum, if the two are independent."""
        return Moments(self.mean + other.mean, np.hypot(self.deviation, other.deviation))

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the greatest value that a range for all channels holds, 0 among them."""
        lowest = float((self.mean - SPREAD * self.deviation).min())
        return min(lowest, 0.0), max(float((self.mean + SPREAD * self.deviation).max()), 0.0)


@dataclass(frozen=True)
class Folded:
    """A convolution with the BatchNorm after it folded in.

    Attributes:
        kernel: (out, in / groups, h, w).
        bias: (out,).
        moments: Of its output, before any ReLU6.
    """

    kernel: Numbers
    bias: Numbers
    moments: Moments


@dataclass(frozen=True)
class Steps:
    """How whole numbers stand for an activation's values: value = step · (number − zero).

    Attributes:
        step: Above 0.
        zero: 0..255.
    """

    step: np.float32
    zero: np.uint8


@dataclass(frozen=True)
class Whole:
    """A convolution in whole numbers: its weights are ``steps`` times ``kernel``.

    Attributes:
        kernel: (out, in / groups, h, w), −127..127.
        steps: Of each channel's weights, (out,).
        bias: (out,), in steps of ``bias_steps``.
        bias_steps: (out,): the input's step times the weights'.
    """

    kernel: npt.NDArray[np.int8]
    steps: npt.NDArray[np.float32]
    bias: npt.NDArray[np.int32]
    bias_steps: npt.NDArray[np.float32]


def folded(weights: Weights, item: Convolution) -> Folded:
    """Return a convolution with its BatchNorm folded in, in double precision.

    With scale γ, offset β, mean μ and variance σ², BN(k·x) = (kγ/√(σ²+ε))·x + β − μγ/√(σ²+ε).
    """
    kernel = weights[f"{item.layer}/0"].astype(np.float64)  # (h, w, in, out) or (h, w, C, 1)
    kernel = kernel.transpose((2, 3, 0, 1) if item.depthwise else (3, 2, 0, 1))
    gamma, beta, mean, variance = (
        weights[f"{item.norm}/{index}"].astype(np.float64) for index in range(4)
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    return Folded(
        kernel * factor[:, None, None, None], beta - mean * factor, Moments(beta, np.abs(gamma))
    )


def steps_of(lowest: float, greatest: float) -> Steps:
    """Return the steps that hold a range; a range of nothing gets some.

    >>> steps_of(0.0, 6.0).zero, steps_of(-1.0, 2.0).zero
    (np.uint8(0), np.uint8(85))
    """
    step = np.float32(max(greatest - lowest, 1e-6) / LEVELS)
    return Steps(step, np.uint8(np.clip(np.rint(-lowest / step), 0, LEVELS)))


def whole(item: Folded, taken: Steps, mean: Numbers) -> Whole:
    """Round a convolution to whole numbers.

    Args:
        item: The convolution, of all channels or depthwise.
        taken: The steps of its input.
        mean: Of its input's channels, (C,).
    """
    greatest = np.abs(item.kernel).max(axis=(1, 2, 3))
    least = np.abs(item.bias) / (float(taken.step) * 2.0**BIAS_BITS)
    steps = np.maximum(np.maximum(greatest / MOST, least), 1e-30).astype(np.float32)
    wide: Any = steps.astype(np.float64)[:, None, None, None]
    kernel = np.clip(np.rint(item.kernel / wide), -MOST, MOST)
    moved = (kernel * wide - item.kernel).sum(axis=(2, 3))  # (out, in / groups)
    depthwise = item.kernel.shape[1] == 1 and len(mean) == len(item.kernel)
    bias = item.bias - (moved[:, 0] * mean if depthwise else moved @ mean)
    bias_steps = (steps * taken.step).astype(np.float32)
    rounded = np.rint(bias / bias_steps.astype(np.float64))
    return Whole(kernel.astype(np.int8), steps, rounded.astype(np.int32), bias_steps)
