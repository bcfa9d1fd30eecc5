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


LOST = """
import signal, sys, time, weakref
from tl_catdog.cli.stopping import asked_to_stop

class Thing:
    pass

with asked_to_stop() as asked:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(int(sys.argv[1])))
    try:
        del thing
        print("went on", flush=True)
        for _ in range(600):
            time.sleep(0.1)
    except KeyboardInterrupt:
        print("kept", asked.exit_code, flush=True)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_a_callback_whose_exceptions_are_lost_is_heard(number: signal.Signals) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LOST, str(int(number))],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert found.stdout == f"went on\nkept {128 + number}\n"
    assert found.stderr == ""


def test_handlers_are_put_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    hook = sys.unraisablehook
    with asked_to_stop():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert sys.unraisablehook is hook
