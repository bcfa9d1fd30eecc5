"""``tl-catdog batch check``: what is wrong with very many pictures."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from tl_catdog.cli.data.check import audit_view, kinds_of
from tl_catdog.cli.options import Json, kinds_option
from tl_catdog.cli.output import notices, on_ctrl_c, print_json, results, say
from tl_catdog.data.tree import is_folder

if TYPE_CHECKING:
    from tl_catdog.audit.findings import Audit
    from tl_catdog.storage.places import Place

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
    on: On = "local",
    address: Address = None,
    workers: Workers = None,
    shard_size: ShardSize = SHARD_SIZE,
    json: Json = False,
) -> None:
    """Find broken, doubled and leaked pictures among very many.

    It finds what data check --no-outliers finds, and writes it to check.json beside
    the parts. After a stop, of whatever kind, the same command goes on.
    """
    from tl_catdog.audit.findings import KINDS, SERIOUS

    failing = kinds_of(fail_on, tuple(KINDS), SERIOUS, "--fail-on")
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
    from tl_catdog.cluster.checking import checked
    from tl_catdog.shards.plan import CHECK

    stopped = "Interrupted; all parts are done. To compare them, type the same command."
    with on_ctrl_c(stopped):
        audit = checked(done.dest, partial(counting, notices()))
    failed = sorted(set(audit.tally()) & set(failing))
    if json:
        print_json({**done.to_json(), "check": audit, "failed_on": failed})
    else:
        results().print(audit_view(audit, set(SERIOUS)))
        say(f"All of it: {done.dest}/{_page(audit, done.dest) or CHECK}")
    if failed:
        raise typer.Exit(1)


def _page(audit: Audit, dest: Place) -> str | None:
    """Write the page with the pictures, if they are in a folder here; return its name."""
    if not audit.findings or not is_folder(Path(audit.root)):
        return None
    from tl_catdog.audit.page import check_page
    from tl_catdog.shards.plan import PAGE

    command = f"tl-catdog data fix {shlex.quote(audit.root)}"
    (dest / PAGE).write(check_page(audit, command).encode("utf-8", "surrogateescape"))
    return PAGE
