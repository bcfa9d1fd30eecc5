"""Texts that name places."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tl_catdog.errors import UsageError
from tl_catdog.storage.places import Place, is_store, is_url


def test_a_name_that_is_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("memory:").mkdir()
    Path("memory:/a").touch()
    assert not is_url("memory://a")
    assert is_url("memory://b")
    assert not is_store("http://b")


def test_parts_of_an_address() -> None:
    place = Place.of("memory://a/b/")
    assert (place.name, str(place.above), place.local) == ("b", "memory://a", False)
    assert pickle.loads(pickle.dumps(place / "c")) == Place("memory://a/b/c")


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    assert Place.of(f"file://{tmp_path}").path == tmp_path


def test_passwords_are_not_kept() -> None:
    with pytest.raises(UsageError) as caught:
        Place.of("s3://key:hidden@bucket/a")
    assert "hidden" not in str(caught.value)
    assert "AWS_PROFILE" in caught.value.hint


@pytest.mark.parametrize(
    "address",
    [
        "s3://AKIA:hush/hush@bucket/cats",
        "s3://bucket/cats?X-Amz-Credential=a&X-Amz-Signature=hush",
        "az://box/cats?sv=2024&sig=hush",
        "gs://bucket/cats#access_token=hush",
        "https://me:hush@a.org/cats",
        "https://a.org/cats?token=hush",
    ],
)
def test_what_lets_somebody_in_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        Place.of(address)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["memory://b/a:b@c.jpg", "memory://b/q?x=1#h.jpg", "memory://arn:aws:s3:x:1:accesspoint/p/a@b"],
)
def test_other_signs_are_part_of_names(address: str) -> None:
    assert str(Place.of(address)) == address
