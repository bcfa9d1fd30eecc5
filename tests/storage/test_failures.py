"""What a store's errors mean: tried again or not, and told without the library's own words."""

from __future__ import annotations

import errno

import pytest

from tl_catdog.storage.failures import (
    BusyError,
    GoneError,
    Patience,
    RefusedError,
    StorageError,
    is_passing,
    patiently,
    told,
)


class _CodedError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__("words with a secret")
        self.response = {"Error": {"Code": code}}


@pytest.mark.parametrize("code", ["SlowDown", "503", "InternalError", "RequestTimeout"])
def test_what_passes_is_tried_again(code: str) -> None:
    left = [_CodedError(code)] * 3

    def call() -> str:
        if left:
            raise left.pop()
        return "done"

    assert patiently(call, "here", "s3", Patience(sleep=lambda seconds: None)) == "done"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(), GoneError),
        (_CodedError("NoSuchKey"), GoneError),
        (PermissionError(), RefusedError),
        (_CodedError("InvalidToken"), RefusedError),
        (_CodedError("SlowDown"), BusyError),
        (ConnectionResetError(), BusyError),
        (OSError(errno.EINVAL, "words with a secret"), StorageError),
        (ValueError("words with a secret"), StorageError),
    ],
)
def test_errors_are_told_in_one_line_of_our_own(error: Exception, kind: type) -> None:
    found = told(error, "s3://bucket/a", "s3")
    assert type(found) is kind
    assert "secret" not in str(found)
    assert "\n" not in str(found)


def test_an_archived_object_is_no_matter_of_credentials() -> None:
    error = PermissionError("archived")
    error.__cause__ = _CodedError("InvalidObjectState")
    assert "archived" in told(error, "s3://bucket/a.jpg", "s3").message


def test_an_answer_that_is_no_http_is_asked_for_again_and_a_bare_400_is_not() -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="the package aiohttp isn't installed")
    client = pytest.importorskip("botocore.exceptions", reason="botocore isn't installed")
    broken = client.HTTPClientError(error="400")
    broken.__cause__ = aiohttp.ClientResponseError(None, (), status=400)
    assert is_passing(broken)
    assert not is_passing(_CodedError("400"))
    assert isinstance(told(_CodedError("400"), "s3://bucket", "s3"), RefusedError)


def test_what_lies_behind_an_error_counts() -> None:
    error = RuntimeError("a wrapper")
    error.__cause__ = _CodedError("SlowDown")
    assert is_passing(error)


def test_waits_double_up_to_a_bound_and_half_is_left_to_chance() -> None:
    waits: list[float] = []

    def call() -> None:
        raise _CodedError("SlowDown")

    with pytest.raises(BusyError):
        patiently(call, "here", "s3", Patience(tries=6, first=1, longest=5, sleep=waits.append))
    assert len(waits) == 5
    for wait, longest in zip(waits, (1, 2, 4, 5, 5), strict=True):
        assert longest / 2 <= wait <= longest
