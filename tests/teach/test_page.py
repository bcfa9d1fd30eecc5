"""The page's files: nothing of another host, nothing within that a policy forbids; and the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tests.teach.sites import Asked, opened
from tl_catdog.serve.bodies import Refusal
from tl_catdog.serve.page import static_files
from tl_catdog.teach.page import code_of

PACKAGE = "tl_catdog.teach"


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asked]:
    with opened(tmp_path / "pets") as found:
        yield found


def test_every_file_that_the_page_names_is_sent(ask: Asked) -> None:
    text = ask("GET", "/").text
    names = re.findall(r'(?:href|src)="([^"]+\.(?:css|js))"', text)
    for name in static_files(PACKAGE):
        source = files(PACKAGE).joinpath("static", name).read_text("utf-8")
        names += re.findall(r'from "\./([^"]+)"', source)
    assert "api.js" in names
    for name in names:
        assert ask("GET", f"/{name}").status_code == 200, name


def test_nothing_comes_from_elsewhere_or_from_within(ask: Asked) -> None:
    for name in static_files(PACKAGE):
        source = files(PACKAGE).joinpath("static", name).read_text("utf-8")
        assert not re.search(r"https?://|<style|innerHTML|\sstyle=|\son[a-z]+=", source), name


def test_all_ids_that_scripts_ask_for_are_there(ask: Asked) -> None:
    page = ask("GET", "/").text
    for name in static_files(PACKAGE):
        source = files(PACKAGE).joinpath("static", name).read_text("utf-8")
        for id in re.findall(r'\bat\("([^"]+)"\)', source):
            assert f'id="{id}"' in page, (name, id)


def test_no_other_page_is_sent(ask: Asked) -> None:
    assert ask("GET", "/teach.html").status_code == 404
    assert ask("GET", "/index.html").status_code == 404
    assert ask("GET", "/docs").status_code == 404
    assert ask("GET", "/openapi.json").status_code == 404


def test_the_address_is_a_code_for_phones(ask: Asked) -> None:
    pytest.importorskip("segno")
    ask.site.address = "http://192.0.2.7:8001/#token=0123456789abcdef"
    answer = ask("GET", "/teach/share.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in answer.content
    assert b"script" not in answer.content
    assert code_of(ask.site.address) != code_of("http://192.0.2.7:8001/")
    assert ask("GET", "/teach/share").json()["address"] == ask.site.address


def test_without_what_draws_it_there_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "segno", None)
    with pytest.raises(Refusal, match="segno"):
        code_of("http://192.0.2.7/")
