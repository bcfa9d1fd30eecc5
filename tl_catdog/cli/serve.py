"""``tl-catdog serve``: a web page on this machine, and an API, that answer for a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import RUNS_DIR, RunOption, RunsDir
from tl_catdog.cli.output import complain, note, say
from tl_catdog.cli.runs import chosen_run
from tl_catdog.cli.streams import OutputError
from tl_catdog.errors import UsageError

EXAMPLES = "Examples: tl-catdog serve; tl-catdog serve --run mobilenet --port 9000"


def serve(
    run: RunOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen at; 0 for any.", min=0, max=65535)
    ] = 8000,
    reject: Annotated[
        bool, typer.Option(help="Answer 'unsure' for doubtful or unfamiliar pictures.")
    ] = True,
    max_mb: Annotated[
        int, typer.Option(help="Megabytes of a request at most.", min=1, max=1024)
    ] = 32,
    max_files: Annotated[
        int, typer.Option(help="Pictures of a request at most.", min=1, max=1000)
    ] = 64,
    max_queue: Annotated[
        int, typer.Option(help="Pictures that may wait at most.", min=1, max=100_000)
    ] = 512,
    timeout: Annotated[
        float,
        typer.Option(help="Seconds for sending a request, and for answering.", min=0.1, max=86_400),
    ] = 60.0,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Open a web page where pictures are dropped, pasted or photographed.

    POST /predict answers programs, with the JSON of predict --json; /docs says
    how. Pictures stay on this machine. Ctrl-C ends it.
    """
    chosen = chosen_run(run, Path(runs_dir))
    try:
        from tl_catdog.serve.bodies import Limits
        from tl_catdog.serve.server import serve as start
    except ImportError as error:
        raise UsageError(
            f"expected the packages of the web page, found no {error.name}.",
            "Type: pip install 'tl-catdog[serve]'",
        ) from error
    body = max_mb * 2**20
    limits = Limits(
        body=body,
        files=max_files,
        queue=max_queue,
        seconds=timeout,
        total=max(Limits.total, body),  # otherwise the largest request would never be answered
    )

    def ready(address: str, to_others: bool) -> None:
        try:
            say(f"{chosen.name} answers at {address}")
        except OutputError as error:  # whoever wants answers can have them all the same
            complain(error)
        if to_others:
            note("Everyone who reaches this machine can use the page: it asks for no password.")
        note("Ctrl-C ends it.", style="dim")

    start(chosen, host=host, port=port, limits=limits, reject=reject, ready=ready)
    note("Ended; what was under way was answered.", style="dim")
