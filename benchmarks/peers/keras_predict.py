"""Peer: what Keras' own documentation does to predict a folder of pictures.

``load_model``, ``image_dataset_from_directory`` in batches of 32, ``model.predict``. Prints the
number of pictures, the seconds of ``predict`` alone (decoding included, since the data set is
lazy), those since the start of the process, and the mean output, to check that the work was done.

usage: keras_predict.py MODEL.keras FOLDER
"""

from __future__ import annotations

import argparse
import time

from common import elapsed, quiet, tell


def main() -> None:
    """Predict, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    options = parser.parse_args()
    quiet()
    import keras

    model = keras.models.load_model(options.model, compile=False)
    size = model.input_shape[1]  # 224, unless the run was trained at another size
    pictures = keras.utils.image_dataset_from_directory(
        options.folder,
        labels=None,
        image_size=(size, size),
        batch_size=32,
        shuffle=False,
        verbose=False,
    )
    began = time.perf_counter()
    outputs = model.predict(pictures, verbose=0)
    seconds = time.perf_counter() - began
    tell(
        {
            "peer": "keras_predict",
            "n": len(outputs),
            "predict_seconds": round(seconds, 3),
            "seconds": elapsed(),
            "mean_output": round(float(outputs[:, -1].mean()), 4),
        }
    )


if __name__ == "__main__":
    main()
