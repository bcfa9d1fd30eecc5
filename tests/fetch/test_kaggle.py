"""The competition through Kaggle's own library, which talks to a server of ours."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fetch_server as server
from tests.support.fetch_sets import Files, Shop, noise, zipped
from tl_catdog.errors import CatdogError
from tl_catdog.fetch.catalogue import KAGGLE, PublicSet

FILES: Files = {"train/cat.0.jpg": noise(3_000, 1), "train/dog.0.jpg": noise(3_000, 2)}
NAME = "/v1/competitions.CompetitionApiService/DownloadDataFile"


@pytest.fixture
def source(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicSet:
    pytest.importorskip("kagglehub")
    from kagglesdk import kaggle_env  # type: ignore[import-untyped]

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, shop.site.address)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("KAGGLE_API_TOKEN", "made up")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    return replace(KAGGLE, images=2, room=10_000)


def test_the_competition_becomes_folders_of_classes(
    shop: Shop, source: PublicSet, capfd: pytest.CaptureFixture[str]
) -> None:
    def answer(to: server.Handler, data: bytes) -> None:
        body = zipped(FILES)
        to.begin(200, {"Content-Length": str(len(body)), "Content-Type": "application/zip"})
        to.wfile.write(body)

    shop.site.always = answer
    got = shop.get(source)
    assert got.counts == {"cats": 1, "dogs": 1}
    assert got.recorded == ("train.zip",)
    assert (shop.into / "kaggle" / "cats" / "cat.0.jpg").read_bytes() == FILES["train/cat.0.jpg"]
    assert capfd.readouterr().out == ""


def test_rules_that_were_not_accepted_are_named(shop: Shop, source: PublicSet) -> None:
    shop.site.always = server.status(403)
    with pytest.raises(CatdogError, match="found 403") as caught:
        shop.get(source)
    assert "dogs-vs-cats/rules" in caught.value.hint
    assert shop.is_empty()


def test_without_an_account_the_way_to_one_is_said(
    shop: Shop, source: PublicSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    with pytest.raises(CatdogError, match="found no token") as caught:
        shop.get(source)
    assert "KAGGLE_API_TOKEN" in caught.value.hint
    assert shop.is_empty()


def test_a_broken_connection_is_an_error(shop: Shop, source: PublicSet) -> None:
    shop.site.always = server.cut_before_headers
    with pytest.raises(CatdogError, match=r"expected train\.zip from Kaggle") as caught:
        shop.get(source)
    assert "--from FILE" in caught.value.hint
    assert "\n" not in caught.value.message


def test_without_the_library_the_extra_is_named(
    shop: Shop, source: PublicSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(CatdogError, match="found none") as caught:
        shop.get(source)
    assert "pip install 'tl-catdog[kaggle]'" in caught.value.hint
