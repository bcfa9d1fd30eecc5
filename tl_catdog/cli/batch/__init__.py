"""``tl-catdog batch …``: very many pictures, here or on a cluster, going on after a stop."""

from __future__ import annotations

import typer

from tl_catdog.cli.batch import check, features, predict
from tl_catdog.cli.failures import Command

app = typer.Typer(
    help="Answers, features and checks of very many pictures, in parts that survive a stop.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

COMMANDS = (
    ("predict", predict.predict, predict.EXAMPLES),
    ("features", features.features, features.EXAMPLES),
    ("check", check.check, check.EXAMPLES),
)
"""The commands in the order of ``--help``, with what it shows below each."""

for _name, _command, _examples in COMMANDS:
    app.command(_name, cls=Command, epilog=_examples)(_command)
