"""From pictures to a part's columns: answers, and features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tl_catdog.cluster.pictures import Picture
from tl_catdog.errors import ImageError
from tl_catdog.models.engine import Forward
from tl_catdog.models.forward import forward_files
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.plan import Plan


def answer_columns(predictor: Predictor, pictures: Iterator[Picture]) -> dict[str, Any]:
    """Return what a network says of pictures, as ``tl-catdog predict`` does, to the bit."""
    columns: dict[str, list[Any]] = {"error": [], "predicted": [], "probabilities": []}
    for answer in predictor.answers(picture.data for picture in pictures):
        columns["error"].append(answer.error)
        columns["predicted"].append(answer.label)
        known = answer.probabilities
        columns["probabilities"].append(None if known is None else list(known.values()))
    return columns


def feature_columns(plan: Plan, forward: Forward, pictures: Iterator[Picture]) -> dict[str, Any]:
    """Return the features of pictures, as a training computes them, to the bit.

    Raises:
        ValueError: The network gives others than the plan says.
    """
    pa = arrow()
    values = len(plan.views) * plan.width
    rows: list[bytes] = []
    errors: list[str | None] = []
    jobs = ((picture.data, plan.views) for picture in pictures)
    for _, found in forward_files(forward, jobs, plan.image_size):
        if isinstance(found, ImageError):
            errors.append(found.message)
            rows.append(bytes(4 * values))
            continue
        features = np.ascontiguousarray(found[0], np.float32)
        if features.shape != (len(plan.views), plan.width):
            raise ValueError(f"features of shape {features.shape}")
        errors.append(None)
        rows.append(features.tobytes())
    flat = pa.FloatArray.from_buffers(
        pa.float32(), len(rows) * values, [None, pa.py_buffer(b"".join(rows))]
    )
    mask = pa.array([error is not None for error in errors])
    column = pa.FixedSizeListArray.from_arrays(flat, values, mask=mask)
    return {"error": errors, "features": column}
