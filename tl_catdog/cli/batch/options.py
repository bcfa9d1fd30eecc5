"""The options that ``batch predict``, ``features`` and ``check`` share."""

from __future__ import annotations

from typing import Annotated

import typer

ENGINES = "local|dask|ray"
SHARD_SIZE = 1024

SourceName = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Folder or address of pictures, or a file that lists or holds them.",
        show_default=False,
    ),
]
Out = Annotated[
    str,
    typer.Option(
        "--out", metavar="DEST", help="Folder or address for the results.", show_default=False
    ),
]
On = Annotated[
    str, typer.Option("--on", metavar=ENGINES, help="Who works: processes here, or a cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(metavar="A", help="Of the cluster to join; default: one is started here."),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, max=1024, metavar="N", help="Processes; default: one for each core."),
]
ShardSize = Annotated[
    int, typer.Option(min=1, max=100_000, metavar="N", help="Pictures in a part.")
]
CheckedShardSize = Annotated[
    int, typer.Option("--shard-size", min=1, max=10_000, metavar="N", help="Pictures in a part.")
]
