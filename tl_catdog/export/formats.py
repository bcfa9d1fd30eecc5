"""The formats of an export: how each is written, and how its own runtime runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.images import Pixels
from tl_catdog.export.graphs import (
    PICTURES,
    PROBABILITIES,
    keras_probabilities,
    onnx_probabilities,
    serving_archive,
)
from tl_catdog.export.litert import open_litert, write_int8, write_litert
from tl_catdog.models.engine import KerasForward
from tl_catdog.runs.folder import Run

Infer = Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]
"""From pictures, (1, S, S, 3), 0..255, to probabilities, (1, C)."""

ENCODED = "encoded"


@dataclass(frozen=True)
class Format:
    """One of the formats.

    Attributes:
        name: What ``--format`` takes.
        write: Writes a run's network into a folder, given training pictures to calibrate on, and
            returns what is to be loaded, relative to the folder.
        open: Loads that in the format's own runtime; says which in its second part.
        exact: Whether probabilities must agree, or only decisions.
        needs_calibration: Whether ``write`` uses the training pictures.
        takes: What the input takes, in words.
    """

    name: str
    write: Callable[[Run, Path, Sequence[Pixels]], str]
    open: Callable[[Path], tuple[Infer, str]]
    exact: bool = True
    needs_calibration: bool = False
    takes: str = "float32"


def _write_keras(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    keras_probabilities(run).save(folder / "model.keras")
    return "model.keras"


def _open_keras(path: Path) -> tuple[Infer, str]:
    runtime.start()
    import keras

    forward = KerasForward(keras.models.load_model(path, compile=False, safe_mode=True))
    return lambda pictures: forward(pictures)[0].astype(np.float64), f"keras {keras.__version__}"


def _write_savedmodel(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    model = keras_probabilities(run)
    import tensorflow as tf

    size = run.image_size
    archive = serving_archive(model, size, batch=None)

    def decoded(data: Any) -> Any:
        picture = tf.io.decode_image(data, channels=3, expand_animations=False)
        resized = tf.image.resize(picture, (size, size), antialias=True)
        return tf.round(tf.ensure_shape(resized, (size, size, 3)))

    archive.add_endpoint(
        ENCODED,
        lambda encoded: {
            PROBABILITIES: model(
                tf.map_fn(decoded, encoded, fn_output_signature=tf.float32), training=False
            )
        },
        input_signature=[tf.TensorSpec((None,), tf.string, name=ENCODED)],
    )
    name = f"{run.name}/1"  # TensorFlow Serving takes folders of versions
    archive.write_out(folder / name, verbose=False)
    return name


def _open_savedmodel(path: Path) -> tuple[Infer, str]:
    signature = saved_signature(path, "serving_default")
    import tensorflow as tf

    return lambda pictures: signature(
        **{PICTURES: tf.constant(pictures.astype(np.float32))}
    ), f"tensorflow {tf.__version__}"


def saved_signature(path: Path, name: str) -> Callable[..., npt.NDArray[np.float64]]:
    """Load a SavedModel as TensorFlow Serving does, by its tag, and return a signature."""
    runtime.start()
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path), tags=["serve"])
    function = loaded.signatures[name]

    def call(**inputs: Any) -> npt.NDArray[np.float64]:
        _ = loaded  # its weights live as long as it does
        return np.asarray(function(**inputs)[PROBABILITIES], np.float64)

    return call


def _write_onnx(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    model = onnx_probabilities(run)
    from onnx import helper

    from tl_catdog.export.card import described

    helper.set_model_props(model, {key: str(value) for key, value in described(run).items()})
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return "model.onnx"


def _open_onnx(path: Path) -> tuple[Infer, str]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda pictures: np.asarray(
        session.run([PROBABILITIES], {PICTURES: pictures.astype(np.float32)})[0], np.float64
    ), f"onnxruntime {onnxruntime.__version__}"


FORMATS = {
    item.name: item
    for item in (
        Format("keras", _write_keras, _open_keras),
        Format("savedmodel", _write_savedmodel, _open_savedmodel),
        Format("onnx", _write_onnx, _open_onnx),
        Format("litert", write_litert, open_litert),
        Format(
            "litert-int8",
            write_int8,
            open_litert,
            exact=False,
            needs_calibration=True,
            takes="uint8",
        ),
    )
}
