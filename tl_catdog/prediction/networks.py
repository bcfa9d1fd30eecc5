"""A run's network, from files that may be a stranger's: each is looked at before it is loaded."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tl_catdog import runtime
from tl_catdog.config import INT8
from tl_catdog.errors import CatdogError, CatdogWarning, shortened
from tl_catdog.models.engine import Forward, forward_of
from tl_catdog.models.layout import POOLING
from tl_catdog.prediction.head_only import graph_of, model_of
from tl_catdog.prediction.novelty import FeatureBank
from tl_catdog.runs.folder import HEAD, ONNX, Run


def forward_of_run(run: Run) -> Forward:
    """Return a run's forward pass: its ONNX graph if that can be run here, else by TensorFlow.

    Raises:
        CatdogError: The network's file is missing, changed or unreadable.
    """

    def graph() -> bytes | None:
        if run.holds(HEAD):
            return graph_of(run)
        return _stored_graph(run) if run.holds(ONNX) else None

    def model() -> Any:
        if run.compute == INT8:
            warnings.warn(
                f"{run.name} was trained on int8 features. TensorFlow computes in single "
                "precision, so answers that are nearly a tie may be others. For the run's own: "
                "pip install --upgrade onnxruntime",
                CatdogWarning,
                stacklevel=2,
            )
        loaded = load_keras(run)  # first of all: it starts TensorFlow quietly
        from tl_catdog.models.head import with_features

        return with_features(loaded)

    return forward_of(graph, model, stored=not run.holds(HEAD))


def head_of_run(run: Run) -> Forward:
    """Return the part of a run's network above its features, (B, F), to its outputs.

    Raises:
        CatdogError: The network's file is missing, changed or unreadable.
    """

    def graph() -> bytes | None:
        from tl_catdog.models.graph import head_graph

        if run.holds(HEAD):
            return head_graph(graph_of(run))
        return head_graph(_stored_graph(run)) if run.holds(ONNX) else None

    def model() -> Any:
        loaded = load_keras(run)
        from tl_catdog.models.pretrained import part_above

        return part_above(loaded, POOLING)

    return forward_of(graph, model)


def _stored_graph(run: Run) -> bytes:
    """Return the ONNX graph that a run keeps, if it is a network of ours.

    Raises:
        CatdogError: It is missing, changed, or none.
    """
    content = run.read_checked(ONNX)
    try:
        from tl_catdog.models.strangers_graph import check_graph
    except ImportError:  # ONNX Runtime runs without that package
        return content
    try:
        check_graph(content, run.image_size, len(run.classes), run.config["arch"])
    except ValueError as error:
        raise CatdogError(
            f"expected a network such as trainings write in {run.path / ONNX}, found {error}.",
            run.train_again,
        ) from None
    return content


def check_answers(run: Run, forward: Forward, bank: FeatureBank | None) -> None:
    """Make sure that a network takes the run's pictures and tells its classes apart.

    Raises:
        CatdogError: It doesn't.
    """
    units = 1 if len(run.classes) == 2 else len(run.classes)
    try:
        outputs = forward(np.zeros((1, run.image_size, run.image_size, 3), np.float32))
        found = f"outputs of {', '.join(str(item.shape) for item in outputs)}"
        right = outputs[0].shape == (1, units) and all(np.isfinite(item).all() for item in outputs)
        if right and bank is not None:
            right = len(outputs) == 2 and outputs[1].shape == (1, bank.rows.shape[1])
    except Exception as error:  # the engines' own, of many kinds
        right, found = False, f"that it can't be run ({type(error).__name__})"
    if not right:
        raise CatdogError(
            f"expected a network that answers for {len(run.classes)} classes in {run.path}, "
            f"found {found}.",
            run.train_again,
        )


def network_graph(run: Run) -> bytes:
    """Return a run's network as an ONNX graph, made from its Keras model if it keeps none.

    Raises:
        CatdogError: The network's file is missing, changed or unreadable.
    """
    if run.holds(HEAD):
        return graph_of(run)
    if run.holds(ONNX):
        return _stored_graph(run)
    model = load_keras(run)
    from tl_catdog.models.keras_graph import graph_of_model

    graph = graph_of_model(run.config["arch"], model)
    if graph is None:
        raise CatdogError(
            f"expected an ONNX graph that says what the network of {run.name} says, found none.",
            "Use what asks Keras: predict, evaluate, export --format keras",
        )
    return graph


def load_keras(run: Run) -> Any:
    """Load a run's Keras model, which starts TensorFlow.

    Raises:
        CatdogError: The network's file is missing, changed or unreadable.
    """
    with runtime.building, runtime.random_numbers_kept():
        return _load_keras(run)


def _load_keras(run: Run) -> Any:
    if run.holds(HEAD):
        runtime.start()
        return model_of(run)
    run.check_model()
    runtime.start()
    import keras

    from tl_catdog.models.strangers_keras import check_keras, custom_layers

    try:
        arch = run.config["arch"]
        check_keras(run.model_path, run.image_size, len(run.classes), arch)
        # Safe mode refuses files that would run code of their own.
        return keras.models.load_model(
            run.model_path, compile=False, safe_mode=True, custom_objects=custom_layers(arch)
        )
    except Exception as error:
        said = shortened(" ".join(str(error).split()), 100)
        raise CatdogError(
            f"expected a network that Keras {keras.__version__} loads, found "
            f"{run.model_path}, trained with Keras "
            f"{run.manifest['versions'].get('keras', '?')} ({type(error).__name__}: {said}).",
            run.train_again,
        ) from error
