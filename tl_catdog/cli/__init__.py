"""The ``tl-catdog`` command. Nothing here imports TensorFlow before a command needs it."""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from tl_catdog import runtime
from tl_catdog.cli import (
    cache,
    compare,
    data,
    doctor,
    evaluate,
    explain,
    export,
    learning_curve,
    predict,
    report,
    review,
    serve,
    train,
)
from tl_catdog.cli.output import complain
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.version import __version__

DEBUG = "TL_CATDOG_DEBUG"

app = typer.Typer(
    name="tl-catdog",
    help="From folders of pictures to a classifier whose figures can be defended.",
    epilog=(
        "Example: tl-catdog train --arch baseline; "
        "tl-catdog train --arch mobilenet --finetune; tl-catdog compare"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tl-catdog {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """From folders of pictures to a classifier whose figures can be defended."""


COMMANDS = (
    (train.command(), train.EXAMPLES),
    (evaluate.evaluate, evaluate.EXAMPLES),
    (compare.compare, compare.EXAMPLES),
    (predict.predict, predict.EXAMPLES),
    (explain.explain, explain.EXAMPLES),
    (export.export, export.EXAMPLES),
    (serve.serve, serve.EXAMPLES),
    (report.report, report.EXAMPLES),
    (review.review, review.EXAMPLES),
    (learning_curve.learning_curve, learning_curve.EXAMPLES),
    (doctor.doctor, doctor.EXAMPLES),
    (cache.cache, cache.EXAMPLES),
)
"""The commands in the order of ``--help``, with what it shows below each."""

for _command, _examples in COMMANDS:
    app.command(epilog=_examples)(_command)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line: a known error becomes one line and its exit code, no traceback."""
    runtime.ignore_pillow_warnings()
    for stream in (sys.stdout, sys.stderr):
        # A file's name may hold bytes that no encoding shows.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except CatdogError as error:
        complain(error)
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            name = f"{str(error.filename)[:40]}…"
            found = f"expected a name that a file may have, found one that is too long: {name}"
            complain(UsageError(found, "Shorten it."))
            sys.exit(UsageError.exit_code)
        kind = type(error).__name__
        hint = f"This is a fault of tl-catdog; to see where, set {DEBUG}=1 and repeat."
        complain(CatdogError(f"unexpected {kind}: {error}.", hint))
        sys.exit(1)
