"""Peer: the seed notebook's small conv net, its recipe re-written for today's Keras.

150x150 inputs in [0, 1], conv 32-32-64 (3x3, valid), each with ReLU and 2x2 max-pooling, flatten,
dense 64, dropout 0.5, one sigmoid unit; binary cross-entropy, RMSprop, 30 epochs of 2048 pictures.
Seconds are counted from the start of the process.

usage: seed_notebook.py DATA [--augment] [--epochs N] [--seed N] [--test DIR]
"""

from __future__ import annotations

import argparse
from typing import Any

from common import elapsed, epoch_clock, quiet, tell

SIZE = 150


def main() -> None:
    """Train, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--augment", action="store_true")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test")
    options = parser.parse_args()
    quiet()
    import keras
    from keras import layers

    keras.utils.set_random_seed(options.seed)

    def load(folder: str, shuffle: bool) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder,
            label_mode="binary",
            image_size=(SIZE, SIZE),
            batch_size=32,
            shuffle=shuffle,
            seed=options.seed,
            verbose=False,
        )

    training = load(f"{options.data}/train", True)
    validation = load(f"{options.data}/validation", False)
    net = keras.Sequential([layers.Input((SIZE, SIZE, 3))])
    if options.augment:
        net.add(layers.RandomFlip("horizontal"))
        net.add(layers.RandomZoom(0.2))
        net.add(layers.RandomShear(0.2, 0.2))
    net.add(layers.Rescaling(1 / 255))
    for filters in (32, 32, 64):
        net.add(layers.Conv2D(filters, 3, activation="relu"))
        net.add(layers.MaxPooling2D())
    net.add(layers.Flatten())
    net.add(layers.Dense(64, activation="relu"))
    net.add(layers.Dropout(0.5))
    net.add(layers.Dense(1, activation="sigmoid"))
    net.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    clock = epoch_clock()
    history = net.fit(
        training,
        validation_data=validation,
        epochs=options.epochs,
        verbose=0,
        callbacks=[clock],
    ).history
    figures: dict[str, Any] = {
        "peer": "seed_notebook" + ("+augment" if options.augment else ""),
        "final": history["val_accuracy"][-1],
        "best": max(history["val_accuracy"]),
        "seconds": elapsed(),
        "clock": clock.rows,
    }
    if options.test:
        figures["test"] = net.evaluate(load(options.test, False), verbose=0)[1]
    tell(figures)


if __name__ == "__main__":
    main()
