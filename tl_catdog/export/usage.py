"""The README of an export: what the file takes and gives, and lines that use it as they stand.

The lines of each format stand in a constant of their own: imports, an empty line, and what comes
after the picture is read, with `{{` for `{`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tl_catdog.config import INT8
from tl_catdog.export import usage_litert
from tl_catdog.export.examples import EXAMPLES, examples_of
from tl_catdog.export.markdown import escaped
from tl_catdog.export.plain import PlainResize
from tl_catdog.export.tensors import Tensor
from tl_catdog.export.triton import BATCH
from tl_catdog.runs.folder import Run
from tl_catdog.wording import printable

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format

_KERAS = """import keras

model = keras.saving.load_model("{model}")
probabilities = model.predict(pictures.astype(np.float32), verbose=0)[0]"""

_SAVEDMODEL = """import tensorflow as tf

model = tf.saved_model.load("{model}")
serve = model.signatures["serving_default"]
found = serve(pictures=tf.constant(pictures.astype(np.float32)))
probabilities = found["probabilities"].numpy()[0]"""

_ONNX = """import onnxruntime

session = onnxruntime.InferenceSession("{model}")
found = session.run(None, {{"pictures": pictures.astype(np.{dtype})}})
probabilities = found[0][0]"""

_LINES = {
    "keras": _KERAS,
    "savedmodel": _SAVEDMODEL,
    "onnx": _ONNX,
    "onnx-uint8": _ONNX,
    "triton": _ONNX,
    "litert": usage_litert.LINES,
    "litert-int8": usage_litert.LINES,
}
"""How each format is loaded and asked in Python."""

_PACKAGES = {
    "keras": "tensorflow keras",
    "savedmodel": "tensorflow",
    "litert": "ai-edge-litert",
    "litert-int8": "ai-edge-litert",
}
"""What runs it, besides NumPy and Pillow; ONNX Runtime where it isn't said."""

_NOVELTY = {"savedmodel": 'float(found["novelty"][0])'}
"""Where the novelty is; the second output where it isn't said."""


def usage(
    run: Run,
    kind: Format,
    model: str,
    tensors: Sequence[Tensor],
    unsure: dict[str, Any] | None,
    plain: PlainResize | None,
) -> str:
    """Return the README of an export, in Markdown.

    Args:
        run: The run that was exported.
        kind: The format.
        model: What is to be loaded, relative to the folder.
        tensors: What it takes and gives.
        unsure: When its answers are withheld, see ``unsure.unsure_of``.
        plain: What a plain resize would change.
    """
    parts = [
        _head(run, kind, tensors),
        _python(run, kind, model),
        _resizing(run, plain),
        _unsure(kind, unsure),
        _runtimes(run) if kind.name in ("onnx", "onnx-uint8") else "",
        _precision(run) if kind.name in ("keras", "savedmodel") else "",
        _others(kind),
        usage_litert.notes(kind.name, run.image_size) if kind.name.startswith("litert") else "",
    ]
    url, size = quote(run.name, errors="surrogateescape"), run.image_size
    if kind.name == "savedmodel":
        parts.append(_SERVING.format(name=printable(run.quoted), url=url, size=size))
    if kind.name == "triton":
        name = printable(run.name)
        parts.append(_TRITON.format(name=name, url=url, size=size, batch=BATCH))
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _head(run: Run, kind: Format, tensors: Sequence[Tensor]) -> str:
    size, batch = run.image_size, "B" if kind.batch is None else str(kind.batch)
    many = (
        "B is any number of pictures"
        if kind.batch is None
        else "One picture is taken at a time: ask for each in its turn"
    )
    rows = "\n".join(
        f"| {'out' if place else 'in'} | `{item.name}` | {item.dtype} | {_shape(item)} | "
        f"{item.range[0]} to {item.range[1]} | {item.meaning} |"
        for place, item in enumerate(tensors)
    )
    return f"""# {escaped(run.name)} as {kind.name}

Tells apart {", ".join(map(escaped, run.classes))}.
Takes RGB pictures, ({batch}, {size}, {size}, 3), {kind.takes}, 0 to 255, and gives the
probability of each class, in the order of `labels` in `metadata.json`, which has what programs
need. `labels.txt` has the classes too, one in each line: a backslash and what would break a line
are written as in `\\\\` and `\\n`. `CARD.md` says how good it is and how it was made, `LICENSE` and
`NOTICE` whose it is.

| | tensor | type | shape | values | |
|-|-|-|-|-|-|
{rows}

The layout is NHWC: pictures, rows, columns, channels, red first. {many}.
Numbers are given as they are, 0 to 255: the network scales them by itself."""


def _shape(tensor: Tensor) -> str:
    sides = ["B" if side is None else str(side) for side in tensor.shape]
    return f"({sides[0]},)" if len(sides) == 1 else f"({', '.join(sides)})"


def _python(run: Run, kind: Format, model: str) -> str:
    shown = json.dumps(model, ensure_ascii=False)[1:-1]
    imports, rest = _LINES[kind.name].format(model=shown, dtype=kind.takes).split("\n\n")
    return f"""## In Python

In this folder, with `pip install numpy pillow {_PACKAGES.get(kind.name, "onnxruntime")}`:

```python
import json

import numpy as np
{imports}
from prepare import prepare

pictures = prepare("photo.jpg")[None]
{rest}
about = json.load(open("metadata.json", encoding="utf-8"))
label, confidence = about["labels"][probabilities.argmax()], probabilities.max()
print(label, confidence)
```"""


