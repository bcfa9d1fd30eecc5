"""The formats of an export: how each is written, and how its own runtime runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tl_catdog import runtime
from tl_catdog.data.images import Pixels
from tl_catdog.export.graphs import (
    PICTURES,
    PROBABILITIES,
    keras_probabilities,
    onnx_probabilities,
)
from tl_catdog.export.labels import in_a_line
from tl_catdog.export.litert import open_litert, write_int8, write_litert
from tl_catdog.export.litert_graph import needs_pictures
from tl_catdog.export.serving import open_savedmodel, write_savedmodel
from tl_catdog.export.triton import REPOSITORY, config_of
from tl_catdog.export.unsure import NOVELTY
from tl_catdog.files import write_text
from tl_catdog.models.engine import KerasForward
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    import onnx

Values = npt.NDArray[np.float64]

Infer = Callable[[npt.NDArray[Any]], Values | tuple[Values, Values]]
"""From pictures, (1, S, S, 3), 0..255, to probabilities, (1, C), or to these and novelty, (1,)."""


@dataclass(frozen=True)
class Format:
    """One of the formats.

    Attributes:
        name: What ``--format`` takes.
        write: Writes a run's network into a folder, given training pictures to calibrate on, and
            returns what is to be loaded, relative to the folder.
        open: Loads that in the format's own runtime; says which in its second part.
        exact: Whether probabilities must agree, or only decisions.
        needs_calibration: Whether ``write`` uses the training pictures.
        needs_pictures: For which runs it does so, where it does for some.
        takes: What the input takes, in words.
        batch: How many pictures it takes at once; None for any number.
        novelty: Whether it gives the novelty beside the probabilities, where a run has one.
    """

    name: str
    write: Callable[[Run, Path, Sequence[Pixels]], str]
    open: Callable[[Path], tuple[Infer, str]]
    exact: bool = True
    needs_calibration: bool = False
    needs_pictures: Callable[[Run], bool] = lambda _: True
    takes: str = "float32"
    batch: int | None = None
    novelty: bool = False


def _write_keras(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    keras_probabilities(run).save(folder / "model.keras")
    return "model.keras"


def _open_keras(path: Path) -> tuple[Infer, str]:
    runtime.start()
    import keras

    forward = KerasForward(keras.models.load_model(path, compile=False, safe_mode=True))
    return lambda pictures: forward(pictures)[0].astype(np.float64), f"keras {keras.__version__}"


def _write_onnx(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    _onnx(run, folder / "model.onnx", whole=False)
    return "model.onnx"


def _write_bytes_onnx(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    _onnx(run, folder / "model.onnx", whole=True)
    return "model.onnx"


def _write_triton(run: Run, folder: Path, _: Sequence[Pixels]) -> str:
    place = folder / REPOSITORY / run.name
    (place / "1").mkdir(parents=True)
    model = _onnx(run, place / "1" / "model.onnx", whole=True)
    names = [output.name for output in model.graph.output]
    write_text(place / "config.pbtxt", config_of(run, novelty=NOVELTY in names))
    write_text(place / "labels.txt", "".join(f"{in_a_line(label)}\n" for label in run.classes))
    return f"{REPOSITORY}/{run.name}/1/model.onnx"


def _onnx(run: Run, path: Path, *, whole: bool) -> onnx.ModelProto:
    model = onnx_probabilities(run, whole=whole)
    from onnx import helper

    from tl_catdog.export.card import described

    helper.set_model_props(model, {key: str(value) for key, value in described(run).items()})
    path.write_bytes(model.SerializeToString())
    return model


def _open_onnx(path: Path) -> tuple[Infer, str]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    kind = np.uint8 if taken.type == "tensor(uint8)" else np.float32
    names = [output.name for output in session.get_outputs()]

    def answer(pictures: npt.NDArray[Any]) -> Values | tuple[Values, Values]:
        found = session.run([PROBABILITIES, *names[1:]], {PICTURES: pictures.astype(kind)})
        chances, *novelty = (np.asarray(values, np.float64) for values in found)
        return (chances, novelty[0]) if novelty else chances

    return answer, f"onnxruntime {onnxruntime.__version__}"


FORMATS = {
    item.name: item
    for item in (
        Format("keras", _write_keras, _open_keras),
        Format("savedmodel", write_savedmodel, open_savedmodel, novelty=True),
        Format("onnx", _write_onnx, _open_onnx, novelty=True),
        Format("onnx-uint8", _write_bytes_onnx, _open_onnx, takes="uint8", novelty=True),
        Format("triton", _write_triton, _open_onnx, takes="uint8", novelty=True),
        Format("litert", write_litert, open_litert, batch=1),
        Format(
            "litert-int8",
            write_int8,
            open_litert,
            exact=False,
            needs_calibration=True,
            needs_pictures=needs_pictures,
            takes="uint8",
            batch=1,
        ),
    )
}
