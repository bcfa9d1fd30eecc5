"""``tl-catdog data show``: a contact sheet, plain or as the training sees the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from tl_catdog.cli.output import notices, png_file, print_json, printable, results, writing
from tl_catdog.config import ARCH_DEFAULTS, Arch, choices
from tl_catdog.errors import UsageError

EXAMPLES = (
    "Examples: tl-catdog data show pictures; "
    "tl-catdog data show pictures --augmented --arch baseline; "
    "tl-catdog data show pictures --split validation --count 12 --out some.png"
)
FEW, MANY = 3, 8
"""Pictures of each class: with augmented versions, and without."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(show)


def show(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Folder of pictures.", show_default=False)
    ],
    augmented: Annotated[
        bool, typer.Option("--augmented", help="Show what training makes of the pictures.")
    ] = False,
    arch: Annotated[
        Arch,
        typer.Option(help="Whose augmentation and picture size.", metavar="WORD"),
    ] = "mobilenet",
    augment: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Another recipe: none, light, strong or randaugment.",
            metavar="WORD",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Pictures of each class.", min=1, max=30, show_default=False),
    ] = None,
    split: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only of this split.", metavar="NAME", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which pictures, and how varied.", min=0)] = 0,
    out: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="Where the sheet goes; default: DIR-contact-sheet.png here.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Draw a contact sheet: some pictures of each class, by seed."""
    recipe = _recipe(arch, augment)
    root = Path(folder)
    kind = "augmented" if augmented else "contact-sheet"
    path = png_file(Path(out or f"{root.absolute().name}-{kind}.png"))
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.data.sets import load_set
    from tl_catdog.pages.charts import write_png
    from tl_catdog.pages.contact_sheet import augmented_sheet, contact_sheet

    images = load_set(root)
    shared: dict[str, Any] = {"seed": seed, "split": split}
    if augmented:
        size = ARCH_DEFAULTS[arch]["image_size"]
        sheet = augmented_sheet(
            images, count=count or FEW, recipe=recipe, image_size=size, **shared
        )
    else:
        sheet = contact_sheet(images, count=count or MANY, **shared)
    with writing(path):
        write_png(sheet.figure, path)
    if sheet.skipped:
        notices().print(skipped_table(sheet.skipped, images.root, "all are in --json"))
    if json:
        skipped = [{"path": str(item.path), "reason": item.reason} for item in sheet.skipped]
        print_json({"figure": str(path), "shown": list(sheet.shown), "skipped": skipped})
        return
    results().print(printable(path), markup=False, soft_wrap=True)


def _recipe(arch: Arch, augment: str | None) -> str:
    recipe = str(augment or ARCH_DEFAULTS[arch]["augment"])
    known = choices("augment")
    if recipe not in known:
        raise UsageError(
            f"expected one of {', '.join(known)}, found {recipe!r}.", f"Type: --augment {known[1]}"
        )
    return recipe
