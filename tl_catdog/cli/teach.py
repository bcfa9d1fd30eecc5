"""``tl-catdog teach``: a page that teaches a classifier from a folder, picture by picture."""

from __future__ import annotations

import atexit
import gc
import os
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tl_catdog.cli.options import (
    RUNS_DIR,
    AccessLog,
    AllowHost,
    Proxy,
    RootPath,
    RunsDir,
    Token,
)
from tl_catdog.cli.output import complain, note, say
from tl_catdog.cli.streams import OutputError
from tl_catdog.errors import UsageError

EXAMPLES = (
    "Examples: tl-catdog teach; tl-catdog teach pets --open; tl-catdog teach pets --host 0.0.0.0"
)

FOLDER = "pictures"


def teach(
    folder: Annotated[
        str,
        typer.Argument(
            help="Folder of pictures, loose or a subfolder for each class; made if needed."
        ),
    ] = FOLDER,
    host: Annotated[
        str, typer.Option(help="Address to listen at; all but this machine's asks for a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen at; 0 for any.", min=0, max=65535)
    ] = 8001,
    token: Token = None,
    allow_host: AllowHost = None,
    max_mb: Annotated[
        int, typer.Option(help="Megabytes of an upload at most.", min=1, max=1_000_000)
    ] = 4096,
    root_path: RootPath = "/",
    proxy: Proxy = None,
    access_log: AccessLog = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser.")
    ] = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Collect pictures, label them and watch a classifier learn, on a page in the browser.

    Whatever is done there is done in the folder at once, and can be undone:
    FOLDER/<class>/ holds the pictures of a class, FOLDER/unlabelled/ those
    without one. Nothing leaves this machine; with --host 0.0.0.0 a phone in the
    same network can send pictures to it. Ctrl-C ends it.
    """
    try:
        from tl_catdog.serve import opening
        from tl_catdog.serve.guard import Access
        from tl_catdog.teach.server import Options
        from tl_catdog.teach.server import teach as start
        from tl_catdog.teach.uploads import Bound
    except ImportError as error:
        raise UsageError(
            f"expected the packages of the web page, found no {error.name}.",
            "Type: pip install 'tl-catdog[serve]'",
        ) from error
    given = opening.token_of(token, os.environ, "teach")
    if given is None and not opening.is_own(host):
        given = opening.token_of(opening.AUTO, {}, "teach")
    access = Access(
        hosts={opening.name_of(name, "teach") for name in allow_host or ()},
        token=given,
        root_path=opening.root_of(root_path, "teach"),
    )
    options = Options(
        host=host,
        port=port,
        access=access,
        bound=Bound(bytes=max_mb * 2**20),
        proxies=tuple(opening.proxy_of(one, "teach") for one in proxy or ()),
        access_log=access_log,
        runs_dir=Path(runs_dir),
    )

    def ready(address: str, to_others: bool) -> None:
        try:
            say(f"Teach {Path(folder).resolve().name} at {address}")
        except OutputError as error:  # the page can be used all the same
            complain(error)
        if to_others:
            note("Token and pictures are sent as they are: use it in a network that you trust.")
        note("Ctrl-C ends it; everything is in the folder already.", style="dim")
        if open_browser:
            # In a thread: a browser in the terminal comes back only when it is closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    # All that is left goes with the process: looking through it for rubbish took half a second.
    atexit.register(gc.freeze)
    start(Path(folder), options, ready, note)
    note("Ended; everything is in the folder.", style="dim")
