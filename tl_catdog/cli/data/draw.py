"""``tl-catdog data draw``: the drawn cats and dogs as a folder of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import Json, seed_of
from tl_catdog.cli.output import MISPLACED, notices, on_ctrl_c, print_json, say
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.wording import plural

EXAMPLES = (
    "Examples: tl-catdog data draw drawings; "
    "tl-catdog data draw few --train 50 --validation 20 --test 20 --seed 1"
)

MOST = 100_000  # pictures of each class and split: a disk full of them


def draw(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)],
    train: Annotated[
        int, typer.Option(help="Training pictures of each class.", min=1, max=MOST)
    ] = 400,
    validation: Annotated[
        int, typer.Option(help="Validation pictures of each class.", min=1, max=MOST)
    ] = 100,
    test: Annotated[
        int, typer.Option(help="Test pictures of each class; 0 for none.", min=0, max=MOST)
    ] = 100,
    size: Annotated[int, typer.Option(help="Pixels a side.", min=16, max=2048)] = 192,
    seed: Annotated[int, seed_of("Other seeds give other pictures.")] = 0,
    json: Json = False,
) -> None:
    """Draw cats and dogs: a set to try things on, free of anyone's rights.

    The same numbers and seed give the same bytes.
    """
    from tl_catdog.cli.live import counting
    from tl_catdog.drawings import draw_set

    root = Path(folder)
    counts = {"train": train, "validation": validation, **({"test": test} if test else {})}
    try:
        with (
            on_ctrl_c("Interrupted: nothing was written."),
            counting(notices(), "drawing cats and dogs") as progress,
        ):
            draw_set(root, counts=counts, size=size, seed=seed, progress=progress)
    except FileExistsError as error:
        raise UsageError(
            f"expected a new folder, found that {root} holds something else.",
            "Type: tl-catdog data draw OTHER",
        ) from error
    except OSError as error:
        if error.errno not in MISPLACED:
            raise  # the disk is full, or broken
        raise CatdogError(
            f"expected a folder that can be written, found {root.absolute()} ({error.strerror}).",
            "Type: tl-catdog data draw OTHER",
        ) from error
    if json:
        print_json({"root": root, "counts": counts, "size": size, "seed": seed})
        return
    total = 2 * sum(counts.values())
    next_command = f"tl-catdog train --data {shlex.quote(str(root))}"
    say(f"{plural(total, 'drawing')}: {root}", f"Next: {next_command}")
