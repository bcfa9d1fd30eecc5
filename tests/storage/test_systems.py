"""What opens addresses: one for each store and process, with settings that can be overridden."""

from __future__ import annotations

import pytest

from tests.support.object_store import Store
from tl_catdog.errors import UsageError
from tl_catdog.storage.systems import require, system_of


def test_a_store_is_opened_once(object_store: Store) -> None:
    assert system_of("s3://pictures/a")[0] is system_of("s3://others/b")[0]
    assert system_of("s3://pictures/a")[1:] == ("pictures/a", "s3")


def test_no_second_request_is_made_for_a_size_and_retries_are_ours(object_store: Store) -> None:
    system = system_of("s3://pictures/a")[0]
    assert (system.max_concurrency, system.retries) == (1, 1)


def test_several_addresses_in_one_are_refused() -> None:
    with pytest.raises(UsageError, match="several"):
        require("simplecache", "simplecache::s3://a/b")
