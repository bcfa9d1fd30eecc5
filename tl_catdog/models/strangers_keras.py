"""A ``.keras`` file from a stranger: only what ours are made of, and no more than it holds.

Keras believes what a file says: it unpacks archives of any size, and makes weights of any shape
before it looks whether the file has them. TensorFlow has to be started.
"""

from __future__ import annotations

import copy
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tl_catdog import runtime
from tl_catdog.architectures import KERAS
from tl_catdog.models.strangers_graph import LARGEST

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = frozenset({"metadata.json", CONFIG, WEIGHTS})
MOST_CONFIG = 2**24  # bytes; MobileNetV2 has 200,000
RATIO = 20  # of sizes unpacked to the file's; weights hardly shrink
WIDTH = 4  # bytes of a weight in single precision

LAYERS = frozenset((
    "Activation", "Add", "BatchNormalization", "Conv2D", "Dense", "DepthwiseConv2D", "Dropout",
    "Flatten", "Functional", "GlobalAveragePooling2D", "InputLayer", "MaxPooling2D", "ReLU",
    "Rescaling", "ZeroPadding2D",
))  # fmt: skip
"""What the networks of all versions are made of."""


KERAS_LAYERS = LAYERS | {
    "AveragePooling2D", "Concatenate", "Cropping2D", "CustomScaleLayer", "LayerNormalization",
    "LayerScale", "Multiply", "Reshape", "SeparableConv2D", "Sequential",
}  # fmt: skip
"""What the networks of keras.applications are made of; a test holds it to them."""

KERAS_OPERATIONS = frozenset({"Add", "Multiply"})
"""What they do besides, by ``+`` and ``*``."""


def custom_layers(arch: str) -> dict[str, Any]:
    """Return the layers that an architecture has from Keras' inside, by their names."""
    if not arch.startswith(KERAS):
        return {}
    from keras.src.applications.convnext import LayerScale
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    return {item.__name__: item for item in (LayerScale, CustomScaleLayer)}


def check_keras(path: Path, image_size: int, classes: int, arch: str) -> None:
    """Make sure that a file holds a network of ours, before Keras makes it.

    Args:
        path: The file.
        image_size: Height and width in pixels of the pictures that it takes.
        classes: How many it tells apart.
        arch: Its architecture: ``keras:NAME`` may have more kinds of layers.

    Raises:
        ValueError: It doesn't; the error says what was found. Keras raises others.
        OSError: It can't be read.
    """
    import keras

    config, weights = _members(path)
    with runtime.weights_unmade():
        model = keras.saving.deserialize_keras_object(
            copy.deepcopy(config), custom_objects=custom_layers(arch), safe_mode=True
        )
        claimed = WIDTH * sum(math.prod(item.shape) for item in model.variables)
        if claimed > weights:
            raise ValueError(f"weights of {claimed:,} bytes in {weights:,}")
        of_keras = arch.startswith(KERAS)
        for layer in _operations(model):
            kind = type(layer).__name__
            if isinstance(layer, keras.layers.Layer):
                known = kind in (KERAS_LAYERS if of_keras else LAYERS)
            else:
                known = of_keras and kind in KERAS_OPERATIONS
            if not known:
                raise ValueError(f"a layer {kind[:40]}")
            sides = layer.output.shape[1:]
            if None in sides or math.prod(sides) > LARGEST:
                raise ValueError(f"a layer that gives {sides}")
        units = 1 if classes == 2 else classes
        found = tuple(model.input_shape), tuple(model.output_shape)
        if found != ((None, image_size, image_size, 3), (None, units)):
            raise ValueError(f"a network from {found[0]} to {found[1]}")


def _members(path: Path) -> tuple[Any, int]:
    """Return what an archive says of the network, and how many bytes its weights are.

    Raises:
        ValueError: It isn't such an archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
            if sizes.keys() != MEMBERS:
                raise ValueError(f"an archive of {len(sizes)} other files")
            if sum(sizes.values()) > RATIO * path.stat().st_size or sizes[CONFIG] > MOST_CONFIG:
                raise ValueError("an archive that unpacks to far more than it is")
            return json.loads(archive.read(CONFIG)), sizes[WEIGHTS]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, RecursionError) as error:
        raise ValueError(f"no archive ({type(error).__name__})") from None


def _operations(model: Any) -> Iterator[Any]:
    """Yield a network's layers, and what it computes without one, those of nested networks too."""
    # A Sequential has no operations of its own.
    for item in getattr(model, "operations", None) or model.layers:
        yield item
        if hasattr(item, "layers"):
            yield from _operations(item)
