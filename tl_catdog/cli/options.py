"""Options and arguments that several commands take: each is declared here, once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

RUNS_DIR = "models"

RunsDir = Annotated[str, typer.Option(help="Folder that holds the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
RunName = Annotated[str, typer.Argument(help="Name or folder of a run.", show_default=False)]
RunOption = Annotated[
    str | None, typer.Option(help="Name or folder of a run; default: the newest.")
]
CommonSplit = Annotated[
    str | None,
    typer.Option(help="Which split; default: test if all have it, else validation."),
]
ImageFolder = Annotated[
    str, typer.Argument(metavar="DIR", help="Folder of pictures.", show_default=False)
]

Features = Annotated[
    str | None,
    typer.Option(
        "--features",
        metavar="DEST",
        help="In place of pictures, what batch features wrote: a folder or an address.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="Table of each picture's class; folders: none; default: looks for one.",
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label-column", metavar="NAME", help="The table's column of classes."),
]
LabelPattern = Annotated[
    str | None,
    typer.Option(
        "--label-pattern",
        metavar="TEXT",
        help="Takes classes out of pictures' names, such as '{label}_{number}'.",
    ),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="TEXT",
        help="Keeps groups in one split: subfolder, exif, copies, a column or a pattern for names.",
    ),
]

Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="What clients have to know; 'auto' makes one. TL_CATDOG_TOKEN sets it as well.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", help="A name that it may be called by; several are possible."),
]
RootPath = Annotated[
    str, typer.Option("--root-path", help="Where a proxy has the page, such as /cats.")
]
Proxy = Annotated[
    list[str] | None,
    typer.Option(
        "--proxy",
        help="A proxy whose X-Forwarded-For is believed; several are possible.",
    ),
]
AccessLog = Annotated[
    str | None,
    typer.Option(
        "--access-log",
        help="Where a line of JSON for each request goes; - for standard error.",
    ),
]


def runs_to(use: str) -> Any:
    """Declare the argument for several runs; ``use`` is a verb, such as ``compare``."""
    return typer.Argument(help=f"Runs to {use}; default: all finished ones.", show_default=False)


def seed_of(what: str, metavar: str | None = None) -> Any:
    """Declare ``--seed``; ``what`` says what depends on it."""
    return typer.Option(help=what, min=0, max=2**31 - 1, metavar=metavar)


def fraction_of_class(use: str, least: float) -> Any:
    """Declare the part of each class that goes somewhere, such as ``for validation``."""
    return typer.Option(help=f"Part of each class {use}.", min=least, max=0.9)


def file_option(what: str) -> Any:
    """Declare an option that names a file of this machine; ``what`` is its help."""
    return typer.Option(help=what, metavar="FILE", show_default=False)


def folder_option(what: str) -> Any:
    """Declare an option that names a folder of this machine; ``what`` is its help."""
    return typer.Option(help=what, metavar="DIR", show_default=False)


def kinds_option(what: str) -> Any:
    """Declare an option that takes kinds of findings, separated by commas."""
    return typer.Option(help=what, metavar="KINDS", show_default=False)
