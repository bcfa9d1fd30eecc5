"""``tl-catdog data draw``: the drawn cats and dogs as a folder of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.output import note, notices, print_json, printable, results
from tl_catdog.errors import CatdogError, UsageError

EXAMPLES = (
    "Examples: tl-catdog data draw drawings; "
    "tl-catdog data draw few --train 50 --validation 20 --test 20 --seed 1"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXAMPLES)(draw)


def draw(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder.", show_default=False)],
    train: Annotated[int, typer.Option(help="Training pictures of each class.", min=1)] = 400,
    validation: Annotated[
        int, typer.Option(help="Validation pictures of each class.", min=1)
    ] = 100,
    test: Annotated[
        int, typer.Option(help="Test pictures of each class; 0 for none.", min=0)
    ] = 100,
    size: Annotated[int, typer.Option(help="Pixels a side.", min=16, max=2048)] = 192,
    seed: Annotated[int, typer.Option(help="Other seeds give other pictures.", min=0)] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Draw cats and dogs: a set to try things on, free of anyone's rights.

    The same numbers and seed give the same bytes.
    """
    from tl_catdog.cli.live import counting
    from tl_catdog.drawings import draw_set

    root = Path(folder)
    counts = {"train": train, "validation": validation, **({"test": test} if test else {})}
    try:
        with counting(notices(), "drawing cats and dogs") as progress:
            draw_set(root, counts=counts, size=size, seed=seed, progress=progress)
    except KeyboardInterrupt:
        note("Interrupted: nothing was written.")
        raise typer.Exit(130) from None
    except FileExistsError as error:
        raise UsageError(
            f"expected a new folder, found that {root} holds something else.",
            "Type: tl-catdog data draw OTHER",
        ) from error
    except OSError as error:
        raise CatdogError(
            f"expected a folder that can be written, found {root} ({error.strerror}).",
            "Type: tl-catdog data draw OTHER",
        ) from error
    if json:
        print_json({"root": str(root), "counts": counts, "size": size, "seed": seed})
        return
    total = 2 * sum(counts.values())
    results().print(printable(f"{total:,} drawings: {root}"), markup=False, soft_wrap=True)
    words = shlex.quote(str(root))
    results().print(f"Next: tl-catdog train --data {words}", markup=False, soft_wrap=True)
