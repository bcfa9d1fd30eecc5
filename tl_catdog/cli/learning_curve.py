"""``tl-catdog learning-curve``: what more pictures would buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import Features, Json, LabelColumn, LabelPattern, Labels, seed_of
from tl_catdog.cli.output import note, notices, print_json, results, writing
from tl_catdog.wording import count, percent

if TYPE_CHECKING:
    from tl_catdog.features.learning_curve import LearningCurve

EXAMPLES = (
    "Examples: tl-catdog learning-curve; tl-catdog learning-curve --data pictures --repeats 10; "
    "tl-catdog learning-curve --data pictures --json"
)


def learning_curve(
    data: Annotated[
        str | None,
        typer.Option(help="Folder of pictures; default: ./data, else drawings."),
    ] = None,
    features: Features = None,
    repeats: Annotated[
        int,
        typer.Option(help="Random parts of each size to train on.", min=1, max=1000, metavar="N"),
    ] = 5,
    seed: Annotated[int, seed_of("Of the split and the parts.", "N")] = 0,
    arch: Annotated[
        str, typer.Option(help="The backbone whose features are learnt from.", metavar="WORD")
    ] = "mobilenet",
    image_size: Annotated[
        int | None,
        typer.Option(
            help="Pictures become squares of this size; default: the backbone's own.",
            min=32,
            max=1024,
            metavar="N",
            show_default=False,
        ),
    ] = None,
    labels: Labels = None,
    label_column: LabelColumn = None,
    label_pattern: LabelPattern = None,
    out: Annotated[str, typer.Option(help="The chart.", metavar="FILE")] = "learning-curve.png",
    json: Json = False,
) -> None:
    """Tell what doubling the pictures would gain, from training on fewer of them.

    From five pictures a class. Where nothing is held out, or fewer than 100
    pictures are, each picture is judged by probes that weren't trained on it.
    """
    from tl_catdog.api import training_images
    from tl_catdog.architectures import require_backbone
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.sources import choose, say_drawn
    from tl_catdog.config import TrainConfig
    from tl_catdog.features import learning_curve as curves
    from tl_catdog.features.extracted_plan import adopting
    from tl_catdog.pages.charts import write_png

    require_backbone(arch)
    config = adopting(
        TrainConfig(
            data=data,
            features=features,
            arch=arch,
            image_size=image_size,
            seed=seed,
            labels=labels,
            label_column=label_column,
            label_pattern=label_pattern,
        )
    )
    root, drawn = Path(), False
    if features is None:
        source = choose(data)
        root, drawn = source.root, source.drawn
    if drawn:
        say_drawn()
    images = training_images(config, root, drawn=drawn)
    with counting(notices(), "looking at pictures") as progress:
        looked = curves.curve_features(config.resolved(), images, progress)
    with counting(notices(), "training on parts") as progress:
        found = curves.learning_curve(
            looked, images.classes, repeats=repeats, seed=seed, progress=progress
        )
    with writing(Path(out)):
        write_png(curves.learning_curve_chart(found), Path(out))
    if json:
        print_json({"data": images.name, "chart": out, **found.to_json()})
        return
    _show(found)
    note(f"The chart is in {out}.", style="dim")


def _show(found: LearningCurve) -> None:
    from tl_catdog.cli.render import cell, table

    rows = table()
    for name in ("training pictures", "probes", "right (95 % interval)"):
        rows.add_column(name, justify="right")
    for point in found.points:
        rows.add_row(count(point.n), str(point.repeats), str(point.accuracy))
    forecast = found.forecast
    pictures = (
        f"{count(forecast.gain.n)} pictures that weren't trained on"
        if found.judged == "held-out"
        else f"all {count(forecast.gain.n)} pictures, each by probes that weren't trained on it"
    )
    change = "remove" if forecast.cut >= 0 else "add"
    legend = (
        f"Doubling should {change} {percent(abs(forecast.cut))} of the errors. Of 100 such "
        "intervals, 95 hold the gain that is measured after doubling. A linear probe on the frozen "
        f"backbone, judged on {pictures}."
    )
    screen = results()
    for view in (rows, cell(f"{found.sentence()}."), cell(legend, "dim")):
        screen.print(view)
