"""``tl-catdog batch predict``: answers about very many pictures."""

from __future__ import annotations

from pathlib import Path

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
from tl_catdog.cli.options import RUNS_DIR, Json, RunOption, RunsDir
from tl_catdog.cli.runs import chosen_run

EXAMPLES = (
    "Examples: tl-catdog batch predict pictures --out answers; "
    "tl-catdog batch predict s3://bucket/pictures --out s3://bucket/answers --run mobilenet; "
    "tl-catdog batch predict pictures --out answers --on dask --address tcp://10.0.0.1:8786"
)


def predict(
    source: SourceName,
    out: Out,
    run: RunOption = None,
    runs_dir: RunsDir = RUNS_DIR,
    on: On = "local",
    address: Address = None,
    workers: Workers = None,
    shard_size: ShardSize = SHARD_SIZE,
    json: Json = False,
) -> None:
    """Say what is in each of very many pictures: parts of Parquet, and a manifest.

    Answers are those of tl-catdog predict, to the bit. A broken picture is a row
    with an error. After a stop, of whatever kind, the same command goes on.
    """
    carried_out(
        "predict",
        source,
        out,
        run=lambda: chosen_run(run, Path(runs_dir)),
        on=on,
        address=address,
        workers=workers,
        shard_size=shard_size,
        json=json,
    )
