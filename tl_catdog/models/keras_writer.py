"""Writes a Keras network's ONNX graph, layer by layer: the layers of keras.applications."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.keras_nodes import KerasNodes, UnknownLayerError, Value, summed
from tl_catdog.models.pretrained import BACKBONE, arch_of
from tl_catdog.models.weights import weights_of


class KerasWriter(KerasNodes):
    """Adds the nodes of a network that ``build_pretrained`` returned."""

    def __init__(self, model: keras.Model) -> None:
        head = {name: value for name, value in weights_of(model).items() if name.startswith("head")}
        super().__init__(head, model.input_shape[1])
        self._model = model
        self._spec = backbone_of(arch_of(model))

    def features(self) -> tuple[str, tuple[int, ...]]:
        """Add all up to the pooled features; return their tensor, (B, F), and (F,).

        Raises:
            UnknownLayerError: A layer isn't known.
        """
        x = self.scaled(self._spec.scale, self._spec.offset)
        if self._spec.bgr:
            turned = np.eye(3)[:, ::-1].reshape(1, 1, 3, 3)
            x = self._convolved(Value(x, (self.size, self.size, 3)), turned).name
        backbone = self._model.get_layer(BACKBONE)
        (found,) = keras.tree.flatten(
            # Keras' own way through its layers, whatever goes along it.
            backbone._run_through_graph(
                [Value(x, (self.size, self.size, 3))], operation_fn=self._added_by
            )
        )
        last = self._settled(found)
        pooled = self._add("GlobalAveragePool", [last.name])  # explain looks for it
        return self._add("Flatten", [pooled], axis=1), last.shape[2:]

    def _added_by(self, layer: Any) -> Callable[..., Value]:
        """Return what adds the nodes of a layer when it is called with values."""
        kind = type(layer).__name__
        is_layer = isinstance(layer, keras.layers.Layer)
        method = getattr(
            self, f"_on_{kind.lower()}" if is_layer else f"_on_op_{kind.lower()}", None
        )

        def add(*args: Any, **options: Any) -> Value:
            if method is None:
                raise UnknownLayerError(f"a layer {kind}")
            given = keras.tree.flatten(list(args))
            if kind not in ("Conv2D", "DepthwiseConv2D", "ZeroPadding2D"):
                given = [self._settled(one) if isinstance(one, Value) else one for one in given]
            found: Value = method(layer, *given)
            if is_layer and tuple(layer.output.shape[1:]) not in (found.shape, found.shape[2:]):
                raise UnknownLayerError(f"{found.shape} after a layer {kind}")
            return found

        return add

    # One method for each kind of layer, named like it; see Keras' own for what it does.

    def _on_conv2d(self, layer: Any, x: Value) -> Value:
        kernel = np.asarray(layer.kernel)  # (h, w, in / groups, out)
        return self._activated(self._convolution(layer, x, kernel, layer.groups), layer.activation)

    def _on_depthwiseconv2d(self, layer: Any, x: Value) -> Value:
        found = self._convolution(layer, x, _by_groups(np.asarray(layer.kernel)), x.shape[2])
        return self._activated(found, layer.activation)

    def _on_separableconv2d(self, layer: Any, x: Value) -> Value:
        first = _by_groups(np.asarray(layer.depthwise_kernel))
        x = self._convolution(layer, x, first, x.shape[2], bias=False)
        bias = np.asarray(layer.bias) if layer.use_bias else None
        found = self._convolved(x, np.asarray(layer.pointwise_kernel), bias)
        return self._activated(found, layer.activation)

    def _on_dense(self, layer: Any, x: Value) -> Value:
        bias = np.asarray(layer.bias) if layer.use_bias else None
        found = self._convolved(x, np.asarray(layer.kernel)[None, None], bias)
        return self._activated(found, layer.activation)

    def _on_batchnormalization(self, layer: Any, x: Value) -> Value:
        mean, variance = (
            np.asarray(item, np.float64) for item in (layer.moving_mean, layer.moving_variance)
        )
        factor = 1 / np.sqrt(variance + layer.epsilon)
        if layer.scale:
            factor *= np.asarray(layer.gamma)
        shift = -mean * factor + (np.asarray(layer.beta) if layer.center else 0.0)
        return self._affine(x, factor, shift)

    def _on_layernormalization(self, layer: Any, x: Value) -> Value:
        if layer.axis not in (-1, 3, [-1], [3]) or getattr(layer, "rms_scaling", False):
            raise UnknownLayerError("a LayerNormalization of other axes")
        last = self._add("Transpose", [x.name], perm=[0, 2, 3, 1])
        scale = np.asarray(layer.gamma) if layer.scale else np.ones(x.shape[2])
        shift = [self._number(layer.beta)] if layer.center else []
        normal = self._add(
            "LayerNormalization",
            [last, self._number(scale), *shift],
            axis=-1,
            epsilon=layer.epsilon,
        )
        return replace(x, name=self._add("Transpose", [normal], perm=[0, 3, 1, 2]))

    def _on_rescaling(self, layer: Any, x: Value) -> Value:
        return self._affine(x, np.asarray(layer.scale), np.asarray(layer.offset))

    def _on_layerscale(self, layer: Any, x: Value) -> Value:
        return self._affine(x, np.asarray(layer.gamma), np.zeros(1))

    def _on_customscalelayer(self, layer: Any, x: Value, other: Value) -> Value:
        scaled = self._affine(other, np.asarray(layer.scale), np.zeros(1))
        return replace(x, name=self._add("Add", [x.name, scaled.name]))

    def _on_activation(self, layer: Any, x: Value) -> Value:
        return self._activated(x, layer.activation)

    def _on_relu(self, layer: Any, x: Value) -> Value:
        most = layer.max_value
        if layer.negative_slope or layer.threshold:
            raise UnknownLayerError("a ReLU of another kind")
        name = self._add("Relu", [x.name]) if most is None else self._clipped(x.name, most)
        return replace(x, name=name)

    def _joined(self, kind: str, values: Sequence[Value]) -> Value:
        first, *others = values
        name = first.name
        for other in others:
            name = self._add(kind, [name, other.name])
        return replace(max(values, key=lambda item: item.shape), name=name)

    def _on_op_add(self, _: Any, x: Value, other: Any) -> Value:
        if isinstance(other, Value):
            return self._joined("Add", [x, other])
        return self._affine(x, np.ones(1), np.asarray(other))

    def _on_op_multiply(self, _: Any, x: Value, other: Any) -> Value:
        if isinstance(other, Value):
            return self._joined("Mul", [x, other])
        return self._affine(x, np.asarray(other), np.zeros(1))

    def _on_add(self, _: Any, *values: Value) -> Value:
        return self._joined("Add", values)

    def _on_multiply(self, _: Any, *values: Value) -> Value:
        return self._joined("Mul", values)

    def _on_concatenate(self, layer: Any, *values: Value) -> Value:
        if layer.axis not in (-1, 3):
            raise UnknownLayerError("a Concatenate of another axis")
        name = self._add("Concat", [item.name for item in values], axis=1)
        height, width, _ = values[0].shape
        return Value(name, (height, width, sum(item.shape[2] for item in values)))

    def _on_dropout(self, _: Any, x: Value) -> Value:
        return x  # in training alone

    def _on_reshape(self, layer: Any, x: Value) -> Value:
        if x.shape[:2] != (1, 1) or tuple(layer.output.shape[1:3]) != (1, 1):
            raise UnknownLayerError("a Reshape of maps")
        return x

    def _on_globalaveragepooling2d(self, _: Any, x: Value) -> Value:
        return Value(self._add("GlobalAveragePool", [x.name]), (1, 1, x.shape[2]))

    def _on_maxpooling2d(self, layer: Any, x: Value) -> Value:
        return self._pooled("MaxPool", layer, x)

    def _on_averagepooling2d(self, layer: Any, x: Value) -> Value:
        return self._pooled("AveragePool", layer, x)

    def _on_zeropadding2d(self, layer: Any, x: Value) -> Value:
        (top, bottom), (left, right) = layer.padding
        height, width, channels = x.shape
        return Value(
            x.name,
            (height + top + bottom, width + left + right, channels),
            summed(x.pads, (top, left, bottom, right)),
        )

    def _on_cropping2d(self, layer: Any, x: Value) -> Value:
        (top, bottom), (left, right) = layer.cropping
        kernel = np.zeros((top + bottom + 1, left + right + 1, 1, x.shape[2]))
        kernel[top, left] = 1.0  # a convolution that moves each channel
        return self._convolved(x, kernel, groups=x.shape[2])

    def _on_sequential(self, layer: Any, x: Value) -> Value:
        for inner in layer.layers:
            x = self._added_by(inner)(x)
        return self._settled(x)


def _by_groups(kernel: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn a depthwise kernel, (h, w, C, M), into one of C groups, (h, w, 1, C · M)."""
    height, width, *rest = kernel.shape
    return kernel.reshape(height, width, 1, math.prod(rest))
