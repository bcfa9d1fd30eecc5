"""Peer: a Typer app that does nothing; no command line made with Typer can start faster.

usage: empty_typer.py --help
"""

import typer

app = typer.Typer(add_completion=False)


@app.command()
def nothing() -> None:
    """Do nothing."""


if __name__ == "__main__":
    app()
