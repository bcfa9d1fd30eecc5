"""The view of a running training, in a terminal and in a pipe."""

import io
import re
import sys

import pytest
from rich.console import Console

from tl_catdog.api import live
from tl_catdog.api.live import HEADER, Both, LiveView, PlainView, say_waiting, watch
from tl_catdog.training.observer import EpochResult, Observer


def epoch(number: int, *, best: bool) -> EpochResult:
    return EpochResult("frozen", number, 2, 0.1716, 0.936, 0.0533, 0.98197, 3e-4, 12.3, best)


def play(console: Console) -> None:
    """Tell a view everything that a short training would."""
    with watch(console) as view:
        for done in (1, 2):
            view.decoding("train", done, 2)
        for split, known in (("train", 0), ("test", 1)):
            for done in (1, 2):
                view.extracting(split, done, 2, known)
        view.stage_begins("frozen", 2, 2, 164_097)
        for number in (1, 2):
            for step in (1, 2):
                view.step_ends(step, {"loss": 0.17, "accuracy": 0.93})
                if isinstance(view, LiveView):
                    view.progress.refresh()  # it would do so ten times a second
            view.epoch_ends(epoch(number, best=number == 1))
        view.stage_ends("frozen", "stopped early")
        for done in (1, 2):
            view.predicting("test", done, 2)


EXPECTED = [
    "decoded 2 train pictures",
    "features of 2 train pictures",
    "features of 2 test pictures, 1 of them from the cache",
    "stage frozen: up to 2 epochs of 2 steps, 164,097 trainable parameters",
    HEADER,
    "frozen       1/2   0.1716    93.6 %    0.0533   98.2 %  12 s  best",
    "frozen       2/2   0.1716    93.6 %    0.0533   98.2 %  12 s",
    "stage frozen: stopped early",
    "predicted 2 test pictures",
]


def test_a_pipe_gets_plain_lines() -> None:
    out = io.StringIO()
    play(Console(file=out, width=80))
    assert out.getvalue().splitlines() == EXPECTED


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_the_same_lines_and_a_bar(width: int) -> None:
    out = io.StringIO()
    play(Console(file=out, width=width, force_terminal=True, color_system=None))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", out.getvalue())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert max(map(len, lines)) <= width
    for line in EXPECTED:
        assert line in lines
    bars = [line for line in lines if line.startswith("frozen ") and "━" in line]
    assert [re.search(r"\d+%", line)[0] for line in bars][-1] == "100%"  # type: ignore[index]
    assert "loss 0.170 acc 93.0 % best 98.2 %" in bars[-1]


def test_the_header_stands_over_its_columns() -> None:
    line = EXPECTED[5]
    assert HEADER.index("time") == line.index("12 s")
    for column, value in (("epoch", "1/2"), ("accuracy", "93.6 %"), ("val acc", "98.2 %")):
        assert HEADER.index(column) + len(column) == line.index(value) + len(value)


def test_both_views_are_chosen_by_the_console() -> None:
    with watch(Console(file=io.StringIO())) as view:
        assert type(view) is PlainView
    with watch(Console(file=io.StringIO(), force_terminal=True)) as view:
        assert type(view) is LiveView


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (0.5, "head: the mean of the linear model and the trained units\n"),
        (1.0, "head: the linear model alone, which answers the validation pictures better\n"),
    ],
)
def test_what_the_head_is_made_of_is_said(share: float, says: str) -> None:
    out = io.StringIO()
    PlainView(Console(file=out, width=80)).head_chosen(share)
    assert out.getvalue() == says


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (1.0, "all of it\n"),
        (0.25, "25.0 % of what it changed, the rest as it was\n"),
        (0.0, "nothing, which answers the validation pictures better\n"),
    ],
)
def test_how_much_of_fine_tuning_is_kept_is_said(share: float, says: str) -> None:
    out = io.StringIO()
    PlainView(Console(file=out, width=80)).share_chosen(share)
    assert out.getvalue() == f"fine-tuning kept: {says}"


def test_in_a_notebook_a_bar_is_shown_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Console(file=io.StringIO(), force_jupyter=True)
    there = [object()]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: there[0])
    assert live._has_widgets(notebook)
    there[0] = None
    assert not live._has_widgets(notebook)
    with watch(notebook) as view:
        assert type(view) is PlainView


def test_a_program_is_shown_a_training_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    play(live.console())
    say_waiting(live.console())
    out, err = capsys.readouterr()
    assert out == ""
    waits = "waiting for another training of this process to end"
    assert err.splitlines() == [*EXPECTED, waits]


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, Full(), closed()])
def test_a_standard_error_that_takes_nothing_ends_no_training(
    stream: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    play(live.console())


def test_two_observers_are_told_the_same() -> None:
    heard: list[tuple[str, str, object]] = []

    def hearing(name: str) -> Observer:
        class Hears(Observer):
            def note(self, text: str) -> None:
                heard.append((name, "note", text))

            def epoch_ends(self, result: EpochResult) -> None:
                heard.append((name, "epoch", result))

        return Hears()

    both = Both(hearing("one"), hearing("two"))
    both.note("text")
    both.epoch_ends(epoch(1, best=True))
    both.predicting("test", 1, 2)
    result = epoch(1, best=True)
    assert heard == [
        ("one", "note", "text"),
        ("two", "note", "text"),
        ("one", "epoch", result),
        ("two", "epoch", result),
    ]
    told = {name for name in vars(Observer) if not name.startswith("_")}
    assert told <= set(vars(both))
