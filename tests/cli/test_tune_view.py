"""The trials of a search as they come: a table that is alive, lines in a pipe."""

import io

import pytest
from rich.console import Console

from tl_catdog.cli.tune_view import ROWS, showing, trial_line, trial_table
from tl_catdog.tuning.results import Progress
from tl_catdog.tuning.study import Trial


def progress(number: int, fold: int = 0, *, pruned: bool = False) -> Progress:
    losses = (0.3,) if pruned else (0.3,) * 5
    trial = Trial(number, {}, losses, pruned, 1.0)
    best = Trial(1, {}, (0.25,) * 5, False, 1.0)
    return Progress(fold, 5, trial, 30, best, 0.0123, 75.0)


def test_a_line_has_trial_best_gain_and_the_time_left() -> None:
    assert trial_line(progress(6)) == (
        "7/30: log loss 0.3000, best 0.2500 (2), gain 0.0123, left 75 s"
    )
    assert trial_line(progress(6, 2, pruned=True)).startswith(
        "fold 2/5, 7/30: log loss 0.3000 after 1, best"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_has_a_table_and_a_pipe_lines(terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80, highlight=False)
    with showing(console) as view:
        view.preparing("looking for copies", 3, 9)
        view.preparing("looking for copies", 9, 9)
        for number in range(3):
            view.trial(progress(number))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    if terminal:
        assert "time left" in text
        assert "3 of 9 pictures" in text
    else:
        lines = text.splitlines()
        assert lines[0] == "looking for copies: 9 pictures"
        assert [line.split(":")[0] for line in lines[1:]] == ["1/30", "2/30", "3/30"]


def test_the_table_is_as_wide_as_a_terminal_and_keeps_the_last_trials() -> None:
    console = Console(file=io.StringIO(), width=80)
    shown = tuple(progress(number, 5, pruned=True) for number in range(20, 20 + ROWS))
    console.print(trial_table(shown))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert sum("fold 5/5" in line for line in lines) == ROWS


def test_another_fold_begins_another_table() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with showing(console) as view:
        view.trial(progress(28))
        view.trial(progress(0, 1))
        assert [item.fold for item in view._last] == [1]
