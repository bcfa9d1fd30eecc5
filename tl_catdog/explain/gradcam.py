"""Grad-CAM: which parts of a picture speak for a class, from a run's ONNX graph.

Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, in the variant HiResCAM (Draelos and Carin
2020, https://arxiv.org/abs/2011.08891): each value of a map counts with its own gradient, not with
the gradient's mean over the picture. Under a pooling over the whole picture, as MobileNetV2 has it,
both are the same; under the baseline's flattening only HiResCAM shows what the network uses.

No automatic differentiation is needed: above the last maps both architectures have a pooling, one
hidden layer with ReLU, and sigmoid units. The gradient of a class's logit with respect to what goes
into the head is therefore the sum, over the hidden units that are on, of their weight to the class
times their weights from the features. A mean pooling passes it on evenly to all pixels, a maximum
to the pixel that it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog.errors import CatdogError
from tl_catdog.models.engine import OnnxForward, Outputs
from tl_catdog.prediction.networks import network_graph
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    import onnx

FINER = 5
"""Values for each cell of the last maps, in each direction; odd, so that one is its middle."""

LEAN = 0.5
"""Part of the shift that one-sided padding makes by its geometry that trained networks show: 0.19
cells of 0.48 between heatmap and heads, 0.25 in what answers to a covered patch (docs/adr/011)."""


class GradCam(OnnxForward):
    """A run's forward pass that also tells which parts of a picture speak for a class.

    Its outputs are the network's, (B, 1 or C), what goes into the head, (B, F), and the last maps,
    (B, K, h, w).

    Args:
        run: The run.

    Raises:
        CatdogError: The network can't be read, or ONNX Runtime can't run it here.
    """

    def __init__(self, run: Run) -> None:
        try:
            graph = network_graph(run)
            super().__init__(self._prepare(graph))
            size = self._session.get_inputs()[0].shape[1]
            self.heatmap(self(np.zeros((1, size, size, 3), np.float32)), 0, 0)  # or it can't
        except CatdogError:
            raise
        except Exception as error:  # not installed, too old, or its library doesn't load
            missing = isinstance(error, ModuleNotFoundError) and error.name
            found = f"no {missing}" if missing else f"that it can't ({type(error).__name__})"
            raise CatdogError(
                f"expected ONNX Runtime to run the network of {run.name}, found {found}.",
                "Type: pip install --upgrade onnx onnxruntime",
            ) from error

    def _prepare(self, graph: bytes) -> bytes:
        """Take what the gradient needs from a graph; return it with the last maps as an output."""
        import onnx

        model = onnx.load_from_string(graph)
        self._pool = pooling_of(model.graph)
        wanted = [(self._pool.input[0], ["B", None, None, None])]
        if len(model.graph.output) == 1:  # a graph of 0.1.0 doesn't give what goes into the head
            (dense,) = (node for node in model.graph.node if "head_dense/0" in node.input)
            wanted.insert(0, (dense.input[0], ["B", None]))
        model.graph.output.extend(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, shape in wanted
        )
        weights = {
            item.name: onnx.numpy_helper.to_array(item).astype(np.float64)
            for item in model.graph.initializer
            if item.name.startswith("head_")
        }
        self._dense, self._bias = weights["head_dense/0"], weights["head_dense/1"]
        self._output = weights["head_output/0"]
        self._shift = LEAN * shift_of(model.graph, self._pool)
        return bytes(model.SerializeToString())

    def heatmap(self, outputs: Outputs, index: int, target: int) -> npt.NDArray[np.float32]:
        """Return where a picture shows something that speaks for a class.

        What is explained is the class's logit. Two classes share one unit: its logit speaks for
        the second class and as much against the first.

        Args:
            outputs: What the forward pass gave.
            index: Which of its pictures.
            target: The class's index.

        Returns:
            (H, W) over the whole picture, 0..1 with 1 at its peak; all zero where nothing speaks
            for the class. H and W are ``FINER`` times those of the last maps, with straight lines
            from cell to cell.
        """
        features, maps = outputs[1][index].astype(np.float64), outputs[2][index]
        on = features @ self._dense + self._bias > 0
        one_unit = self._output.shape[1] == 1
        to_class = (
            self._output[:, 0] * (1 if target else -1) if one_unit else self._output[:, target]
        )
        gradient = self._below_pooling(self._dense @ (on * to_class), maps)
        found = np.maximum((maps * gradient).sum(axis=0), 0)
        rows, columns = (finer(cells, self._shift) for cells in found.shape)
        return to_peak(rows @ found @ columns.T)

    def _below_pooling(
        self, gradient: npt.NDArray[np.float64], maps: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float64]:
        """Bring a gradient from above the pooling, (F,), to the maps below, (K, h, w)."""
        channels, height, width = maps.shape
        if self._pool.op_type == "GlobalAveragePool":
            return np.broadcast_to(gradient[:, None, None] / (height * width), maps.shape)
        (side,) = {int(n) for item in self._pool.attribute for n in item.ints}
        rows, columns = height // side, width // side
        used = maps[:, : rows * side, : columns * side]
        windows = used.reshape(channels, rows, side, columns, side).transpose(0, 1, 3, 2, 4)
        greatest = windows.reshape(channels, rows, columns, side * side).argmax(axis=-1)
        # The graph flattens channels last.
        by_window = gradient.reshape(rows, columns, channels).transpose(2, 0, 1)
        spread = np.eye(side * side)[greatest] * by_window[..., None]
        spread = spread.reshape(channels, rows, columns, side, side).transpose(0, 1, 3, 2, 4)
        whole = np.zeros(maps.shape)
        whole[:, : rows * side, : columns * side] = spread.reshape(used.shape)
        return whole


def pooling_of(graph: onnx.GraphProto) -> onnx.NodeProto:
    """Return the pooling above the last maps."""
    kinds = ("GlobalAveragePool", "MaxPool")
    found: list[onnx.NodeProto] = [node for node in graph.node if node.op_type in kinds]
    return found[-1]


def shift_of(graph: onnx.GraphProto, pool: onnx.NodeProto) -> float:
    """Return how far right of and below its place in the maps a cell's field lies, in cells.

    MobileNetV2 pads pictures of even sides at the right and the bottom only before it halves them.
    """
    stride, shift = 1, 0.0
    for node in _path_to(graph, pool):
        attributes = {item.name: list(item.ints) for item in node.attribute}
        if "pads" in attributes:
            top, _, bottom, _ = attributes["pads"]
            shift += stride * (bottom - top) / 2
        stride *= attributes.get("strides", [1])[0]
    return shift / stride


def _path_to(graph: onnx.GraphProto, last: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return the nodes of one way from the picture to a node: where several meet, the first."""
    makers = {name: node for node in graph.node for name in node.output}
    path: list[onnx.NodeProto] = []
    node = makers.get(last.input[0])
    while node is not None and len(path) < len(graph.node):
        path.append(node)
        node = next((makers[name] for name in node.input if name in makers), None)
    return path[::-1]


def finer(cells: int, shift: float) -> npt.NDArray[np.float32]:
    """Return the weights that interpolate between the middles of shifted cells.

    Args:
        cells: How many in a row.
        shift: How far right of its place each cell's middle lies, in cells.

    Returns:
        (F · cells, cells), each row summing to one, F = ``FINER``.
    """
    wanted = (np.arange(FINER * cells) + 0.5) / FINER - 0.5 - shift
    values = [np.interp(wanted, np.arange(cells), row) for row in np.eye(cells)]
    return np.stack(values, axis=1).astype(np.float32)


def to_peak(heatmaps: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return heatmaps, (…, H, W), scaled to 1 at each one's peak; what is all zero stays so.

    >>> to_peak(np.array([[0.0, 2.0], [1.0, 4.0]])).tolist()
    [[0.0, 0.5], [0.25, 1.0]]
    """
    peaks = heatmaps.max(axis=(-2, -1), keepdims=True)
    return np.asarray(heatmaps / np.where(peaks > 0, peaks, 1), np.float32)