def _resizing(run: Run, plain: PlainResize | None) -> str:
    size = run.image_size
    text = f"""## Preparing pictures

`prepare.py` needs Pillow and NumPy alone. In another language, do what it does: turn the picture
upright by its EXIF orientation, lay transparency over white, take 16-bit grey by its upper bits,
make it RGB, and squeeze the whole of it to {size} × {size} with an antialiased bilinear filter, as
Pillow's `resize((…), BILINEAR)` or `torchvision`'s `antialias=True`."""
    if plain is None or not plain.n:
        return text
    return (
        f"{text} A plain resize gives other answers:\nbilinear without antialiasing, "
        f"`cv2.resize`'s default, changed {plain.changed} of {plain.n} decisions here."
    )


def _unsure(kind: Format, unsure: dict[str, Any] | None) -> str:
    if unsure is None:
        return ""
    said = f"{escaped(unsure['promise'])} As `predict --reject` does, after the lines above:"
    if unsure["above"] is None:
        lines = """unsure = about["unsure"]
doubt = unsure["words"]["below"] if confidence < unsure["below"] else None"""
    else:
        novelty = _NOVELTY.get(kind.name, "float(found[1][0])")
        lines = f"""unsure, novelty = about["unsure"], {novelty}
doubt = unsure["words"]["above"] if novelty > unsure["above"] else None
doubt = unsure["words"]["below"] if confidence < unsure["below"] else doubt"""
    return f"""## Unsure

{said}

```python
{lines}
print("unsure" if doubt else label, "-", doubt)
```"""


def _precision(run: Run) -> str:
    """Return what differs where a run of whole numbers is held in single precision."""
    if run.compute != INT8:
        return ""
    return """This file computes in single precision, and the run in whole numbers: near ties, and
answers near the threshold, may come out otherwise (`same_decisions`,
`same_unsure` in `metadata.json`). The formats `onnx`, `onnx-uint8` and `triton` hold the whole
numbers themselves."""


def _runtimes(run: Run) -> str:
    """Return what is to be known of other runtimes for ONNX (docs/adr/035)."""
    text = """## Other runtimes

Give each the pictures as they are, channels last: not the array of OpenCV's `blobFromImage`.
OpenVINO computes in half precision where the processor can, which decides some near ties otherwise:
compile with `{"INFERENCE_PRECISION_HINT": "f32"}`."""
    if run.compute != INT8:
        return f"{text} With that, OpenVINO and OpenCV answer as ONNX Runtime does."
    return (
        f"{text} This network computes in whole numbers,\nwhich ONNX Runtime does as the run does, "
        "in Python, Node, browsers and C++. OpenVINO and OpenCV\ndo it in their own way: 98.7 and "
        "89.3 % of 150 decisions were the same. For these, train with\n`--compute float32`."
    )


def _others(kind: Format) -> str:
    found = list(examples_of(kind))
    if not found:
        return ""
    listed = "\n".join(f"- `{name}`" for name in found)
    head = f"In `{EXAMPLES}/`, each with how to run it at its head:"
    return f"## In other languages\n\n{head}\n\n{listed}"


_SERVING = """## TensorFlow Serving

In this folder:

    docker run -p 8501:8501 -v "$PWD"/{name}:/models/{name} -e MODEL_NAME={name} tensorflow/serving

It answers `POST /v1/models/{url}:predict` with `{{"instances": [PICTURE, ...]}}`, each picture
{size} rows of {size} pixels of three numbers: a list of probabilities for each, or an object of
`probabilities` and `novelty` where there is a novelty. There are three signatures:

- `serving_default` takes pictures and gives numbers, as above.
- `answers` takes pictures and says words besides: `label`, the most probable class; `answer`, the
  same or `unsure`; `doubt`, why; and `classes`, in the order of the probabilities.
- `encoded` takes whole files, JPEG, PNG, WebP, BMP or GIF (no TIFF, HEIC or AVIF), and says the
  same: `{{"signature_name": "encoded", "instances": [{{"b64": "..."}}]}}`. A file that can't be
  read has `readable` false and probabilities of 0, and the others their answers. JPEG, PNG and WebP
  are turned upright by EXIF, transparent PNG and WebP lie over white (the transparency of a GIF is
  left out), and pixels differ from `prepare.py`'s by 1 of 255 at most; `metadata.json` says how
  many answers stay the same (`encoded_same_decisions`).
"""

_TRITON = """## Triton Inference Server

In this folder, which has the model repository `models/`:

    docker run -p 8000:8000 -v "$PWD"/models:/models nvcr.io/nvidia/tritonserver:25.10-py3 \\
        tritonserver --model-repository=/models

It answers `POST /v2/models/{url}/infer` with an input `pictures` of type UINT8, shape (B, {size},
{size}, 3), B at most {batch}; outputs asked for with `"parameters": {{"classification": 1}}` come
with the class's name. `models/{name}/config.pbtxt` says the rest.
"""
