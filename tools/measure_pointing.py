"""Measure how often Grad-CAM's peak falls on the animal, and what other ways and shuffling score.

usage: python tools/measure_pointing.py [--run RUN_FOLDER ...] [--count 300] [--shuffles 5]

Without --run it trains both architectures on the drawn set first (seed 0, default settings). Plays
the pointing game (tools/pointing.py) on drawings that no set holds, with plain
Grad-CAM, with HiResCAM, which tl_catdog uses, and with Grad-CAM++ (Chattopadhyay et al. 2018,
https://arxiv.org/abs/1710.11063). Then covers the peak, and the picture's middle, with a square of
a quarter of the side, and prints what that takes from the answer's logit, mean ± standard error.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.prediction.networks import load_keras
from tl_catdog.runs.folder import Run, read_run
from tl_catdog.runs.writer import RunWriter


def trained(arch: str, root: Path) -> Run:
    from tl_catdog.data.sets import load_training_set
    from tl_catdog.drawings import draw_set
    from tl_catdog.training.trainer import train

    data = root / "drawn"
    draw_set(data)
    config = TrainConfig(arch=arch, data=str(data), runs_dir=str(root))
    with RunWriter(root, arch) as writer:
        return train(config, load_training_set(data, drawn=True), writer).run


def gradcam(maps: object, gradients: object) -> object:
    import tensorflow as tf

    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return tf.reduce_sum(weights * maps, axis=-1)


def gradcam_plus_plus(maps: object, gradients: object) -> object:
    import tensorflow as tf

    # The score is taken as the exponential's argument, so that powers of the first gradient stand
    # for the higher ones (the paper's equation 19).
    squares, cubes = gradients**2, gradients**3
    sums = tf.reduce_sum(maps, axis=(1, 2), keepdims=True)
    alphas = tf.math.divide_no_nan(squares, 2 * squares + sums * cubes)
    weights = tf.reduce_sum(alphas * tf.nn.relu(gradients), axis=(1, 2), keepdims=True)
    return tf.reduce_sum(weights * maps, axis=-1)


def loss_by_covering(model: object, pixels: np.ndarray, spots: list) -> str:
    """Return what covering each picture's spot takes from its answer's logit."""
    from tl_catdog.explain.occlusion import covered

    def logits(pictures: np.ndarray) -> np.ndarray:
        p = model.predict(pictures.astype(np.float32), verbose=0)[:, 0].astype(np.float64)
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return np.log(p / (1 - p))

    kept = [(picture, spot) for picture, spot in zip(pixels, spots, strict=True) if spot]
    before = logits(np.stack([picture for picture, _ in kept]))
    after = logits(np.stack([covered(picture, spot) for picture, spot in kept]))
    lost = np.sign(before) * (before - after)
    return f"{lost.mean():.2f} ± {lost.std(ddof=1) / len(lost) ** 0.5:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, action="append", default=[])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--shuffles", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        runs = [read_run(folder) for folder in arguments.run] or [
            trained(arch, Path(scratch)) for arch in ("baseline", "mobilenet")
        ]
        models = {run.name: load_keras(run) for run in runs}
    runtime.start()
    from tools.keras_gradcam import KerasGradCam, hirescam
    from tools.pointing import MIDDLE, decoded, drawings, peaks_of, pointing_game

    ways = {
        "Grad-CAM": gradcam,
        "HiResCAM": hirescam,
        "Grad-CAM++": gradcam_plus_plus,
    }
    pictures = drawings(arguments.count)
    print(f"{len(pictures)} drawings, {arguments.shuffles} shuffles; rates in %")
    print(f"{'run':<16}{'way':<12}{'target':<8}{'peak (95 %)':>20}{'random':>8}{'middle':>8}"
          f"{'shuffled':>14}{'p middle':>10}{'p shuffled':>11}")  # fmt: skip
    for name, model in models.items():
        pixels = decoded(pictures, model.input_shape[1])
        middles = loss_by_covering(model, pixels, [MIDDLE] * len(pictures))
        print(f"{name}: covering the middle takes {middles} from the logit")
        for way, combine in ways.items():
            scores = pointing_game(model, pictures, shuffles=arguments.shuffles, combine=combine)
            lost = loss_by_covering(model, pixels, peaks_of(KerasGradCam(model, combine), pixels))
            print(f"{name}, {way}: covering the peak takes {lost} from the logit")
            for target, score in scores.items():
                low, high = score.interval.low, score.interval.high
                rate = f"{100 * score.rate:.1f} ({100 * low:.1f}–{100 * high:.1f})"
                shuffled = score.shuffled_rates
                between = f"{100 * shuffled[0]:.1f}–{100 * shuffled[-1]:.1f}"
                print(
                    f"{name:<16}{way:<12}{target:<8}{rate:>20}{100 * score.chance:>8.1f}"
                    f"{100 * score.middle.mean():>8.1f}{between:>14}"
                    f"{score.p_middle:>10.1g}{score.p_shuffled:>11.1g}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
