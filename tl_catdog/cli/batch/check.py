"""``tl-catdog batch check``: what is wrong with very many pictures."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.batch.options import (
    SHARD_SIZE,
    Address,
    CheckedShardSize,
    On,
    Out,
    SourceName,
    Workers,
)
from tl_catdog.cli.batch.view import carried_out
from tl_catdog.cli.data.check import FIX_STORE, audit_view, kinds_of
from tl_catdog.cli.options import Json, kinds_option
from tl_catdog.cli.output import notices, on_ctrl_c, print_json, results, say
from tl_catdog.data.tree import is_folder

EXAMPLES = (
    "Examples: tl-catdog batch check pictures --out checked; "
    "tl-catdog batch check s3://bucket/pictures --out checked --fail-on leak,corrupt"
)


def check(
    source: SourceName,
    out: Out,
    fail_on: Annotated[
        str | None,
        kinds_option("Kinds to end with exit code 1 for; see data check."),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(
            metavar="DEST",
            help="What batch features wrote of the same pictures: finds those unlike all others.",
            show_default=False,
        ),
    ] = None,
    on: On = "local",
    address: Address = None,
    workers: Workers = None,
    shard_size: CheckedShardSize = SHARD_SIZE,
    json: Json = False,
) -> None:
    """Find broken, doubled and leaked pictures among very many.

    It finds what data check --no-outliers finds (with --features what data check
    finds) and writes it to check.json beside the parts, for people as check.html
    too. After a stop, of whatever kind, the same command goes on.
    """
    from tl_catdog.audit.findings import KINDS, SERIOUS

    failing = kinds_of(fail_on, tuple(KINDS), SERIOUS, "--fail-on")
    if features is not None:  # said before a million pictures are looked at
        from tl_catdog.features.extracted_plan import open_extracted

        open_extracted(features)
    done = carried_out(
        "check",
        source,
        out,
        on=on,
        address=address,
        workers=workers,
        shard_size=shard_size,
        json=json,
        quiet=True,
    )
    from tl_catdog.cli.live import counting
    from tl_catdog.cluster.checking import checked, write_page
    from tl_catdog.shards.plan import CHECK, PAGE

    stopped = "Interrupted; all parts are done. To compare them, type the same command."
    with on_ctrl_c(stopped):
        audit = checked(done.dest, partial(counting, notices()), features)
        if audit.findings and not json:
            write_page(done.dest, audit, _fix(audit.root))
    failed = sorted(set(audit.tally()) & set(failing))
    if json:
        print_json({**done.to_json(), "check": audit, "failed_on": failed})
    else:
        results().print(audit_view(audit, set(SERIOUS)))
        page = PAGE if audit.findings else CHECK
        say(f"All of it: {done.dest}/{page}")
    if failed:
        raise typer.Exit(1)


def _fix(source: str) -> str:
    """Return what to type to put right what was found; nothing where the source is no folder."""
    from tl_catdog.storage.places import is_store

    if is_store(source):
        return FIX_STORE
    return f"tl-catdog data fix {shlex.quote(source)}" if is_folder(Path(source)) else ""
