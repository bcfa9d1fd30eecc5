"""``tl-catdog data show``: a contact sheet, plain or as the training sees the pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tl_catdog.architectures import check_arch
from tl_catdog.cli.options import ImageFolder, Json, file_option, seed_of
from tl_catdog.cli.output import notices, png_file, print_json, say, writing
from tl_catdog.config import choices
from tl_catdog.defaults import arch_defaults
from tl_catdog.errors import UsageError

EXAMPLES = (
    "Examples: tl-catdog data show pictures; "
    "tl-catdog data show pictures --augmented --arch baseline; "
    "tl-catdog data show pictures --split validation --count 12 --out some.png"
)
FEW, MANY = 3, 8
"""Pictures of each class: with augmented versions, and without."""


def show(
    folder: ImageFolder,
    augmented: Annotated[
        bool, typer.Option("--augmented", help="Show what training makes of the pictures.")
    ] = False,
    arch: Annotated[
        str,
        typer.Option(help="Whose augmentation and picture size.", metavar="WORD"),
    ] = "mobilenet",
    augment: Annotated[
        str | None,
        typer.Option(
            help="Another recipe: none, light, strong or randaugment.",
            metavar="WORD",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(help="Pictures of each class.", min=1, max=30, show_default=False),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Only of this split.", metavar="NAME", show_default=False)
    ] = None,
    seed: Annotated[int, seed_of("Which pictures, and how varied.")] = 0,
    out: Annotated[
        str | None, file_option("Where the sheet goes; default: DIR-contact-sheet.png here.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw a contact sheet: some pictures of each class, by seed."""
    from tl_catdog.cli.sources import on_disk

    check_arch(arch)
    recipe = _recipe(arch, augment)
    root = on_disk(folder)
    kind = "augmented" if augmented else "contact-sheet"
    path = png_file(Path(out or f"{root.absolute().name}-{kind}.png"))
    from tl_catdog.cli.render import skipped_table
    from tl_catdog.data.sets import load_set
    from tl_catdog.pages.charts import write_png
    from tl_catdog.pages.contact_sheet import augmented_sheet, contact_sheet, count_for

    images = load_set(root)
    classes = len(images.classes)
    shared: dict[str, Any] = {"seed": seed, "split": split}
    if augmented:
        size = arch_defaults(arch)["image_size"]
        sheet = augmented_sheet(
            images,
            count=count or count_for(8 * classes, FEW),
            recipe=recipe,
            image_size=size,
            **shared,
        )
    else:
        sheet = contact_sheet(images, count=count or count_for(classes, MANY), **shared)
    with writing(path):
        write_png(sheet.figure, path)
    if sheet.skipped:
        notices().print(skipped_table(sheet.skipped, images.root, "all are in --json"))
    if json:
        skipped = [{"path": str(item.path), "reason": item.reason} for item in sheet.skipped]
        print_json({"figure": path, "shown": sheet.shown, "skipped": skipped})
        return
    say(path)


def _recipe(arch: str, augment: str | None) -> str:
    recipe = str(augment or arch_defaults(arch)["augment"])
    known = choices("augment")
    if recipe not in known:
        raise UsageError(
            f"expected one of {', '.join(known)}, found {recipe!r}.", f"Type: --augment {known[1]}"
        )
    return recipe
