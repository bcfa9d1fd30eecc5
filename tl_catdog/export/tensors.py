"""What goes into an exported file and what comes out, for metadata.json and the README."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.unsure import NOVELTY
from tl_catdog.runs.folder import Run

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format


@dataclass(frozen=True)
class Tensor:
    """One of the tensors that a file takes or gives.

    Attributes:
        name: What its runtime calls it.
        dtype: The type of its numbers.
        shape: Its sides; None where any number of pictures is taken.
        layout: What the sides are: N pictures, H rows, W columns, C channels or classes.
        range: The least and the greatest value.
        meaning: What it holds, in words.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    layout: str
    range: tuple[int, int]
    meaning: str

    def to_json(self) -> dict[str, Any]:
        """Return it as ``metadata.json`` has it."""
        return asdict(self)


def tensors_of(
    run: Run, kind: Format, path: Path, *, novelty: bool
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return what an exported file takes and what it gives.

    Args:
        run: The run.
        kind: The format.
        path: What is loaded.
        novelty: Whether it gives the novelty.
    """
    taken, given = _names(kind, path)
    size, n = run.image_size, kind.batch
    pictures = Tensor(
        taken, kind.takes, (n, size, size, 3), "NHWC", (0, 255), "RGB, rows from the top"
    )
    meaning = "of each class, in the order of labels; a row sums to one"
    found = [Tensor(given, "float32", (n, len(run.classes)), "NC", (0, 1), meaning)]
    if novelty:
        meaning = "how unlike the picture is to those it learnt from"
        found.append(Tensor(NOVELTY, "float32", (n,), "N", (0, 2), meaning))
    return (pictures,), tuple(found)


def _names(kind: Format, path: Path) -> tuple[str, str]:
    """Return the names of what is taken and of the probabilities, as the file itself has them."""
    if kind.name == "keras" and path.is_file():
        with zipfile.ZipFile(path) as file:
            config = json.loads(file.read("config.json"))["config"]
        return _first(config["input_layers"]), _first(config["output_layers"])
    if kind.name.startswith("litert") and path.is_file():
        from ai_edge_litert import interpreter

        from tl_catdog import runtime

        with runtime.silence_stderr():
            loaded = interpreter.Interpreter(model_path=str(path))
        details = loaded.get_input_details()[0], loaded.get_output_details()[0]
        return str(details[0]["name"]), str(details[1]["name"])
    return PICTURES, PROBABILITIES


def _first(layers: Any) -> str:
    """Return the first name in what Keras lists in one way or the other."""
    while isinstance(layers, list):
        layers = layers[0]
    return str(layers)
