"""``data get`` as a user types it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from tests.conftest import Cli
from tests.fetch.conftest import shop, site
from tests.support import fetch_server as server
from tests.support.fetch_sets import FEW, Shop, zipped
from tl_catdog.cli.data.get import listening
from tl_catdog.fetch import catalogue
from tl_catdog.fetch.catalogue import MIRROR, PublicSet
from tl_catdog.fetch.download import CHUNK

__all__ = ["shop", "site"]

# Stands in for the real set, whose 69 MB no test can have.
TINY = """
import sys
from dataclasses import replace
from tl_catdog.cli import main
from tl_catdog.fetch.catalogue import SETS, Archive
url, size, sha256, pictures = sys.argv[1:5]
archive = Archive("few.zip", url, int(size), sha256)
SETS["filtered"] = replace(
    SETS["filtered"], archives=(archive,), images=int(pictures), room=int(size)
)
sys.argv = ["tl-catdog", *sys.argv[5:]]
main()
"""


def test_get_says_what_came_and_what_next(cli: Cli, shop: Shop, source: PublicSet) -> None:
    outcome = cli("data", "get", "filtered")
    assert outcome.code == 0, outcome.err
    assert shop.is_right()
    assert "data/filtered is here: 12 pictures (train/cats 3, train/dogs 3" in outcome.out
    assert "No publisher gives a hash of few.zip. Recorded what it has: SHA-256" in outcome.out
    assert "tl-catdog train --data data/filtered" in outcome.out
    assert "Getting filtered: 110.1 kB from 127.0.0.1." in outcome.err
    shop.site.asked.clear()
    again = cli("data", "get", "filtered")
    assert "is here already" in again.out
    assert (again.code, again.err, shop.site.asked) == (0, "", [])


def test_get_json(cli: Cli, shop: Shop, source: PublicSet) -> None:
    outcome = cli("data", "get", "filtered", "--into", "my pictures", "--json")
    found = json.loads(outcome.out)
    assert list(found) == [
        "name", "folder", "pictures", "expected", "counts", "bytes", "licence", "home", "sha256",
        "recorded", "already",
    ]  # fmt: skip
    assert (found["folder"], found["pictures"]) == ("my pictures/filtered", 12)


def test_a_failure_is_one_line_and_exit_code_1(cli: Cli, shop: Shop, source: PublicSet) -> None:
    shop.site.always = server.status(404)
    outcome = cli("data", "get", "filtered")
    assert (outcome.code, outcome.out) == (1, "")
    (line,) = [line for line in outcome.err.splitlines() if line.startswith("Error: ")]
    assert "expected few.zip from 127.0.0.1, found 404 Not Found." in line
    assert line.endswith("then type: tl-catdog data get filtered --from FILE")
    assert not Path("data").exists()


def test_an_unknown_set_is_wrong_use(cli: Cli, source: PublicSet) -> None:
    outcome = cli("data", "get", "horses")
    assert outcome.code == 2
    assert "expected one of the sets filtered, full, pets, kaggle, found 'horses'" in outcome.err


def test_from_takes_an_archive_that_is_here(
    cli: Cli, shop: Shop, source: PublicSet, tmp_path: Path
) -> None:
    (tmp_path / "few.zip").write_bytes(shop.site.files["/sets/few.zip"])
    outcome = cli("data", "get", "filtered", "--from", "few.zip")
    assert outcome.code == 0, outcome.err
    assert shop.is_right()
    assert shop.site.asked == []


def test_a_mirror_serves_the_same_path(
    cli: Cli, shop: Shop, source: PublicSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive,) = source.archives
    away = replace(archive, url="https://pictures.example.org/sets/few.zip")
    monkeypatch.setitem(catalogue.SETS, "filtered", replace(source, archives=(away,)))
    monkeypatch.setenv(MIRROR, shop.site.address + "/")
    assert cli("data", "get", "filtered").code == 0
    assert shop.is_right()
    monkeypatch.setenv(MIRROR, "not an address")
    assert cli("data", "get", "filtered", "--into", "other").code == 2


def test_a_terminal_shows_bytes_and_takes_the_bar_away(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80)
    monkeypatch.setattr("tl_catdog.cli.data.get.notices", lambda: console)
    with listening() as listener:
        shop.get(shop.source(), listener=listener)
        for what in ("downloading", "checking", "unpacking"):
            listener.progress(what, 1_000, 200_000)
    text = Text.from_ansi(out.getvalue()).plain
    assert "unpacking" in text
    assert "0.2 MB" in text or "200.0 kB" in text
    assert out.getvalue().endswith("\x1b[2K")


def started(shop: Shop, source: PublicSet, *words: str) -> subprocess.Popen[str]:
    (archive,) = source.archives
    numbers = (str(archive.size), archive.sha256, str(len(FEW)))
    return subprocess.Popen(
        [sys.executable, "-c", TINY, archive.url, *numbers, "data", "get", "filtered", *words],
        cwd=shop.into.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "80"},
        # A shell's background jobs ignore Ctrl-C, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_keeps_what_came_and_repeating_goes_on(shop: Shop, tmp_path: Path) -> None:
    source = shop.source()
    part = tmp_path / "cache" / "tl-catdog" / "archives" / "few.zip.part"
    shop.site.script = [server.stalling_after(3 * CHUNK)]
    process = started(shop, source)
    wait_for(lambda: part.exists() and part.stat().st_size >= 2 * CHUNK)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert "are kept. To go on, type: tl-catdog data get filtered" in err
    assert shop.is_empty()
    kept = part.stat().st_size
    process = started(shop, source)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert shop.is_right()
    assert shop.site.ranges()[-1] == f"bytes={kept}-"


def test_two_commands_at_once_get_it_once(shop: Shop) -> None:
    source = shop.source(zipped(FEW))
    processes = [started(shop, source) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert len(shop.site.asked) == 1
    assert sorted("is here already" in out for out, _ in ends) == [False, True]
    assert shop.is_right()
