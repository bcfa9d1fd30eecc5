"""What the peers share: seconds since their process was started, and a clock for epochs."""

from __future__ import annotations

import json
import os
import time
from typing import Any


def _started() -> float:
    told = os.environ.get("BENCHMARK_STARTED")
    if told:
        return float(told)
    import psutil

    # Good to a second only: it counts from the machine's start, which is kept in whole seconds.
    return float(psutil.Process().create_time())


STARTED = _started()


def elapsed() -> float:
    """Return the seconds since this process was started."""
    return round(time.time() - STARTED, 2)


def epoch_clock() -> Any:
    """Return a Keras callback whose ``rows`` are (seconds, validation accuracy) of each epoch."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.rows: list[tuple[float, float]] = []

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.rows.append((elapsed(), round(float(logs["val_accuracy"]), 6)))

    return Clock()


def tell(figures: dict[str, Any]) -> None:
    """Print the figures as one line of JSON."""
    print(json.dumps(figures), flush=True)


def quiet() -> None:
    """Turn down TensorFlow's logs; only has an effect before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
