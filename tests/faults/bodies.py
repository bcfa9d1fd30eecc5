"""Run in place of the program, where a command needs a world that isn't ours."""

from __future__ import annotations

import os
from dataclasses import replace

SITE = "FAULTS_SITE"
"""Names the variable with the address of the server that has the small set."""


def few(*words: str) -> None:
    """Run the program with a public set of a dozen small files in place of the large one."""
    from tests.support.fetch_sets import FEW, zipped
    from tl_catdog.cli import main
    from tl_catdog.fetch import catalogue

    size = len(zipped(FEW))
    address = f"{os.environ.get(SITE, 'http://127.0.0.1:9')}/few.zip"
    found = replace(
        catalogue.FILTERED,
        archives=(catalogue.Archive("few.zip", address, size),),
        images=len(FEW),
        room=size,
    )
    catalogue.find_set = lambda name: found
    main()
