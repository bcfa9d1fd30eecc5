"""Measure what is withheld as unlike the known pictures: of other kinds, and of the own ones.

usage: python tools/measure_neither.py SET [SET ...] [--near A,B] [--most 300]
                                       [--arch mobilenet] [--closest 0.42 ...]

Each SET is a folder of pictures with splits. For each, a feature bank is made of its training
pictures and the limit chosen on its validation pictures, as a training does with a frozen
backbone. Where there is no test split, half of the validation pictures stand for it. Then the bank
is shown the own test pictures; all other sets; pictures that are made here; and the own test
pictures as another camera would have taken them. --near names two sets of the same kind, --closest
the distances to try below which all pictures are of a kind.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tl_catdog.data.images import ImageSource, Pixels, decode
from tl_catdog.data.sets import load_set
from tl_catdog.drawings import KINDS, draw
from tl_catdog.errors import ImageError
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.engine import OnnxForward
from tl_catdog.models.forward import PLAIN, forward_files
from tl_catdog.models.graph import extraction_graph
from tl_catdog.models.layout import POOLING
from tl_catdog.models.weights import packaged_weights
from tl_catdog.prediction.novelty import CLOSEST, FeatureBank, limit_of
from tl_catdog.prediction.rejection import FAMILIAR
from tl_catdog.prediction.strangers import stranger_pictures

SIDE = 256
MADE = 60  # pictures of each kind that is made here, with other code than the strangers'


def plain(rng: np.random.Generator) -> Pixels:
    return np.full((SIDE, SIDE, 3), rng.integers(0, 256, 3), np.uint8)


def gradient(rng: np.random.Generator) -> Pixels:
    first, last = rng.integers(0, 256, (2, 3))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    way = x * np.cos(angle) + y * np.sin(angle)
    way = ((way - way.min()) / np.ptp(way))[..., None]
    return (first * (1 - way) + last * way).astype(np.uint8)


def noise(rng: np.random.Generator) -> Pixels:
    side = int(SIDE / 2 ** rng.integers(0, 6))
    pixels = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def page(rng: np.random.Generator) -> Pixels:
    picture = Image.new("RGB", (480, 640), (255, 255, 250))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(float(rng.integers(9, 26)))
    words = ("the", "of", "model", "picture", "class", "value", "layer", "data", "network", "page")
    for top in range(20, 610, int(1.5 * font.size)):
        pen.text((15, top), " ".join(rng.choice(words, 9)), font=font, fill=(10, 10, 20))
    return np.asarray(picture)


def chart(rng: np.random.Generator) -> Pixels:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(4, 3), dpi=80)
    if rng.random() < 0.5:
        axes.plot(np.cumsum(rng.normal(size=(60, 3)), axis=0))
    else:
        axes.bar(range(8), rng.random(8), color=rng.random(3))
    out = io.BytesIO()
    figure.savefig(out)
    pyplot.close(figure)
    return np.asarray(Image.open(out).convert("RGB"))


def drawing(rng: np.random.Generator) -> Pixels:
    return np.asarray(draw(KINDS[int(rng.integers(2))], int(rng.integers(1, 10_000))).image)


def camera(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a picture with another white balance, light, resolution, noise and compression."""
    balance = np.array([rng.uniform(0.88, 1.14), 1, rng.uniform(0.88, 1.14)])
    light = (pixels / 255) ** np.exp(rng.uniform(-0.3, 0.3)) * 255 * balance
    part = rng.uniform(0.55, 0.9)
    size = round(pixels.shape[1] * part), round(pixels.shape[0] * part)
    small = Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).resize(size)
    grain = np.asarray(small) + rng.normal(0, rng.uniform(2, 9), (size[1], size[0], 3))
    out = io.BytesIO()
    picture = Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))
    picture.save(out, "JPEG", quality=int(rng.integers(40, 85)))
    return np.asarray(Image.open(out).convert("RGB"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--near", action="append", default=[], help="two sets, A,B")
    parser.add_argument("--most", type=int, default=300, help="pictures of another set")
    parser.add_argument("--arch", default="mobilenet", help="whose features")
    parser.add_argument("--closest", type=float, nargs="+", default=[CLOSEST])
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    spec = backbone_of(options.arch)
    size = spec.image_size
    graph = extraction_graph(spec, packaged_weights(spec), size, [POOLING])
    forward = OnnxForward(graph)

    def features(sources: Iterable[ImageSource]) -> np.ndarray:
        found = forward_files(forward, ((source, (PLAIN,)) for source in sources), size)
        return np.concatenate([out[0] for _, out in found if not isinstance(out, ImageError)])

    makers = (plain, gradient, noise, page, chart, drawing)
    made = {make.__name__: features(make(rng) for _ in range(MADE)) for make in makers}
    pictures = {path.name: load_set(path) for path in options.sets}
    paths = {name: [item.path for item in found.examples] for name, found in pictures.items()}
    shown = {
        name: features(rng.permutation(np.array(some, object))[: options.most])
        for name, some in paths.items()
    }
    strangers = features(stranger_pictures(size))
    near = {frozenset(pair.split(",")) for pair in options.near}
    for name, found in pictures.items():
        split = {part: [item.path for item in found.split(part)] for part in found.splits}
        if "test" not in split:
            mixed = rng.permutation(np.array(split["validation"], object))
            half = len(mixed) // 2
            split = {**split, "validation": list(mixed[:half]), "test": list(mixed[half:])}
        known, judged = features(split["train"]), features(split["validation"])
        banks = [
            FeatureBank.of(known.__getitem__, len(known), strangers, closest=closest)
            for closest in options.closest
        ]
        limits = [
            limit_of(bank.distances(judged.__getitem__, len(judged), own=False), FAMILIAR)
            for bank in banks
        ]
        test = split["test"][: options.most]
        seen = [camera(decode(path, SIDE), rng) for path in test]
        print(f"{name}: limit {', '.join(f'{limit:.3f}' for limit in limits)}")
        for kind, some in (
            ("own test", features(test)),
            ("own, another camera", features(seen)),
            *((k, v) for k, v in shown.items() if k != name),
            *made.items(),
        ):
            parts = ", ".join(
                f"{float((bank.distance(some) > limit).mean()):.3f}"
                for bank, limit in zip(banks, limits, strict=True)
            )
            mark = " (the same kind)" if frozenset((name, kind)) in near else ""
            print(f"  {kind:<22}{len(some):>5} pictures, withheld {parts}{mark}", flush=True)


if __name__ == "__main__":
    main()
