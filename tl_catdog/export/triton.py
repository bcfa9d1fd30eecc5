"""A run as a model repository of NVIDIA's Triton Inference Server: ONNX network and settings."""

from __future__ import annotations

from typing import Any

from tl_catdog.export.graphs import PICTURES, PROBABILITIES
from tl_catdog.export.unsure import NOVELTY
from tl_catdog.runs.folder import Run

REPOSITORY = "models"
"""The folder that Triton is pointed at; whatever is in it is taken for a model."""

BATCH = 64
"""Pictures that one request may bring, and that the server puts together at most."""


def config_of(run: Run, *, novelty: bool) -> str:
    """Return ``config.pbtxt``, which says what the server is to make of the network.

    Pictures are taken in bytes, a quarter of what single precision would send. Class names are in
    ``labels.txt``: requests that ask for ``classification`` get them.

    Args:
        run: The run.
        novelty: Whether the network gives the novelty.
    """
    size = run.image_size
    outputs = [
        _block(
            name=PROBABILITIES,
            data_type="TYPE_FP32",
            dims=f"[ {len(run.classes)} ]",
            label_filename="labels.txt",
        )
    ]
    if novelty:  # one number a picture: the server knows no shape but that of a list
        outputs.append(
            _block(name=NOVELTY, data_type="TYPE_FP32", dims="[ 1 ]", reshape="{ shape: [ ] }")
        )
    taken = _block(
        name=PICTURES,
        data_type="TYPE_UINT8",
        format="FORMAT_NHWC",
        dims=f"[ {size}, {size}, 3 ]",
    )
    return f"""name: {_quoted(run.name)}
backend: "onnxruntime"
max_batch_size: {BATCH}
input [
{taken}
]
output [
{",".join(outputs)}
]
dynamic_batching {{ }}
version_policy {{ latest {{ num_versions: 1 }} }}
"""


def _block(**fields: Any) -> str:
    lines = []
    for name, value in fields.items():
        plain = name in ("name", "label_filename")
        lines.append(f"    {name}: {_quoted(value) if plain else value}")
    return "\n".join(["  {", *lines, "  }"])


def _quoted(text: str) -> str:
    """Return a text as protobuf's text format has it: bytes beyond ASCII are escaped."""
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(_character(byte) for byte in raw) + '"'


def _character(byte: int) -> str:
    character = chr(byte)
    if character in '"\\':
        return f"\\{character}"
    return character if 32 <= byte < 127 else f"\\{byte:03o}"
