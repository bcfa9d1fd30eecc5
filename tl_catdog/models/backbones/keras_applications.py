"""Any network of keras.applications, as ``keras:NAME``.

Which there are, their picture sizes and feature widths stand in ``architectures.py``. What each
does to its pictures beforehand, in Keras by ``preprocess_input`` or by layers of its own, is done
here by one layer before it; a test holds it to Keras.

TensorFlow is started where a network is built.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from tl_catdog import runtime
from tl_catdog.architectures import KERAS, pretrained_of
from tl_catdog.models.backbones.spec import BackboneSpec

if TYPE_CHECKING:
    import keras

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pictures in 0..1: red, green, blue; imagenet_utils.py and efficientnet.py of
keras.applications have them."""

_PLAIN: dict[str, Any] = {}
_FROM_MINUS_1: dict[str, Any] = {"scale": 1 / 127.5, "offset": -1.0}
_FROM_MINUS_1_BY_128: dict[str, Any] = {"scale": 1 / 128, "offset": -1.0}
_NORMAL: dict[str, Any] = {
    "scale": tuple(1 / (255 * deviation) for deviation in DEVIATION),
    "offset": tuple(-mean / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)),
}
_CENTRED_BGR: dict[str, Any] = {"offset": (-123.68, -116.779, -103.939), "bgr": True}

_SCALINGS = (
    ("ConvNeXt", _NORMAL),
    ("DenseNet", _NORMAL),
    ("EfficientNetV2B", _NORMAL),
    ("EfficientNetV2", _FROM_MINUS_1_BY_128),
    ("EfficientNet", _PLAIN),  # it scales its pictures itself, by numbers among its weights
    ("ResNet50V2", _FROM_MINUS_1),
    ("ResNet101V2", _FROM_MINUS_1),
    ("ResNet152V2", _FROM_MINUS_1),
    ("ResNet", _CENTRED_BGR),
    ("VGG", _CENTRED_BGR),
    ("", _FROM_MINUS_1),  # Inception, MobileNet, NASNet, Xception
)
"""What pictures become, by the beginning of a name; the first that fits."""


@cache
def keras_backbone(name: str) -> BackboneSpec:
    """Return the backbone of a network's name, such as ``EfficientNetV2B0``."""
    arch = f"{KERAS}{name}"
    scaling = next(found for start, found in _SCALINGS if name.startswith(start))
    return BackboneSpec(
        arch=arch,
        title=name,
        channels=pretrained_of(arch).channels,
        build=partial(_build, name),
        fetch=partial(_original, name, weights="imagenet"),
        original=partial(_original, name),
        layer_names=partial(_layer_names, name),
        owner="Keras",
        licence="",
        origin=f"keras.applications.{name}",
        **scaling,
    )


def _original(name: str, image_size: int, weights: str | None = None) -> keras.Model:
    """Build Keras' own network with the layers that its files of weights are of."""
    import keras

    build = getattr(keras.applications, name)
    shape = (image_size, image_size, 3)
    return numbered(build(input_shape=shape, include_top=False, weights=weights))


def _build(name: str, image_size: int) -> keras.Model:
    """Build a network that takes pictures scaled as its spec says."""
    import inspect

    import keras

    build = getattr(keras.applications, name)
    # What these do first is done by the layer before them.
    plain = "include_preprocessing" in inspect.signature(build).parameters
    model = build(
        input_shape=(image_size, image_size, 3),
        include_top=False,
        weights=None,
        **({"include_preprocessing": False} if plain else {}),
    )
    if any(isinstance(layer, keras.layers.Normalization) for layer in model.layers):
        model = _with_steady_normalisation(model)
    return numbered(model)


def _with_steady_normalisation(model: keras.Model) -> keras.Model:
    """Return an EfficientNet that scales pictures as the one with ImageNet's weights does.

    Keras adds a factor then, efficientnet.py says why. And Normalization goes on with the mean that
    it had when ``set_weights`` is called; a BatchNorm layer, which is frozen here, doesn't.
    """
    import keras
    from keras import layers

    def renewed(layer: Any) -> Any:
        if isinstance(layer, layers.Normalization):
            return layers.BatchNormalization(
                center=False, scale=False, epsilon=0.0, name="normalization"
            )
        return layer.__class__.from_config(layer.get_config())

    def called(layer: Any, *args: Any, **options: Any) -> Any:
        x = layer(*args, **options)
        if layer.name != "normalization":
            return x
        factors = [1 / math.sqrt(deviation) for deviation in DEVIATION]
        return layers.Rescaling(factors, name="correction")(x)

    return keras.models.clone_model(model, clone_function=renewed, call_function=called)


def numbered(model: keras.Model) -> keras.Model:
    """Number layers without names of their own from 0; Keras goes on from the last network's."""
    from keras.src.utils.naming import to_snake_case

    counts: Counter[str] = Counter()

    def number(layers: Iterable[Any]) -> None:
        for layer in layers:
            kind = to_snake_case(type(layer).__name__)
            if re.fullmatch(rf"{re.escape(kind)}(_\d+)?", layer.name):
                layer.name = f"{kind}_{counts[kind]}" if counts[kind] else kind
                counts[kind] += 1
            number(getattr(layer, "layers", ()))

    number(model.operations)
    return model


@cache
def _layer_names(name: str) -> tuple[str, ...]:
    """Return the names of a network's layers, none of whose weights are made."""
    runtime.start()
    with runtime.weights_unmade():
        model = _build(name, pretrained_of(f"{KERAS}{name}").least)
    return tuple(layer.name for layer in model.layers[1:])
