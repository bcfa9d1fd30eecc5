"""A ``.keras`` file from a stranger: only what ours are made of, and no more than it holds.

Keras believes what a file says: it unpacks archives of any size, and makes weights of any shape
before it looks whether the file has them. TensorFlow has to be started.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def check_keras(path: Path, image_size: int, classes: int) -> None:
    """Make sure that a file holds a network of ours, before Keras makes it.

    Args:
        path: The file.
        image_size: Height and width in pixels of the pictures that it takes.
        classes: How many it tells apart.

    Raises:
        ValueError: It doesn't; the error says what was found. Keras raises others.
        OSError: It can't be read.
    """
    import keras

    config, weights = _members(path)
    with _nothing_made_later():
        # Weights aren't made within, but have their shapes.
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(copy.deepcopy(config), safe_mode=True)
        claimed = WIDTH * sum(math.prod(item.shape) for item in model.variables)
        if claimed > weights:
            raise ValueError(f"weights of {claimed:,} bytes in {weights:,}")
        for layer in _layers(model):
            if type(layer).__name__ not in LAYERS:
                raise ValueError(f"a layer {type(layer).__name__[:40]}")
            sides = layer.output.shape[1:]
            if None in sides or math.prod(sides) > LARGEST:
                raise ValueError(f"a layer that gives {sides}")
        units = 1 if classes == 2 else classes
        found = tuple(model.input_shape), tuple(model.output_shape)
        if found != ((None, image_size, image_size, 3), (None, units)):
            raise ValueError(f"a network from {found[0]} to {found[1]}")


@contextlib.contextmanager
def _nothing_made_later() -> Iterator[None]:
    """Let Keras forget weights that it was to make at the end of another such scope."""
    from keras.src.backend.common import global_state

    name = "uninitialized_variables"
    before = list(global_state.get_global_attribute(name, []))
    try:
        yield
    finally:
        global_state.set_global_attribute(name, before)


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


def _layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)
