"""The ``tl-catdog`` command. Nothing here imports TensorFlow before a command needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, cast

import typer

from tl_catdog import runtime
from tl_catdog.cli import (
    batch,
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
    streams,
    teach,
    train,
    tune,
)
from tl_catdog.cli.failures import DEBUG, Command, explained
from tl_catdog.cli.output import complain, warnings_as_notes
from tl_catdog.errors import CatdogError, UsageError
from tl_catdog.version import __version__

NAME = "tl-catdog"

app = typer.Typer(
    name=NAME,
    help="From folders of pictures to a classifier whose figures can be defended.",
    epilog=(
        "Examples: tl-catdog train --arch baseline; tl-catdog train --arch mobilenet --finetune; "
        "tl-catdog compare; tl-catdog teach --open"
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
    runtime.prepare_libraries()


COMMANDS = (
    (train.command(), train.EXAMPLES),
    (evaluate.evaluate, evaluate.EXAMPLES),
    (compare.compare, compare.EXAMPLES),
    (teach.teach, teach.EXAMPLES),
    (predict.predict, predict.EXAMPLES),
    (explain.explain, explain.EXAMPLES),
    (export.export, export.EXAMPLES),
    (serve.serve, serve.EXAMPLES),
    (report.report, report.EXAMPLES),
    (review.review, review.EXAMPLES),
    (learning_curve.learning_curve, learning_curve.EXAMPLES),
    (tune.tune, tune.EXAMPLES),
    (doctor.doctor, doctor.EXAMPLES),
    (cache.cache, cache.EXAMPLES),
)
"""The commands in the order of ``--help``, with what it shows below each."""

for _command, _examples in COMMANDS:
    app.command(cls=Command, epilog=_examples)(_command)
app.add_typer(data.app, name="data")
app.add_typer(batch.app, name="batch")


def main() -> None:
    """Run the command line: a known error becomes one line and its exit code, no traceback."""
    streams.guard()
    runtime.ignore_pillow_warnings()
    with warnings_as_notes():
        code = _run(lambda: app(prog_name=NAME, standalone_mode=False) or 0)
    code = _run(streams.close) or code
    sys.exit(code)


def _run(work: Callable[[], int | None]) -> int:
    """Do a part of the program's work; return its exit code, and say why if it fails."""
    try:
        return work() or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except CatdogError as error:
        return _fail(error)
    except WrongUse as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # words that need others after them
            error.show()
            return int(error.exit_code)
        return _fail(_wrong_use(error))
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        known = explained(error)
        if known is not None:
            return _fail(known)
        cause = error.__cause__ if isinstance(error, typer.Abort) else error
        hint = f"This is a fault of tl-catdog; to see where, set {DEBUG}=1 and repeat."
        return _fail(CatdogError(f"unexpected {type(cause).__name__}: {cause}.", hint))


def _fail(error: CatdogError) -> int:
    if not (isinstance(error, streams.OutputError) and error.cut):
        complain(error)  # whoever closes a pipe, as head does, has seen enough
    return error.exit_code


WrongUse: type[Any] = cast("type[Any]", typer.BadParameter.__base__)
"""What Typer raises for options and values that a command doesn't have or take."""


def _wrong_use(error: Any) -> CatdogError:
    """Return Typer's error in one line."""
    words = error.ctx.command_path if error.ctx is not None else NAME
    found = error.format_message().strip().rstrip(".")
    found += "" if found.endswith("?") else "."  # as "Did you mean 'train'?" does
    return UsageError(f"expected what {words} takes, found: {found}", f"Type: {words} --help")
