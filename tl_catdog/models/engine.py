"""Forward passes behind one protocol: ONNX Runtime where it works, TensorFlow where it doesn't.

Measured on two cores, 224 px: ONNX Runtime gets through two to four times as many pictures as
TensorFlow, and most with one thread for each picture (benchmarks/README.md). A picture's outputs
then don't depend on the pictures beside it.

Where one of them computes on an NVIDIA card (``gpu``), that one is taken: ONNX Runtime before
TensorFlow, for it starts faster.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.errors import CatdogError
from tl_catdog.models import gpu
from tl_catdog.models.integers import IN_SINGLE_PRECISION, exact_integers, has_integers

# The official builds send usage reports home from 1.32 on, and leave a device's identity in the
# user's cache; only what is set before the import prevents that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

Outputs = tuple[npt.NDArray[np.float32], ...]


class Forward(Protocol):
    """A network's forward pass; may be called from several threads at once.

    Attributes:
        engine: Name and version of what computes it.
        batch: How many pictures to give it at a time; it takes any other count as well.
    """

    engine: str
    batch: int

    def __call__(self, images: npt.NDArray[Any]) -> Outputs:
        """Take RGB in [0, 255], (B, S, S, 3), and return the outputs, each (B, …)."""


class OnnxForward:
    """A graph in ONNX Runtime: on the card if there is one, else on one thread for each call.

    On the card it computes ``gpu.BATCH`` pictures at a time whatever it is given, so that neither
    kernels nor a picture's outputs depend on how many there are.

    Attributes:
        batch: See ``Forward``.

    Raises:
        CatdogError: The card, which worked, can't take this graph.
    """

    batch = 1

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors only
        if has_integers(graph) and not exact_integers():
            options.add_session_config_entry(*IN_SINGLE_PRECISION)
        self.engine = self.name()
        self._on_card = gpu.onnx_on_card()
        if self._on_card:
            self.batch = gpu.BATCH
            try:
                self._session = gpu.cuda_session(graph, options)
            except Exception as error:
                raise gpu.refused(error) from error
        else:
            self._session = onnxruntime.InferenceSession(graph, options, providers=[gpu.PROCESSOR])

    @staticmethod
    def name() -> str:
        """Return the engine's name and version, and that it is on the card."""
        import onnxruntime

        return f"onnxruntime {onnxruntime.__version__}{' cuda' if gpu.onnx_on_card() else ''}"

    def __call__(self, images: npt.NDArray[Any]) -> Outputs:
        """See ``Forward``.

        Raises:
            CatdogError: The card, which worked, doesn't any more.
        """
        pictures = images.astype(np.float32)
        if not self._on_card:
            return tuple(self._session.run(None, {"pictures": pictures}))
        count = len(pictures)
        filled = np.zeros((-(-count // self.batch) * self.batch, *pictures.shape[1:]), np.float32)
        filled[:count] = pictures
        try:
            parts = [
                self._session.run(None, {"pictures": part})
                for part in np.split(filled, len(filled) // self.batch)
            ]
        except Exception as error:
            raise gpu.refused(error) from error
        return tuple(np.concatenate(part)[:count] for part in zip(*parts, strict=True))


class KerasForward:
    """A Keras model in TensorFlow: on the card if it has one, else on all cores for each call."""

    batch = 32

    def __init__(self, model: Any) -> None:
        import tensorflow as tf

        self.engine = self.name()
        signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)]
        self._forward = tf.function(
            lambda images: model(images, training=False), input_signature=signature
        )

    @staticmethod
    def name() -> str:
        """Return the engine's name and version, and that it is on the card."""
        import tensorflow as tf

        return f"tensorflow {tf.__version__}{' gpu' if gpu.tensorflow_on_card() else ''}"

    def __call__(self, images: npt.NDArray[Any]) -> Outputs:
        """See ``Forward``.

        Raises:
            CatdogError: This process was forked from that which started TensorFlow.
        """
        runtime.refuse_forked()
        found = self._forward(images.astype(np.float32))
        several = isinstance(found, (list, tuple))
        return tuple(one.numpy() for one in (found if several else [found]))


def onnx_runs() -> bool:
    """Return whether ONNX graphs can be run here."""
    try:
        import onnxruntime  # noqa: F401
    except Exception:  # not installed, or its library doesn't load
        return False
    return True


@cache
def onnx_works() -> bool:
    """Return whether ONNX graphs of ours can be made and run here; one is."""
    try:
        from tl_catdog.models.graph import smallest_graph

        OnnxForward(smallest_graph())(np.zeros((1, 1, 1, 3)))
    except Exception:  # as above, or it is too old for our graphs
        return False
    return True


def _only_tensorflow_on_card() -> bool:
    """Return whether TensorFlow computes on a card that ONNX Runtime can't use."""
    return not gpu.onnx_on_card() and gpu.tensorflow_on_card()


def forward_of(
    graph: Callable[[], bytes | None], model: Callable[[], Any], *, stored: bool = False
) -> Forward:
    """Return a network's forward pass, in ONNX Runtime where that works, else in TensorFlow.

    TensorFlow is taken as well where it alone computes on a card.

    Args:
        graph: Gives its ONNX graph, None if it has none; called only where that could be run.
        model: Gives its Keras model; called only where the graph can't be run.
        stored: Whether the graph was read from a file. It then needs no ``onnx`` here, but its
            format may be newer than the ONNX Runtime here, so that is found out by trying.

    Raises:
        CatdogError: A card that worked can't take the network.
    """
    if _only_tensorflow_on_card():
        return KerasForward(model())
    content = graph() if (onnx_runs() if stored else onnx_works()) else None
    if content is not None:
        try:
            return OnnxForward(content)
        except CatdogError:
            raise
        except Exception:
            if not stored:
                raise
    return KerasForward(model())


def engine_name() -> str:
    """Return the engine of graphs that aren't stored, as ``forward_of`` chooses it."""
    onnx = onnx_works() and not _only_tensorflow_on_card()
    return (OnnxForward if onnx else KerasForward).name()
