"""A run's network as LiteRT files: in single precision, and in whole numbers.

Both take one picture at a time, as small devices run them (docs/adr/034).
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.images import Pixels
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.export.graphs import keras_probabilities, serving_archive
from tl_catdog.export.litert_graph import (
    head_graph,
    knows,
    single_graph,
    whole_graph,
    with_probabilities,
)
from tl_catdog.export.litert_metadata import with_metadata
from tl_catdog.export.litert_values import UnknownNodeError
from tl_catdog.export.litert_writer import LiteRTWriter
from tl_catdog.prediction.networks import load_keras
from tl_catdog.runs.folder import Run

MODEL = "model.tflite"

Answering = Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]
"""From a picture, (1, S, S, 3), 0..255, to probabilities, (1, C)."""


def write_litert(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    """Write the network in single precision, and return the file's name.

    Raises:
        CatdogError: The network can't be read.
    """
    if knows(run):
        content = _by_writer(LiteRTWriter(), single_graph(run), run, whole=False)
    else:
        with _converter(keras_probabilities(run), run, folder) as converter:
            content = _converted(converter)
    return _written(content, run, folder)


def write_int8(run: Run, folder: Path, pictures: Sequence[Pixels]) -> str:
    """Write the network in whole numbers, and return the file's name.

    Args:
        run: The run.
        folder: Where to.
        pictures: (S, S, 3) each, which set the ranges of networks that don't know them.

    Raises:
        CatdogError: The network can't be read.
    """
    if knows(run):
        content = _by_writer(LiteRTWriter(), whole_graph(run, pictures), run, whole=True)
        return _written(content, run, folder)
    model = load_keras(run)
    import tensorflow as tf
    from keras import Model

    from tl_catdog.models.head import features_of

    below = Model(model.input, features_of(model))
    with _converter(below, run, folder) as converter:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [picture[None].astype(np.float32)] for picture in pictures
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.float32
        content = _converted(converter)
    # The head in single precision: what it tells apart by is less than a step of 8 bits.
    content = _by_writer(LiteRTWriter(content), head_graph(model), run, whole=True)
    return _written(content, run, folder)


def _by_writer(writer: LiteRTWriter, graph: bytes, run: Run, *, whole: bool) -> bytes:
    try:
        return writer.write(with_probabilities(graph, run), whole=whole)
    except UnknownNodeError as error:  # a stranger's run, or another version's
        raise CatdogError(
            f"expected a network such as trainings write in {run.path}, found {error}.",
            run.train_again,
        ) from None


def _written(content: bytes, run: Run, folder: Path) -> str:
    (folder / MODEL).write_bytes(with_metadata(content, run))
    return MODEL


def _converted(converter: Any) -> bytes:
    with runtime.silence_stderr():
        return bytes(converter.convert())


@contextlib.contextmanager
def _converter(model: Any, run: Run, folder: Path) -> Iterator[Any]:
    """Give TensorFlow's converter of a network whose layers aren't known one by one.

    What it needs meanwhile is in the folder, so that a kill leaves it nowhere else.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        serving_archive(model, run.image_size, batch=1).write_out(scratch, verbose=False)
        yield tf.lite.TFLiteConverter.from_saved_model(scratch, signature_keys=["serving_default"])


def open_litert(path: Path) -> tuple[Answering, str]:
    """Load a file in LiteRT's own interpreter, and say which that is.

    Raises:
        UsageError: It isn't installed.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise UsageError(
            "expected the package ai-edge-litert, which runs LiteRT files, found it isn't there.",
            "Type: pip install 'tl-catdog[export]'",
        ) from error
    from importlib.metadata import version

    with runtime.silence_stderr():  # it tells which instructions it uses
        loaded = interpreter.Interpreter(model_path=str(path), num_threads=1)
        loaded.allocate_tensors()
    (taken,), (given,) = loaded.get_input_details(), loaded.get_output_details()

    def answer(pictures: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        loaded.set_tensor(taken["index"], pictures.astype(taken["dtype"]))
        loaded.invoke()
        return np.asarray(loaded.get_tensor(given["index"]), np.float64)

    return answer, f"ai-edge-litert {version('ai-edge-litert')}"
