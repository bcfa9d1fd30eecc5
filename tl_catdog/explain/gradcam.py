"""Grad-CAM without TensorFlow: the same heat as ``gradcam``, from a run's ONNX graph.

Above the last maps both architectures have a pooling, one hidden layer with ReLU, and sigmoid
units, so the gradient of a class's logit there can be written down: of the hidden units that are
on, the weights to the class times the weights from the maps. A mean hands it out evenly, a maximum
to the pixel that it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog.models.engine import OnnxForward, Outputs
from tl_catdog.prediction.predictor import network_graph
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    import onnx

FINER = 5
"""Values for each cell of the last maps, in each direction; odd, so that one is its middle."""

LEAN = 0.5
"""Part of the shift that one-sided padding makes by its geometry that trained networks show: 0.19
cells of 0.48 between heat and heads, 0.25 in what answers to a covered patch (docs/adr/011)."""

MAPS = "maps"


class GradCam(OnnxForward):
    """A run's forward pass that can tell where it looked.

    Its outputs are the sigmoids, what goes into the head, and the last maps, (B, C, h, w).

    Args:
        run: The run.

    Raises:
        CatdogError: The network can't be read.
    """

    def __init__(self, run: Run) -> None:
        import onnx

        model = onnx.load_from_string(network_graph(run))
        self._pool = _pooling(model.graph)
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(
                self._pool.input[0], onnx.TensorProto.FLOAT, ["B", None, None, None]
            )
        )
        weights = {
            item.name: onnx.numpy_helper.to_array(item).astype(np.float64)
            for item in model.graph.initializer
            if item.name.startswith("head_")
        }
        self._dense, self._bias = weights["head_dense/0"], weights["head_dense/1"]
        self._output = weights["head_output/0"]
        self._shift = LEAN * _shift(model.graph, self._pool)
        super().__init__(model.SerializeToString())

    def heatmap(self, outputs: Outputs, place: int, target: int) -> npt.NDArray[np.float32]:
        """Return where a picture speaks for a class; see ``KerasGradCam``.

        Args:
            outputs: What the forward pass gave.
            place: Which of its pictures.
            target: The class's index.

        Returns:
            (H, W) over the whole picture, 0..1 with 1 at its peak; all zero where nothing does.
        """
        features, maps = outputs[1][place].astype(np.float64), outputs[2][place]
        on = features @ self._dense + self._bias > 0
        one = self._output.shape[1] == 1  # it speaks for the second class, and against the first
        to_class = self._output[:, 0] * (1 if target else -1) if one else self._output[:, target]
        gradient = self._below(self._dense @ (on * to_class), maps)
        found = np.maximum((maps * gradient).sum(axis=0), 0)
        rows, columns = (finer(cells, self._shift) for cells in found.shape)
        return to_peak(rows @ found @ columns.T)

    def _below(
        self, gradient: npt.NDArray[np.float64], maps: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Bring a gradient from above the pooling, (F,), to the maps below, (C, h, w)."""
        channels, height, width = maps.shape
        if self._pool.op_type == "GlobalAveragePool":
            return np.broadcast_to(gradient[:, None, None] / (height * width), maps.shape)
        (side,) = {int(n) for item in self._pool.attribute for n in item.ints}
        rows, columns = height // side, width // side
        used = maps[:, : rows * side, : columns * side]
        windows = used.reshape(channels, rows, side, columns, side).transpose(0, 1, 3, 2, 4)
        greatest = windows.reshape(channels, rows, columns, side * side).argmax(axis=-1)
        by_window = gradient.reshape(rows, columns, channels).transpose(2, 0, 1)
        spread = np.eye(side * side)[greatest] * by_window[..., None]
        spread = spread.reshape(channels, rows, columns, side, side).transpose(0, 1, 3, 2, 4)
        whole = np.zeros(maps.shape)
        whole[:, : rows * side, : columns * side] = spread.reshape(used.shape)
        return whole


def _pooling(graph: onnx.GraphProto) -> onnx.NodeProto:
    """Return the pooling above the last maps."""
    kinds = ("GlobalAveragePool", "MaxPool")
    found: list[onnx.NodeProto] = [node for node in graph.node if node.op_type in kinds]
    return found[-1]


def _shift(graph: onnx.GraphProto, pool: onnx.NodeProto) -> float:
    """Return how far right of and below its place a cell's field lies, see ``gradcam``."""
    stride, shift = 1, 0.0
    for node in graph.node:
        if node == pool:
            break
        numbers = {item.name: list(item.ints) for item in node.attribute}
        if "pads" in numbers:
            top, _, bottom, _ = numbers["pads"]
            shift += stride * (bottom - top) / 2
        stride *= numbers.get("strides", [1])[0]
    return shift / stride


def finer(cells: int, shift: float) -> npt.NDArray[np.float32]:
    """Return weights, (F · cells, cells), that draw lines between the middles of shifted cells."""
    wanted = (np.arange(FINER * cells) + 0.5) / FINER - 0.5 - shift
    values = [np.interp(wanted, np.arange(cells), row) for row in np.eye(cells)]
    return np.stack(values, axis=1).astype(np.float32)


def to_peak(heatmap: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return heat, (…, H, W), with 1 at each one's peak; none stays none."""
    peaks = heatmap.max(axis=(-2, -1), keepdims=True)
    return np.asarray(heatmap / np.where(peaks > 0, peaks, 1), np.float32)
