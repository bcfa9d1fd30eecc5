"""How many pictures are done is shown in a terminal, and not in a pipe."""

import io

from rich.console import Console

from tl_catdog.cli.live import counting


def test_counting_is_silent_in_a_pipe() -> None:
    out = io.StringIO()
    with counting(Console(file=out), "predicting") as progress:
        progress(1, 2)
    assert out.getvalue() == ""


def test_counting_shows_how_many_are_done_in_a_terminal() -> None:
    out = io.StringIO()
    with counting(Console(file=out, width=80, force_terminal=True), "predicting") as progress:
        progress(1, 2)
    assert "predicting" in out.getvalue()
    assert "1/2" in out.getvalue()
