"""Runs that nobody trained: what commands read of one, made in no time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.bare_runs import CONFIG, MANIFEST
from tests.support.bare_runs import manifest as bare_manifest
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.folders import TRAIN
from tl_catdog.data.sets import load_training_set
from tl_catdog.data.split_file import to_csv
from tl_catdog.prediction.predictor import to_predictions
from tl_catdog.runs.folder import ONNX, Run
from tl_catdog.runs.writer import RunWriter
from tl_catdog.training.manifest import describe


def made_up_run(
    data: Path, runs_dir: Path, *, name: str = "mine", drawn: bool = False, **settings: Any
) -> Run:
    """Publish a run without a network; it says the last class of each picture, ever more surely.

    All pictures but the training ones have an answer.
    """
    pictures = load_training_set(data, drawn=drawn)
    with RunWriter(runs_dir, name) as writer:
        writer.write_config({**CONFIG, **settings})
        writer.write_split(to_csv(pictures))
        for split in set(pictures.splits) - {TRAIN}:
            writer.write_predictions(split, answers(pictures, split))
        created = datetime.now(UTC).isoformat()
        return writer.publish({**MANIFEST, "created": created, "data": describe(pictures)})


def answers(pictures: ImageSet, split: str) -> str:
    """Return made-up predictions as CSV."""
    examples = pictures.split(split)
    classes = pictures.classes
    sure = np.linspace(0.6, 0.99, len(examples))
    probabilities = np.repeat((1 - sure)[:, None] / (len(classes) - 1), len(classes), axis=1)
    probabilities[:, -1] = sure
    return to_predictions(classes, examples, probabilities).to_csv()


SMALLEST = 32  # pixels of a run's pictures; its network may take smaller ones here
MODEL: dict[str, Any] = {
    "sha256": "f00d" * 16,
    "bytes": 1_234_567,
    "params": 2_422_081,
    "trainable_params": 164_097,
    "ms_per_image": 6.25,
}
"""What manifests say besides."""


def network_run(
    runs_dir: Path,
    graph: bytes,
    *,
    size: int,
    classes: Sequence[str] | None = None,
    images: ImageSet | None = None,
    predictions: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    **manifest: Any,
) -> Run:
    """Publish a run that has a network in ONNX, and all else that a training leaves.

    Args:
        runs_dir: Where.
        graph: The network, see ``small_network``.
        size: Height and width of its pictures.
        classes: Its classes; by default as many as the network tells apart.
        images: The pictures that it was trained with.
        predictions: CSV of what it says of the pictures of each split.
        config: Settings that differ.
        manifest: Entries that differ; those of ``data`` and ``model`` are added to what is there.
    """
    if classes is None:
        units = onnx.load_from_string(graph).graph.output[0].type.tensor_type.shape.dim[1].dim_value
        classes = ("ant", "bee", "cow", "dog")[: max(units, 2)]
    with RunWriter(runs_dir, manifest.get("name", "mine")) as writer:
        writer.write_config({**CONFIG, "image_size": max(size, SMALLEST), **(config or {})})
        digest = writer.write_bytes(ONNX, graph)
        for split, text in (predictions or {}).items():
            writer.write_predictions(split, text)
        for epoch in (1, 2):
            row = {"stage": "frozen", "epoch": epoch, "loss": 1 / epoch, "accuracy": 0.4 * epoch}
            writer.append_metrics({**row, "val_loss": 2 / epoch, "val_accuracy": 0.3 * epoch})
        data: dict[str, Any] = {"classes": list(classes)}
        if images is not None:
            writer.write_split(to_csv(images))
            data = describe(images)
        data |= manifest.pop("data", {})
        model = {**MODEL, "onnx_sha256": digest, **manifest.pop("model", {})}
        created = manifest.pop("created", MANIFEST["created"])
        run = writer.publish(bare_manifest(created=created, data=data, model=model, **manifest))
    return replace(run, config={**run.config, "image_size": size})


def small_network(
    *,
    units: int = 1,
    pool: int = 0,
    size: int = 32,
    pads: tuple[int, int, int, int] = (1, 1, 1, 1),
    seed: int = 0,
) -> tuple[bytes, dict[str, npt.NDArray[np.float32]]]:
    """Return a network of one convolution and the head as an ONNX graph, and its weights.

    Args:
        units: Of the output: 1 for two classes, else one for each class.
        pool: Side of the max-pooling's windows; 0 for a mean over the whole, as MobileNetV2 has.
        size: Height and width of the pictures.
        pads: Of the convolution, whose stride is 2: top, left, bottom, right.
        seed: Of the weights.
    """
    rng = np.random.default_rng(seed)
    maps = 4
    side = (size + pads[0] + pads[2] - 3) // 2 + 1
    features = maps * (side // pool) ** 2 if pool else maps
    shapes = {
        "conv/kernel": (maps, 3, 3, 3),
        "conv/bias": (maps,),
        "head_dense/0": (features, 8),
        "head_dense/1": (8,),
        "head_output/0": (8, units),
        "head_output/1": (units,),
    }
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    weights["conv/kernel"] /= 128  # pictures aren't scaled here
    weights["head_dense/0"] /= 10 * features**0.5  # logits of a few
    node = helper.make_node
    pooling = (
        node("MaxPool", ["maps"], ["pooled"], kernel_shape=[pool, pool], strides=[pool, pool])
        if pool
        else node("GlobalAveragePool", ["maps"], ["pooled"])
    )
    nodes = [
        node("Transpose", ["pictures"], ["x"], perm=[0, 3, 1, 2]),
        node(
            "Conv",
            ["x", "conv/kernel", "conv/bias"],
            ["convolved"],
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=list(pads),
        ),
        node("Relu", ["convolved"], ["maps"]),
        pooling,
        node("Transpose", ["pooled"], ["last"], perm=[0, 2, 3, 1]),
        node("Flatten", ["last"], ["features"], axis=1),
        node("Gemm", ["features", "head_dense/0", "head_dense/1"], ["hidden"]),
        node("Relu", ["hidden"], ["on"]),
        node("Gemm", ["on", "head_output/0", "head_output/1"], ["before_sigmoid"]),
        node("Sigmoid", ["before_sigmoid"], ["output"]),
    ]
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pictures", floats, ["B", size, size, 3])],
        [
            helper.make_tensor_value_info("output", floats, ["B", units]),
            helper.make_tensor_value_info("features", floats, ["B", features]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString()), weights
