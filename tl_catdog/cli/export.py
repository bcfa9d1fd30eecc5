"""``tl-catdog export``: a run's network for other programs, if it says the same there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, Json, RunsDir, folder_option
from tl_catdog.cli.output import note, notices, on_ctrl_c, print_json, results, say
from tl_catdog.cli.runs import chosen_run
from tl_catdog.errors import CatdogError, listing
from tl_catdog.wording import megabytes, percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tl_catdog.data.examples import ImageSet
    from tl_catdog.export.export import Exported
    from tl_catdog.runs.folder import Run


class FormatName(StrEnum):
    """What ``--format`` takes; the names of ``export.formats.FORMATS``."""

    KERAS = "keras"
    SAVEDMODEL = "savedmodel"
    ONNX = "onnx"
    BYTES = "onnx-uint8"
    TRITON = "triton"
    LITERT = "litert"
    INT8 = "litert-int8"


EXAMPLES = (
    "Examples: tl-catdog export mobilenet --format onnx; "
    "tl-catdog export mobilenet --format savedmodel --format litert-int8 --out phone"
)


def export(
    formats: Annotated[
        list[FormatName],
        typer.Option("--format", help="May be given several times."),
    ],
    run: Annotated[
        str | None,
        typer.Argument(help="Name or folder of a run; default: the newest.", show_default=False),
    ] = None,
    out: Annotated[
        str | None,
        folder_option("Folder that gets a folder for each format; default: exports/RUN."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Pictures to compare and calibrate on; default: those of the run.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Export a network: RGB pictures in, calibrated probabilities out.

    Formats: keras, savedmodel (for TensorFlow Serving), onnx, onnx-uint8 (takes
    bytes), triton (a model repository), litert, and litert-int8 of whole numbers.
    Each is run in its own runtime on real pictures first; where it doesn't say
    what the run says, nothing is written. README.md beside it says how to use it.
    """
    chosen = chosen_run(run, Path(runs_dir))
    target = Path("exports", chosen.name) if out is None else Path(out)
    from tl_catdog.cli.live import counting
    from tl_catdog.export.export import export as write
    from tl_catdog.export.formats import FORMATS
    from tl_catdog.export.parity import parity_reference
    from tl_catdog.export.place import check_free

    wanted = [FORMATS[name] for name in dict.fromkeys(formats)]
    for kind in wanted:
        check_free(target / kind.name, force=force)
    images = _images(chosen, data)
    found: list[Exported] = []
    with on_ctrl_c(
        lambda: f"Interrupted; written: {listing(item.format for item in found if item.path)}."
    ):
        with counting(notices(), "asking the run") as progress:
            reference = parity_reference(chosen, images, progress)
        for kind in wanted:
            with counting(notices(), kind.name) as progress:
                found.append(
                    write(chosen, kind, target, images, reference, force=force, progress=progress)
                )
    if json:
        print_json({"run": chosen.name, "out": target, "exports": found})
    else:
        results().print(exports_view(found))
    for item in found:
        for worst in item.parity.worst:
            note(f"{item.format} differs: {worst}")
    bad = [item.format for item in found if item.path is None]
    if bad:
        raise CatdogError(
            f"expected {' and '.join(bad)} to say what {chosen.name} says, found other answers; "
            "not written.",
            "Try another format, or more and other pictures: --data DIR",
        )
    if not json:
        say(f"In {target}, with how to use each: README.md")


def exports_view(found: list[Exported]) -> RenderableType:
    """Return the table of what was exported."""
    from tl_catdog.cli.render import table

    rows = table()
    rows.add_column("format", no_wrap=True)
    for name in ("MB", "ms", "decisions", "greatest\ndifference", "accuracy"):
        rows.add_column(name, justify="right")
    rows.add_column("runtime")
    for item in found:
        rows.add_row(
            item.format,
            megabytes(item.bytes) if item.path else "not\nwritten",
            f"{item.parity.ms:.1f}",
            percent(item.parity.same),
            f"{item.parity.max_abs_diff:.1g}",
            "–" if item.parity.accuracy is None else str(item.parity.accuracy),
            item.parity.runtime,
        )
    return rows


def _images(run: Run, data: str | None) -> ImageSet:
    """Return the pictures named, the run's own, or drawings where those are gone."""
    from tl_catdog.cli.sources import drawn_set, on_disk
    from tl_catdog.data.labelling import Labelling
    from tl_catdog.data.sets import load_set
    from tl_catdog.runs.contents import own_images
    from tl_catdog.runs.moved import with_own_splits

    own = own_images(run)
    if data is not None:
        found = load_set(on_disk(data), Labelling(known=run.classes))
        return with_own_splits(found, own.examples, run.name)
    if own.examples[0].path.exists():
        return own
    note(
        f"The pictures of {run.name} aren't in {own.root}, so it is compared on "
        "drawings, and what needs pictures calibrated on them; --data DIR names others."
    )
    return load_set(drawn_set(), drawn=True)
