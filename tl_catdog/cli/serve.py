"""``tl-catdog serve``: a web page on this machine, and an API, that answer for a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import (
    RUNS_DIR,
    AccessLog,
    AllowHost,
    Proxy,
    RootPath,
    RunOption,
    RunsDir,
    Token,
)
from tl_catdog.cli.output import complain, note, say
from tl_catdog.cli.runs import chosen_run
from tl_catdog.cli.streams import OutputError
from tl_catdog.errors import UsageError

EXAMPLES = (
    "Examples: tl-catdog serve; tl-catdog serve --run mobilenet --port 9000; "
    "tl-catdog serve --host 0.0.0.0 --token auto"
)


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
    max_pixels: Annotated[
        int, typer.Option(help="Million pixels of a picture at most.", min=1, max=128)
    ] = 30,
    max_per_client: Annotated[
        int,
        typer.Option(help="Connections of one address at most, of 512.", min=1, max=512),
    ] = 128,
    timeout: Annotated[
        float,
        typer.Option(help="Seconds for sending a request, and for answering.", min=0.1, max=86_400),
    ] = 60.0,
    token: Token = None,
    allow_host: AllowHost = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Another site whose pages may ask; several are possible."),
    ] = None,
    root_path: RootPath = "/",
    proxy: Proxy = None,
    access_log: AccessLog = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Open a web page where pictures are dropped, pasted or photographed.

    POST /predict answers programs, with the JSON of predict --json; /docs says
    how. Pictures stay on this machine. Ctrl-C ends it once all is answered, a
    second one at once.
    """
    chosen = chosen_run(run, Path(runs_dir))
    try:
        from tl_catdog.serve import opening
        from tl_catdog.serve.bodies import COPIES, Limits
        from tl_catdog.serve.guard import Access
        from tl_catdog.serve.server import serve as start
    except ImportError as error:
        raise UsageError(
            f"expected the packages of the web page, found no {error.name}.",
            "Type: pip install 'tl-catdog[serve]'",
        ) from error
    body = max_mb * 2**20
    largest = (1 + COPIES) * body  # what the largest form needs, or it would never be answered
    limits = Limits(
        body=body,
        files=max_files,
        queue=max_queue,
        seconds=timeout,
        each=max_per_client,
        total=max(Limits.total, largest),
        share=max(Limits.share, largest),
        max_pixels=max_pixels * 10**6,
    )
    access = Access(
        hosts={opening.name_of(name) for name in allow_host or ()},
        origins={opening.origin_of(site) for site in allow_origin or ()},
        token=opening.token_of(token, os.environ),
        root_path=opening.root_of(root_path),
    )
    proxies = [opening.proxy_of(given) for given in proxy or ()]

    def ready(address: str, to_others: bool) -> None:
        try:
            say(f"{chosen.name} answers at {address}")
        except OutputError as error:  # whoever wants answers can have them all the same
            complain(error)
        if to_others and access.token is None:
            note(
                "Everyone who reaches this machine can use the page: it asks for no password. "
                "With --token auto it does."
            )
        elif to_others:
            note("Token and pictures are sent as they are: a proxy with TLS keeps them secret.")
        note("Ctrl-C ends it.", style="dim")

    with opening.log_of(access_log) as log:
        start(
            chosen,
            host=host,
            port=port,
            limits=limits,
            reject=reject,
            ready=ready,
            access=access,
            proxies=proxies,
            log=log,
        )
    note("Ended; what was under way was answered.", style="dim")
