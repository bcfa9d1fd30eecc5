"""What the README of a LiteRT export says besides what all of them say."""

LINES = """from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("{model}")
interpreter.allocate_tensors()
taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
interpreter.set_tensor(taken["index"], pictures.astype(np.{dtype}))
interpreter.invoke()
probabilities = interpreter.get_tensor(given["index"])[0]"""
"""How it is loaded and asked in Python; `{{` stands for `{`."""

_MEDIAPIPE = """## In MediaPipe Tasks: Python, browsers, Android, iOS

The file has MediaPipe's metadata, so its ImageClassifier takes it as it is and names the classes.
In Python, with `pip install mediapipe`:

```py
import mediapipe as mp
from prepare import prepare

options = mp.tasks.vision.ImageClassifierOptions(
    base_options=mp.tasks.BaseOptions(model_asset_path="model.tflite")
)
with mp.tasks.vision.ImageClassifier.create_from_options(options) as classifier:
    picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=prepare("photo.jpg"))
    best = classifier.classify(picture).classifications[0].categories[0]
print(best.category_name, best.score)
```

In a browser, with `npm install @mediapipe/tasks-vision` (an image, a canvas or a video's frame):

```js
import { FilesetResolver, ImageClassifier } from "@mediapipe/tasks-vision";

const files = await FilesetResolver.forVisionTasks("node_modules/@mediapipe/tasks-vision/wasm");
const classifier = await ImageClassifier.createFromOptions(files, {
  baseOptions: { modelAssetPath: "model.tflite" },
});
const [best] = classifier.classify(document.querySelector("img")).classifications[0].categories;
console.log(best.categoryName, best.score);
```

What MediaPipe is given in another size it resizes plainly, which costs what is said above; it
turns nothing upright. So give it pictures of {size} × {size} where you can."""

_OPENCV = """## In OpenCV

With `pip install opencv-python-headless`, 4.12 or later; `blobFromImage` lays a picture out as
OpenCV takes it, NCHW, and an array in NHWC is refused:

```py
import cv2
from prepare import prepare

net = cv2.dnn.readNetFromTFLite("model.tflite")
net.setInput(cv2.dnn.blobFromImage(prepare("photo.jpg")))
probabilities = net.forward()[0]
print(probabilities.argmax(), probabilities.max())
```

`prepare` gives red first. A picture of `cv2.imread` has blue first: `swapRB=True`."""

_NO_OPENCV = """## Not in OpenCV

Its reader makes other numbers of whole ones, so it is made to refuse this file. It takes the one of
`--format litert`."""


def notes(name: str, size: int) -> str:
    """Return what follows the lines of Python, in Markdown.

    Args:
        name: The format's.
        size: Height and width in pixels of the pictures that it takes.
    """
    opencv = _OPENCV if name == "litert" else _NO_OPENCV
    return f"{_MEDIAPIPE.replace('{size}', str(size))}\n\n{opencv}"
