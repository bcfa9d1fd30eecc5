"""The feature cache, other caches, the packaged weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_catdog.doctor.caches import (
    check_feature_cache,
    check_other_caches,
    check_weights,
    folder_size,
)
from tl_catdog.errors import CatdogError
from tl_catdog.features.cache import FeatureStore
from tl_catdog.models import weights


def test_an_empty_cache_is_fine_and_is_not_made(tmp_path: Path) -> None:
    (found,) = check_feature_cache(tmp_path / "features.sqlite")
    assert found.state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_entries_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    with FeatureStore(path) as store:
        store.put({str(number).encode(): bytes(5000) for number in range(300)})
    (found,) = check_feature_cache(path)
    assert found.state == "ok"
    assert found.detail.startswith("300 vectors, ")


def test_a_damaged_cache_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    path.write_bytes(b"no database" * 1000)
    (found,) = check_feature_cache(path)
    assert (found.state, found.hint) == ("warning", f"Type: rm {path}*")
    assert path.read_bytes() == b"no database" * 1000


def test_a_cache_that_can_not_be_opened_fails(tmp_path: Path) -> None:
    (found,) = check_feature_cache(tmp_path)
    assert found.state == "failed"


def test_other_caches_are_sized(tmp_path: Path) -> None:
    (tmp_path / "archives" / "deep").mkdir(parents=True)
    (tmp_path / "archives" / "deep" / "set.zip").write_bytes(bytes(3_000_000))
    (tmp_path / "archives" / "loop").symlink_to(tmp_path / "archives")
    (tmp_path / "empty").mkdir()
    assert folder_size(tmp_path / "archives" / "deep") == 3_000_000
    (found,) = check_other_caches(tmp_path)
    assert found.name == "archives cache"
    assert found.detail.startswith("3.0 MB")
    assert list(check_other_caches(tmp_path / "nowhere")) == []


@pytest.fixture
def _weights_read_anew() -> Iterator[None]:
    weights.packaged_weights.cache_clear()
    yield
    weights.packaged_weights.cache_clear()


@pytest.mark.usefixtures("_weights_read_anew")
def test_the_packaged_weights_are_as_packaged() -> None:
    (found,) = check_weights()
    assert found.state == "ok"
    assert "2.26 million" in found.detail


@pytest.mark.usefixtures("_weights_read_anew")
def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "damaged.npz").write_bytes(b"something else")
    monkeypatch.setattr(weights, "PACKAGED_FILE", str(tmp_path / "damaged.npz"))
    with pytest.raises(CatdogError, match="SHA-256"):
        list(check_weights())
