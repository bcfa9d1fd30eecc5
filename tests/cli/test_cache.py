"""``tl-catdog cache``: shows what is there, and clears it."""

import json

from tests.conftest import Cli
from tl_catdog.features.cache import FeatureStore, store_path


def test_an_empty_cache_is_shown_and_not_made(cli: Cli) -> None:
    store_path().unlink(missing_ok=True)
    outcome = cli("cache")
    assert outcome.code == 0
    assert "0 feature vectors, 0 bytes" in outcome.out
    assert not store_path().exists()


def test_it_says_how_much_there_is_and_clears_it(cli: Cli) -> None:
    with FeatureStore(store_path()) as store:
        store.clear()
        store.put({str(number).encode(): bytes(10_000) for number in range(300)})
    shown = json.loads(cli("cache", "--json").out)
    assert shown["entries"] == 300
    assert 3e6 < shown["bytes"] < 6e6
    assert "300 feature vectors" in cli("cache").out
    assert "Dropped 300 feature vectors.\n0 feature vectors" in cli("cache", "--clear").out
    assert json.loads(cli("cache", "--json").out)["entries"] == 0


def test_a_cache_that_cannot_be_read_is_an_error_with_a_way_out(cli: Cli) -> None:
    store_path().unlink(missing_ok=True)
    store_path().mkdir(parents=True)
    try:
        outcome = cli("cache")
    finally:
        store_path().rmdir()
    assert outcome.code == 1
    assert "rm " in outcome.err
    assert len(outcome.err.splitlines()) == 1
