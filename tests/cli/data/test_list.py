"""``data list``: which public sets there are, and how much of each is here."""

import json

import pytest

from tests.conftest import Cli
from tests.support import fetch_server as server
from tests.support.fetch_sets import Shop
from tl_catdog.fetch.catalogue import PublicSet
from tl_catdog.fetch.download import CHUNK


@pytest.mark.parametrize("columns", [80, 120])
def test_list_fits_and_tells_what_is_here(
    cli: Cli, shop: Shop, source: PublicSet, columns: int
) -> None:
    shop.site.script = [server.cut_after(3 * CHUNK), server.status(404)]
    cli("data", "get", "filtered")
    outcome = cli("data", "list", columns=columns)
    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= columns
    for word in ("filtered", "full", "pets", "kaggle", "824.9 MB", "~570.0 MB", "CC BY-SA 4.0"):
        assert word in outcome.out
    kept = round(100 * 3 * CHUNK / source.size)
    assert f"{kept} %" in outcome.out
    cli("data", "get", "filtered")
    assert "data/filtered" in cli("data", "list", columns=columns).out


def test_list_json(cli: Cli, source: PublicSet) -> None:
    cli("data", "get", "filtered")
    entries = json.loads(cli("data", "list", "--json").out)["sets"]
    assert [entry["name"] for entry in entries] == ["filtered", "full", "pets", "kaggle"]
    assert [entry["folder"] for entry in entries] == ["data/filtered", None, None, None]
    assert entries[1]["archives"][0]["sha256"].startswith("b7974bd0")


def test_each_set_is_a_row_with_its_size_and_licence(cli: Cli) -> None:
    outcome = cli("data", "list", "--into", "nowhere", columns=160)
    rows = {line.split()[0]: line.split() for line in outcome.out.splitlines() if line.strip()}
    assert rows["full"][1:4] == ["25,000", "824.9", "MB"]
    assert rows["filtered"][1:4] == ["3,000", "68.6", "MB"]
    assert rows["pets"][2:4] == ["811.1", "MB"]
    assert rows["kaggle"][2] == "~570.0"
    assert [rows[name][-1] for name in ("full", "pets", "kaggle")] == ["–", "–", "–"]
    assert outcome.out.endswith("Next: tl-catdog data get NAME\n")
    assert outcome.err == ""


def test_the_folder_named_is_looked_into(cli: Cli, source: PublicSet) -> None:
    assert cli("data", "get", "filtered", "--into", "others").code == 0
    for into, folder in (("others", "others/filtered"), ("data", None)):
        entries = json.loads(cli("data", "list", "--into", into, "--json").out)["sets"]
        assert entries[0]["folder"] == folder
        assert ("others/filtered" in cli("data", "list", "--into", into, columns=120).out) == bool(
            folder
        )


def test_almost_all_of_a_set_is_not_called_all(
    cli: Cli, source: PublicSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tl_catdog.fetch.storage.kept_bytes", lambda found: found.size - 1)
    assert "99 % fetched" in cli("data", "list", columns=120).out
