"""What a stranger needs to use an exported network: labels, sizes, how to feed it, whose it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tl_catdog.export.card import card, described
from tl_catdog.export.markdown import escaped
from tl_catdog.files import write_json, write_text
from tl_catdog.prediction.rejection import policy_of
from tl_catdog.runs.folder import Run
from tl_catdog.wording import printable

if TYPE_CHECKING:
    from tl_catdog.export.formats import Format

_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""What any reader may take for the end of a line, or of the file."""

METADATA, LABELS, README, CARD = "metadata.json", "labels.txt", "README.md", "CARD.md"


def write_beside(run: Run, folder: Path, kind: Format, model: str, parity: dict[str, Any]) -> None:
    """Write labels, metadata, the model card and how to use it into the folder of an export.

    Args:
        run: The run that was exported.
        folder: Where to.
        kind: The format.
        model: What is to be loaded, relative to the folder.
        parity: How far it agrees with the run.
    """
    policy = policy_of(run)
    about = {
        **described(run),
        "labels": list(run.classes),
        "image_size": run.image_size,
        "temperature": run.temperature,
        "seed": run.manifest["seed"],
        "format": kind.name,
        "model": model,
        "input_dtype": kind.takes,
        "unsure_below": policy and policy.confidence,
        "versions": run.manifest["versions"],
        "parity": parity,
    }
    write_json(folder / METADATA, about)
    write_text(folder / LABELS, "".join(f"{in_a_line(label)}\n" for label in run.classes))
    write_text(folder / CARD, card(run))
    write_text(folder / README, _usage(run, kind, model))


_LOAD = {
    "keras": (
        "import keras\n\n"
        'model = keras.saving.load_model("{model}")\n'
        "probabilities = model.predict(pictures.astype(np.float32), verbose=0)[0]"
    ),
    "savedmodel": (
        "import tensorflow as tf\n\n"
        'model = tf.saved_model.load("{model}")\n'
        'serve = model.signatures["serving_default"]\n'
        "found = serve(pictures=tf.constant(pictures.astype(np.float32)))\n"
        'probabilities = found["probabilities"].numpy()[0]'
    ),
    "onnx": (
        "import onnxruntime\n\n"
        'session = onnxruntime.InferenceSession("{model}")\n'
        'feed = {{"pictures": pictures.astype(np.float32)}}\n'
        'probabilities = session.run(["probabilities"], feed)[0][0]'
    ),
    "litert": (
        "from ai_edge_litert.interpreter import Interpreter\n\n"
        'interpreter = Interpreter("{model}")\n'
        "interpreter.allocate_tensors()\n"
        "taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]\n"
        'interpreter.set_tensor(taken["index"], pictures.astype(np.{dtype}))\n'
        "interpreter.invoke()\n"
        'probabilities = interpreter.get_tensor(given["index"])[0]'
    ),
}

_SERVING = """
TensorFlow Serving, in this folder:

    docker run -p 8501:8501 -v "$PWD"/{name}:/models/{name} -e MODEL_NAME={name} tensorflow/serving

It answers `POST /v1/models/{url}:predict` with `{{"instances": [PICTURE, ...]}}`, each picture
{size} rows of {size} pixels of three numbers. The signature `encoded` takes whole files instead:
`{{"signature_name": "encoded", "instances": [{{"b64": "..."}}]}}`. TensorFlow decodes and resizes
those a little differently and ignores EXIF orientation; `metadata.json` says how many answers
stay the same.
"""


def _usage(run: Run, kind: Format, model: str) -> str:
    load = _LOAD[kind.name.removesuffix("-int8")].format(model=model, dtype=kind.takes)
    imports, rest = load.split("\n\n")
    size = run.image_size
    text = f"""# {escaped(run.name)} as {kind.name}

Tells apart {", ".join(map(escaped, run.classes))}.
Takes RGB pictures, (B, {size}, {size}, 3), {kind.takes}, 0 to 255, and gives the probability of
each class, in the order of `labels` in `metadata.json`, which has what programs need. `labels.txt`
has the classes too, one in each line: a backslash and what would break a line are written as in
`\\\\` and `\\n`. `CARD.md` says how good it is and how it was made.

```python
import json

import numpy as np
{imports}
from PIL import Image, ImageOps

picture = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
pictures = np.asarray(picture.resize(({size}, {size}), Image.Resampling.BILINEAR))[None]
{rest}
labels = json.load(open("metadata.json"))["labels"]
print(labels[probabilities.argmax()], probabilities.max())
```
"""
    if kind.name != "savedmodel":
        return text
    url = quote(run.name, errors="surrogateescape")
    return text + _SERVING.format(name=printable(run.quoted), url=url, size=size)


def in_a_line(label: str) -> str:
    r"""Return a class's name as ``labels.txt`` has it: a backslash and breaks of lines escaped.

    >>> print(in_a_line("cat"), in_a_line("two\nlines"), in_a_line("back\\slash"))
    cat two\nlines back\\slash
    """
    plain = label.replace("\\", "\\\\")
    return _BREAKS.sub(lambda found: repr(found[0])[1:-1], plain)
