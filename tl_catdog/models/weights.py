"""The packaged ImageNet weights of backbones, and others that a user names.

NOTICE says where the packaged ones are from. Convolution kernels are stored in half precision
(relative rounding 2⁻¹¹), BatchNorm's small vectors in single precision, since a variance may be too
small for half precision. ``tools/pack_backbone.py`` makes the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
import warnings
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.errors import CatdogError, UsageError, shortened
from tl_catdog.models.backbones.spec import BackboneSpec

PACKAGED, FROM_KERAS = "packaged", "keras"

if TYPE_CHECKING:
    import keras

Weights = dict[str, npt.NDArray[np.float32]]
"""A network's weights by ``layer/index``, the index in the order of Keras' ``get_weights``."""


def flat_layers(model: keras.Model) -> list[Any]:
    """Return the model's layers, those of a nested model in its place."""
    return [
        leaf
        for layer in model.layers
        for leaf in (flat_layers(layer) if hasattr(layer, "layers") else [layer])
    ]


def weights_of(model: keras.Model) -> Weights:
    """Return a model's weights by layer."""
    return {
        f"{layer.name}/{index}": value
        for layer in flat_layers(model)
        for index, value in enumerate(layer.get_weights())
    }


def read_backbone_weights(spec: BackboneSpec, source: str) -> Weights:
    """Return the weights of a backbone; the packaged ones without TensorFlow.

    Raises:
        UsageError: The named file is missing or isn't a weights file of this network.
        CatdogError: The packaged file is damaged, or Keras can't fetch its own.
    """
    if source == PACKAGED:
        return packaged_weights(spec)
    runtime.start()
    backbone = spec.build(spec.image_size)
    load_backbone_weights(spec, backbone, source)
    return weights_of(backbone)


def weights_digest(weights: Weights) -> str:
    """Return the SHA-256 of weights in hexadecimal: their names, shapes and values."""
    whole = hashlib.sha256()
    for name in sorted(weights):
        whole.update(f"{name}{weights[name].shape}".encode())
        whole.update(np.ascontiguousarray(weights[name]).tobytes())
    return whole.hexdigest()


def load_backbone_weights(spec: BackboneSpec, backbone: keras.Model, source: str) -> None:
    """Fill a backbone with pretrained weights, in place.

    Args:
        spec: What it is.
        backbone: What ``spec.build`` returned.
        source: ``packaged``; ``keras`` for those that Keras fetches from the network; or the path
            of a ``.weights.h5`` file, or of an ``.h5`` file of a network of keras.applications.

    Raises:
        UsageError: The named file is missing or isn't a weights file of this network; or Keras has
            none of it, or the package.
        CatdogError: The packaged file is damaged, or Keras can't fetch its own.
    """
    if source == PACKAGED:
        _assign(backbone, packaged_weights(spec))
    elif source == FROM_KERAS:
        _assign(backbone, _fetched(spec))
    else:
        original = backbone if spec.original is None else spec.original(spec.image_size)
        _load_file(spec, original, Path(source))
        if original is not backbone:
            _assign(backbone, weights_of(original))


@cache
def packaged_weights(spec: BackboneSpec) -> Weights:
    """Return the packaged weights by ``layer/index``, after checking the file's hash.

    Raises:
        UsageError: There are none of this backbone.
        CatdogError: The file is missing or damaged.
    """
    if spec.weights_file is None:
        raise UsageError(
            f"expected --backbone-weights keras or a file for {spec.title}, found packaged.",
            "Type: --backbone-weights keras",
        )
    data = resources.files(__package__).joinpath(spec.weights_file)
    again = "Type: pip install --force-reinstall tl-catdog"
    if not data.is_file():
        raise CatdogError(f"expected the packaged weights of {spec.title}, found no file.", again)
    content = data.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != spec.sha256:
        raise CatdogError(
            f"expected weights of {spec.title} with SHA-256 {spec.sha256[:12]}…, "
            f"found {digest[:12]}….",
            again,
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def _assign(backbone: keras.Model, weights: Weights) -> None:
    for layer in flat_layers(backbone):
        if layer.weights:
            layer.set_weights([weights[f"{layer.name}/{i}"] for i in range(len(layer.weights))])


def _fetched(spec: BackboneSpec) -> Weights:
    if spec.fetch is None:
        raise UsageError(
            f"expected --backbone-weights packaged or a file for {spec.title}, found keras, which "
            "has none.",
            "Type: --backbone-weights packaged",
        )
    try:
        # Keras says what it fetches on standard output, where results go.
        with contextlib.redirect_stdout(sys.stderr):
            other = spec.fetch(spec.image_size)
    except Exception as error:
        raise CatdogError(
            "expected Keras to fetch its weights, found no way to them "
            f"({shortened(' '.join(str(error).split()), 160)}).",
            _instead(spec),
        ) from error
    return weights_of(other)


def _instead(spec: BackboneSpec) -> str:
    """Return what to type where other weights can't be had."""
    source = PACKAGED if spec.weights_file else "FILE.weights.h5"
    return f"Type: --backbone-weights {source}"


def _load_file(spec: BackboneSpec, backbone: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise UsageError(
            f"expected packaged, keras or a .weights.h5 file, found no file {path}.",
            _instead(spec),
        )
    # The files that Keras fetches have the older name.
    if not path.name.endswith(".weights.h5" if spec.blocks else ".h5"):
        raise UsageError(
            f"expected a file named *.weights.h5, found {path}.",
            "Save them with model.save_weights('backbone.weights.h5')",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a misfit is an error below, not a page of warnings
            backbone.load_weights(path)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"expected weights of {spec.title} without its top, found others in {path}: "
            f"{reason[:160]}",
            _instead(spec),
        ) from error
