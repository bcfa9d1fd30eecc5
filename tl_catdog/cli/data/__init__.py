"""``tl-catdog data …``: get, check, mend, split, draw and show picture sets."""

from __future__ import annotations

import typer

from tl_catdog.cli.data import check, draw, fix, get, show, split
from tl_catdog.cli.data import list as list_
from tl_catdog.cli.failures import Command

app = typer.Typer(
    help="Get, check, mend, split, draw and show picture sets.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

COMMANDS = (
    ("list", list_.list_sets, list_.EXAMPLES),
    ("get", get.get, get.EXAMPLES),
    ("check", check.check, check.EXAMPLES),
    ("fix", fix.fix, fix.EXAMPLES),
    ("split", split.split, split.EXAMPLES),
    ("show", show.show, show.EXAMPLES),
    ("draw", draw.draw, draw.EXAMPLES),
)
"""The commands in the order of ``--help``, with what it shows below each."""

for _name, _command, _examples in COMMANDS:
    app.command(_name, cls=Command, epilog=_examples)(_command)
