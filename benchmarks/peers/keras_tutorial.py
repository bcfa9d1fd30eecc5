"""Peer: the framework's own transfer-learning tutorial recipe, with MobileNetV2.

160x160 inputs, flip + rotation 0.2, frozen backbone, average pooling, dropout 0.2, one unit (for
more than two classes, a softmax unit for each); Adam 1e-4, 10 epochs; then layers from 100 on
unfrozen, RMSprop 1e-5, 10 more. The backbone's weights come from a file. Seconds are counted from
the start of the process. The test pictures are looked
at when all training is over, so ``seconds`` holds the training alone.

usage: keras_tutorial.py DATA WEIGHTS [--finetune] [--epochs N] [--seed N] [--test DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from common import elapsed, epoch_clock, quiet, tell

SIZE = 160


def main() -> None:
    """Train, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("weights")
    parser.add_argument("--finetune", action="store_true")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test")
    options = parser.parse_args()
    quiet()
    import keras
    from keras import layers

    keras.utils.set_random_seed(options.seed)
    classes = sum(1 for entry in Path(options.data, "train").iterdir() if entry.is_dir())
    two = classes == 2

    def load(folder: str, shuffle: bool) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder,
            label_mode="binary" if two else "int",
            image_size=(SIZE, SIZE),
            batch_size=32,
            shuffle=shuffle,
            seed=options.seed,
            verbose=False,
        ).prefetch(2)

    training = load(f"{options.data}/train", True)
    validation = load(f"{options.data}/validation", False)
    base = keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), include_top=False, weights=None
    )
    base.load_weights(options.weights)
    base.trainable = False
    x = inputs = layers.Input((SIZE, SIZE, 3))
    x = layers.RandomFlip("horizontal")(x)
    x = layers.RandomRotation(0.2)(x)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = base(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    outputs = layers.Dense(*((1, "sigmoid") if two else (classes, "softmax")))(x)
    net = keras.Model(inputs, outputs)
    clock = epoch_clock()

    def fit(optimizer: Any, first: int, last: int) -> float:
        loss = "binary_crossentropy" if two else "sparse_categorical_crossentropy"
        net.compile(optimizer, loss, metrics=["accuracy"])
        history = net.fit(
            training,
            validation_data=validation,
            epochs=last,
            initial_epoch=first,
            verbose=0,
            callbacks=[clock],
        ).history
        return float(history["val_accuracy"][-1])

    epochs = options.epochs
    figures: dict[str, Any] = {"peer": "keras_tutorial"}
    figures["frozen"] = fit(keras.optimizers.Adam(1e-4), 0, epochs)
    figures["frozen_seconds"] = figures["seconds"] = elapsed()
    frozen_weights = net.get_weights()
    if options.finetune:
        base.trainable = True
        for layer in base.layers[:100]:
            layer.trainable = False
        figures["finetuned"] = fit(keras.optimizers.RMSprop(1e-5), epochs, 2 * epochs)
        figures["seconds"] = elapsed()
    figures["clock"] = clock.rows
    if options.test:
        test = load(options.test, False)
        if options.finetune:
            figures["test_finetuned"] = net.evaluate(test, verbose=0)[1]
            net.set_weights(frozen_weights)
        figures["test_frozen"] = net.evaluate(test, verbose=0)[1]
    tell(figures)


if __name__ == "__main__":
    main()
