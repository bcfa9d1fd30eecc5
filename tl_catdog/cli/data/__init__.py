"""``tl-catdog data …``: get, check, mend, split, draw and show picture sets."""

from __future__ import annotations

from types import ModuleType

import typer

from tl_catdog.cli.data import check, draw, fix, get, show, split
from tl_catdog.cli.data import list as list_sets

data = typer.Typer(
    help="Get, check, mend, split, draw and show picture sets.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def register(app: typer.Typer) -> None:
    """Add the command with its own commands."""
    app.add_typer(data, name="data")
    modules: tuple[ModuleType, ...] = (list_sets, get, check, fix, split, show, draw)
    for module in modules:
        module.register(data)
