"""The loop that servers share: what it says of itself, and how it ends."""

from __future__ import annotations

import os
import signal

import pytest
import uvicorn

from tl_catdog.serve import hosting
from tl_catdog.serve.hosting import Server, end_at_once


def server() -> Server:
    async def app(*_: object) -> None: ...

    return Server(uvicorn.Config(app, log_config=None))


def test_the_first_signal_tells_who_waits_and_the_second_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[object] = []
    monkeypatch.setattr(hosting, "end_at_once", ended.append)
    found = server()
    found.ending = lambda: ended.append("told")
    found.handle_exit(signal.SIGTERM, None)
    assert (found.should_exit, ended) == (True, ["told"])
    found.handle_exit(signal.SIGTERM, None)
    assert ended[1] == signal.SIGTERM


def test_an_end_at_once_has_the_signal_s_code(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    end_at_once(signal.SIGINT)
    assert codes == [128 + signal.SIGINT]
