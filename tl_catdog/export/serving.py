"""A run as a SavedModel: signatures for numbers, for answers in words, and for whole files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.images import Pixels
from tl_catdog.export.encoded import pictures_of
from tl_catdog.export.graphs import PICTURES, PROBABILITIES, keras_answers, serving_archive
from tl_catdog.export.unsure import NOVELTY, unsure_of
from tl_catdog.prediction.answers import UNSURE
from tl_catdog.runs.folder import Run

ANSWERS, ENCODED = "answers", "encoded"
"""The signatures that say labels: of pictures, and of whole files."""

UNREADABLE = "can't be read"


def write_savedmodel(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    """Write the network with its signatures, and return the folder of its version."""
    model = keras_answers(run)
    import tensorflow as tf

    size = run.image_size
    pictures = tf.TensorSpec((None, size, size, 3), tf.float32, name=PICTURES)
    # Traced once: each signature calls it, and the file holds the network's graph but once.
    network = tf.function(lambda given: model(given, training=False), input_signature=[pictures])
    archive = serving_archive(model, size, batch=None, network=network)
    words = _words_of(run, NOVELTY in model.output)

    def answers(pictures: Any) -> dict[str, Any]:
        return words(network(pictures))

    def of_files(encoded: Any) -> dict[str, Any]:
        pictures, readable = pictures_of(encoded, size)
        return words(network(pictures), readable)

    archive.add_endpoint(ANSWERS, answers, input_signature=[pictures])
    files = tf.TensorSpec((None,), tf.string, name=ENCODED)
    archive.add_endpoint(ENCODED, of_files, input_signature=[files])
    name = f"{run.name}/1"  # TensorFlow Serving takes folders of versions
    archive.write_out(folder / name, verbose=False)
    return name


def _words_of(run: Run, novelty: bool) -> Callable[..., dict[str, Any]]:
    """Return what says a network's numbers in words, in TensorFlow's graph."""
    import tensorflow as tf

    labels = [label.encode("utf-8", "surrogateescape") for label in run.classes]
    unsure = unsure_of(run, novelty=novelty)

    def words(found: dict[str, Any], readable: Any = None) -> dict[str, Any]:
        chances = found[PROBABILITIES]
        count = tf.shape(chances)[0]
        label = tf.gather(tf.constant(labels), tf.argmax(chances, axis=1))
        doubt = tf.fill([count], "")
        if unsure is not None and unsure["above"] is not None:
            unlike = found[NOVELTY] > unsure["above"]
            doubt = tf.where(unlike, unsure["words"]["above"], doubt)
        if unsure is not None:
            doubtful = tf.reduce_max(chances, axis=1) < unsure["below"]
            doubt = tf.where(doubtful, unsure["words"]["below"], doubt)
        given = {**found, "label": label, "doubt": doubt}
        if readable is not None:
            given["doubt"] = tf.where(readable, doubt, UNREADABLE)
            given["label"] = tf.where(readable, label, "")
            # Zeros: there is no NaN in JSON.
            given[PROBABILITIES] = tf.where(readable[:, None], chances, 0.0)
            if NOVELTY in found:
                given[NOVELTY] = tf.where(readable, found[NOVELTY], 0.0)
            given["readable"] = readable
        given["answer"] = tf.where(given["doubt"] == "", given["label"], UNSURE)
        given["classes"] = tf.tile(tf.constant([labels]), [count, 1])
        return given

    return words


def open_savedmodel(path: Path) -> tuple[Callable[[npt.NDArray[Any]], Any], str]:
    """Load it in TensorFlow; say which version that is."""
    signature = saved_signature(path, "serving_default")
    import tensorflow as tf

    def answer(pictures: npt.NDArray[Any]) -> Any:
        found = signature(**{PICTURES: tf.constant(pictures.astype(np.float32))})
        numbers = [
            found[name].astype(np.float64) for name in (PROBABILITIES, NOVELTY) if name in found
        ]
        return tuple(numbers) if len(numbers) > 1 else numbers[0]

    return answer, f"tensorflow {tf.__version__}"


def saved_signature(path: Path, name: str) -> Callable[..., dict[str, npt.NDArray[Any]]]:
    """Load a SavedModel as TensorFlow Serving does, by its tag, and return a signature."""
    runtime.start()
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path), tags=["serve"])
    function = loaded.signatures[name]

    def call(**inputs: Any) -> dict[str, npt.NDArray[Any]]:
        _ = loaded  # its weights live as long as it does
        return {name: value.numpy() for name, value in function(**inputs).items()}

    return call
