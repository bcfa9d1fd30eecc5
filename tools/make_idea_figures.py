"""Draw the figures of docs/ideas.md from drawn pictures.

usage: python tools/make_idea_figures.py [--work FOLDER]

Draws two sets of cats and dogs (the default one with seed 0; 60 + 60 for training, 100 + 100 for
validation with seed 1), trains on them with seed 0, and writes docs/figures/ideas-*.png. What
FOLDER already holds of that is used: the default baseline takes some minutes.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tl_catdog import api
from tl_catdog.data.images import decode
from tl_catdog.data.sets import load_training_set
from tl_catdog.drawings import DEFAULT_COUNTS, draw_set
from tl_catdog.explain.activations import dimensions
from tl_catdog.explain.figure import HEAT, SIGNED, mosaic
from tl_catdog.pages.charts import BLUE, GREY, ORANGE, new_axes, new_figure, write_png
from tl_catdog.runs.contents import read_metrics
from tl_catdog.statistics import wilson_interval

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
DPI = 90
PICTURE = Path("test", "cats", "0004.jpg")
FEW = {"train": 60, "validation": 100}
PLAIN = {
    "augment": "none",
    "dropout": 0.0,
    "weight_decay": 0.0,
    "label_smoothing": 0.0,
    "weight_average": 0.0,
}


def classifier(work: Path, data: Path, name: str, **settings: Any) -> api.Classifier:
    runs_dir = work / "models"
    if (runs_dir / name).is_dir():
        return api.load(name, runs_dir=runs_dir)
    return api.train(data, run=name, runs_dir=str(runs_dir), **settings)


def bare(figure: Any, place: Any, title: str) -> Any:
    axes = figure.add_subplot(place)
    axes.axis("off")
    axes.set_title(title, loc="left", fontsize=9)
    return axes


def layers(baseline: api.Classifier, picture: Path) -> Any:
    """Draw what the first block's three layers leave of a picture."""
    found = baseline.explain(picture)
    activations = found.activations
    figure = new_figure(7.5, 5.2)
    grid = figure.add_gridspec(3, 2, width_ratios=(1, 4.2))
    bare(figure, grid[0, 0], "the picture").imshow(found.pixels)
    filters = bare(figure, grid[1:, 0], "8 of its filters, 3×3")
    chosen = list(activations.steps[0].channels)
    filters.imshow(mosaic(activations.filters[chosen], columns=2), interpolation="nearest")
    for row, step in enumerate(activations.blocks[0].steps):
        greatest = np.abs(step.maps).max(axis=(1, 2), keepdims=True)
        title = f"{step.does}, {dimensions(step.shape)}: 8 maps (red +, white 0, blue −)"
        bare(figure, grid[row, 1], title).imshow(
            mosaic(step.maps / np.maximum(greatest, 1e-12), columns=8),
            cmap=SIGNED,
            vmin=-1,
            vmax=1,
            interpolation="nearest",
        )
    return figure


def overfitting(plain: api.Classifier, varied: api.Classifier) -> Any:
    """Draw both trainings' accuracy, epoch by epoch."""
    figure = new_figure(7.5, 2.8)
    for number, (title, told) in enumerate(
        (("nothing against it", plain), ("the baseline's recipe", varied)), start=1
    ):
        rows = read_metrics(told.run)
        axes = new_axes(figure, title, "epoch", place=(1, 2, number))
        epochs = range(1, len(rows) + 1)
        axes.plot(epochs, [row["accuracy"] for row in rows], color=GREY, label="training")
        axes.plot(epochs, [row["val_accuracy"] for row in rows], color=BLUE, label="validation")
        axes.set_ylim(0.4, 1.02)
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.legend(frameon=False, loc="lower right" if number == 1 else "lower center")
    return figure


def looking(told: tuple[api.Classifier, ...], picture: Path) -> Any:
    """Draw where each network looks, over the picture."""
    figure = new_figure(7.5, 2.9)
    grid = figure.add_gridspec(1, 1 + len(told))
    bare(figure, grid[0], "the picture").imshow(decode(picture, 512))
    for column, one in enumerate(told, start=1):
        found = one.explain(picture)
        chance = 100 * found.probabilities[found.label]
        axes = bare(figure, grid[column], f"{one.name}: {found.label}, {chance:.1f} %")
        extent = (0, 1, 1, 0)
        axes.imshow(found.sharp, extent=extent)
        axes.imshow(
            found.heatmap,
            cmap=HEAT,
            extent=extent,
            alpha=0.7 * found.heatmap,
            interpolation="bilinear",
            vmin=0,
        )
    return figure


def intervals() -> Any:
    """Draw the interval of 90 % right against the number of pictures."""
    sizes = np.unique(np.geomspace(1, 500, 60).astype(int)) * 10  # 90 % of each is whole
    found = [wilson_interval(int(0.9 * n), int(n)) for n in sizes]
    figure = new_figure(5.0, 2.8)
    axes = new_axes(figure, "90 % right: what it may be in truth", "pictures")
    axes.fill_between(sizes, [x.low for x in found], [x.high for x in found], color=BLUE, alpha=0.3)
    axes.axhline(0.9, color=ORANGE, linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:.0%}")
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path)
    with tempfile.TemporaryDirectory() as folder:
        work = parser.parse_args().work or Path(folder)
        draw(work)


def draw(work: Path) -> None:
    data, few = work / "drawings", work / "few-drawings"
    draw_set(data, counts=DEFAULT_COUNTS)
    draw_set(few, counts=FEW, seed=1)
    from tl_catdog.pages.contact_sheet import augmented_sheet

    baseline = classifier(work, data, "baseline", arch="baseline")
    mobilenet = classifier(work, data, "mobilenet", arch="mobilenet", finetune=True)
    long = {"arch": "baseline", "epochs": 300}
    plain = classifier(work, few, "plain", **long, **PLAIN)
    varied = classifier(work, few, "varied", **long)
    sheet = augmented_sheet(
        load_training_set(data, drawn=True),
        count=1,
        seed=0,
        split="train",
        recipe="strong",
        image_size=128,
        versions=4,
    )
    picture = data / PICTURE
    for name, figure in {
        "layers": layers(baseline, picture),
        "augmentation": sheet.figure,
        "overfitting": overfitting(plain, varied),
        "looking": looking((baseline, mobilenet), picture),
        "intervals": intervals(),
    }.items():
        write_png(figure, FIGURES / f"ideas-{name}.png", dpi=DPI)
    for one in (plain, varied):
        last = read_metrics(one.run)[-1]
        print(f"{one.name}: training {last['accuracy']:.3f}, validation {last['val_accuracy']:.3f}")


if __name__ == "__main__":
    main()
