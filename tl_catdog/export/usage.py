"""The README of an export: what the file takes and gives, and lines that use it as they stand.

The lines of each format stand in a constant of their own: imports, an empty line, and what comes
after the picture is read, with `{{` for `{`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tl_catdog.export import usage_litert
from tl_catdog.export.markdown import escaped
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
feed = {{"pictures": pictures.astype(np.float32)}}
probabilities = session.run(["probabilities"], feed)[0][0]"""

_LINES = {
    "keras": _KERAS,
    "savedmodel": _SAVEDMODEL,
    "onnx": _ONNX,
    "litert": usage_litert.LINES,
    "litert-int8": usage_litert.LINES,
}
"""How each format is loaded and asked in Python."""

_BATCH = {"litert": "1", "litert-int8": "1"}
"""How many pictures are given at once: any number where it isn't said."""

_SERVING = """
TensorFlow Serving, in this folder:

    docker run -p 8501:8501 -v "$PWD"/{name}:/models/{name} -e MODEL_NAME={name} tensorflow/serving

It answers `POST /v1/models/{url}:predict` with `{{"instances": [PICTURE, ...]}}`, each picture
{size} rows of {size} pixels of three numbers. The signature `encoded` takes whole files instead:
`{{"signature_name": "encoded", "instances": [{{"b64": "..."}}]}}`. TensorFlow decodes and resizes
those a little differently and ignores EXIF orientation; `metadata.json` says how many answers
stay the same.
"""


def usage(run: Run, kind: Format, model: str) -> str:
    """Return the README of an export, in Markdown.

    Args:
        run: The run that was exported.
        kind: The format.
        model: What is to be loaded, relative to the folder.
    """
    load = _LINES[kind.name].format(model=model, dtype=kind.takes)
    imports, rest = load.split("\n\n")
    size, batch = run.image_size, _BATCH.get(kind.name, "B")
    text = f"""# {escaped(run.name)} as {kind.name}

Tells apart {", ".join(map(escaped, run.classes))}.
Takes RGB pictures, ({batch}, {size}, {size}, 3), {kind.takes}, 0 to 255, and gives the
probability of each class, in the order of `labels` in `metadata.json`, which has what programs
need. `labels.txt` has the classes too, one in each line: a backslash and what would break a line
are written as in `\\\\` and `\\n`. `CARD.md` says how good it is and how it was made.

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
    if kind.name.startswith("litert"):
        return text + usage_litert.NOTES
    if kind.name != "savedmodel":
        return text
    url = quote(run.name, errors="surrogateescape")
    return text + _SERVING.format(name=printable(run.quoted), url=url, size=size)
