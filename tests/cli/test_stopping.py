"""Signals that ask a training to end: one keeps what there is, a second one ends it at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tl_catdog.cli.stopping import SIGNALS, asked_to_stop

CODE = """
import signal, sys, time
from tl_catdog.cli.stopping import asked_to_stop
signal.signal(signal.SIGINT, signal.default_int_handler)
if "ignored" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with asked_to_stop() as asked:
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("kept", asked.exit_code, flush=True)
        time.sleep(60 if "twice" in sys.argv else 0)
"""


def started(*words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_keeps_what_there_is(number: signal.Signals) -> None:
    process = started()
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert out == f"kept {128 + number}\n"
    assert process.returncode == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    process = started("twice")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("kept")
    process.send_signal(number)
    assert process.wait(timeout=30) == -number


def test_a_closed_terminal_ends_nothing_where_it_is_ignored() -> None:
    process = started("ignored")
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30)[0].startswith("kept")


def test_handlers_are_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with asked_to_stop():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
