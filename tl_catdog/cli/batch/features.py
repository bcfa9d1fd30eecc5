"""``tl-catdog batch features``: what a frozen backbone computes of very many pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from tl_catdog.cli.batch.options import (
    SHARD_SIZE,
    Address,
    On,
    Out,
    ShardSize,
    SourceName,
    Workers,
)
from tl_catdog.cli.batch.view import carried_out
from tl_catdog.cli.options import Json

EXAMPLES = (
    "Examples: tl-catdog batch features pictures --out features; "
    "tl-catdog train --features features; "
    "tl-catdog batch features s3://bucket/pictures --out s3://bucket/features --on ray"
)


def features(
    source: SourceName,
    out: Out,
    arch: Annotated[str, typer.Option(help="Architecture whose backbone it is.")] = "mobilenet",
    image_size: Annotated[
        int | None,
        typer.Option(min=32, max=1024, metavar="N", help="Pictures become squares of this size."),
    ] = None,
    backbone_weights: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its weights, as train takes them.")
    ] = None,
    compute: Annotated[
        str, typer.Option(metavar="auto|int8|float32", help="In which precision.")
    ] = "auto",
    mirror: Annotated[
        str,
        typer.Option(
            metavar="auto|yes|no", help="Mirror images too; auto: of up to 2,000 pictures."
        ),
    ] = "auto",
    on: On = "local",
    address: Address = None,
    workers: Workers = None,
    shard_size: ShardSize = SHARD_SIZE,
    json: Json = False,
) -> None:
    """Compute the features of very many pictures: parts of Parquet, and a manifest.

    They are those that a training computes, to the bit; train --features takes them.
    After a stop, of whatever kind, the same command goes on.
    """
    from tl_catdog.cluster.planning import FeatureSettings

    carried_out(
        "features",
        source,
        out,
        features=FeatureSettings(arch, image_size, backbone_weights, compute, mirror),
        on=on,
        address=address,
        workers=workers,
        shard_size=shard_size,
        json=json,
    )
