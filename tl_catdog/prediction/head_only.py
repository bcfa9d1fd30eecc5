"""Runs that keep a head alone and share the packaged backbone: the one that ships is such a run.

The head's weights are rounded to half precision, as the backbone's kernels are (relative rounding
2⁻¹¹). Each row of the feature bank is stored in 16 levels of its greatest value: a twentieth of the
room, and the same pictures pass for unfamiliar (ADR 017).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog.data.folders import VALIDATION
from tl_catdog.data.npz import arrays_in, number_in, rows_in
from tl_catdog.errors import CatdogError
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.weights import Weights, packaged_weights
from tl_catdog.prediction.novelty import OLDER_NEIGHBOURS, FeatureBank, unit
from tl_catdog.runs.folder import FEATURE_BANK, HEAD, OLDER_FEATURE_BANK, Run

if TYPE_CHECKING:
    import keras

LEVELS = 15  # besides zero
PREFIX = "head_"
STRANGERS, CLOSEST = "strangers", "closest"


def pack(weights: Weights, feature_bank: FeatureBank) -> bytes:
    """Return the file that such a run keeps.

    Args:
        weights: Of a whole network; only the head's are taken.
        feature_bank: What unfamiliar pictures are told by; see ``novelty``.
    """
    head = {
        name: value.astype(np.float16) for name, value in weights.items() if name.startswith(PREFIX)
    }
    bank: dict[str, Any] = {
        FEATURE_BANK: _levels(feature_bank.rows),
        STRANGERS: _levels(feature_bank.strangers),
        CLOSEST: np.float64(feature_bank.closest),
    }
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **bank, **head)
    return out.getvalue()


def head_of(run: Run) -> Weights:
    """Return the head's weights by ``layer/index``.

    Raises:
        CatdogError: The file is missing or was changed.
    """
    found = _arrays(run)
    head = {name: found[name].astype(np.float32) for name in found if name.startswith(PREFIX)}
    units, outputs = run.config["dense_units"], 1 if len(run.classes) == 2 else len(run.classes)
    shapes = {
        "head_dense/0": (backbone_of(run.config["arch"]).channels, units),
        "head_dense/1": (units,),
        "head_output/0": (units, outputs),
        "head_output/1": (outputs,),
    }
    if {name: value.shape for name, value in head.items()} != shapes or not all(
        np.isfinite(value).all() for value in head.values()
    ):
        raise _damaged(run, HEAD, ValueError("weights of another head"))
    return head


def graph_of(run: Run) -> bytes:
    """Return the whole network as an ONNX graph.

    Raises:
        CatdogError: A file is missing or was changed.
    """
    from tl_catdog.models.graph import inference_graph

    arch = run.config["arch"]
    weights = {**packaged_weights(backbone_of(arch)), **head_of(run)}
    return inference_graph(arch, weights, run.image_size, precision=run.compute)


def model_of(run: Run) -> keras.Model:
    """Return the whole network as a Keras model; TensorFlow has to be started.

    Raises:
        CatdogError: A file is missing or was changed.
    """
    from tl_catdog.models.pretrained import build_pretrained

    head = head_of(run)
    model = build_pretrained(
        run.config["arch"],
        image_size=run.image_size,
        class_count=len(run.classes),
        dense_units=run.config["dense_units"],
        dropout=run.config["dropout"],
    )
    for name in {key.split("/")[0] for key in head}:
        model.get_layer(name).set_weights([head[f"{name}/0"], head[f"{name}/1"]])
    return model


def feature_bank_of(run: Run) -> FeatureBank | None:
    """Return the feature bank of a run of any kind; None if it keeps none.

    Raises:
        CatdogError: The file is missing or was changed.
    """
    for name in (HEAD, FEATURE_BANK, OLDER_FEATURE_BANK):
        if not run.holds(name):
            continue
        try:
            if name == HEAD:
                width = backbone_of(run.config["arch"]).channels
                return _packed_bank(_arrays(run), width)
            return FeatureBank.from_bytes(run.read_checked(name))
        except ValueError as error:
            raise _damaged(run, name, error) from None
    return None


def _packed_bank(found: dict[str, Any], width: int) -> FeatureBank:
    """Return the feature bank that a head's file has.

    Raises:
        ValueError: It has none.
    """
    if FEATURE_BANK in found:
        rows, strangers = (rows_in(found, name, width) for name in (FEATURE_BANK, STRANGERS))
        return FeatureBank(unit(rows), unit(strangers), closest=number_in(found, CLOSEST, 0, 1))
    rows = unit(rows_in(found, OLDER_FEATURE_BANK, width))
    return FeatureBank(rows, neighbours=OLDER_NEIGHBOURS, split=VALIDATION)


def _levels(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    greatest = np.maximum(rows.max(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.rint(LEVELS * rows / greatest), np.uint8)


def _arrays(run: Run) -> dict[str, Any]:
    content = run.read_checked(HEAD)
    try:
        return arrays_in(content)
    except ValueError as error:
        raise _damaged(run, HEAD, error) from None


def _damaged(run: Run, name: str, error: ValueError) -> CatdogError:
    return CatdogError(
        f"expected what a training writes in {run.path / name}, found {error}.", run.train_again
    )
