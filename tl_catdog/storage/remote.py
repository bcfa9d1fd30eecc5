"""The same on object stores and whatever else fsspec opens.

Nothing of fsspec is imported before an address is used. Its own retries and caches are turned off:
``failures.patiently`` tries again within one bound, and a listing is what the store says now.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tl_catdog.scratch import MARK, SCRATCH
from tl_catdog.storage.entries import Entry
from tl_catdog.storage.failures import (
    ChangedError,
    CutReadError,
    StorageError,
    patiently,
    stranger,
)
from tl_catdog.storage.systems import system_of

S3 = frozenset({"s3", "s3a"})
"""Whose every answer has a mark: an ETag, of listings a bucket's name. Others' have other ones."""

WHOLE_PUTS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hf", "memory", "oss"})
"""Where a file appears whole; elsewhere it is written beside its place and renamed."""

ONE_PUT = 2**31  # bytes up to which S3 gets one request; it takes up to 5 GiB
PAGE = 1000  # objects in one answer of S3: its most
MD5 = re.compile(r"[0-9a-f]{32}")

VERSIONS = ("ETag", "etag", "md5Hash", "generation", "blob_id", "oid")
"""What the libraries call a file's version."""
TIMES = ("mtime", "LastModified", "last_modified", "created")
"""Its time, where there is no version."""

_no_hash: set[str] = set()
"""Stores whose versions look like MD5 and aren't, as with keys of one's own on S3."""


def _entry(name: str, found: dict[str, Any]) -> Entry:
    version = next(
        (str(found[key]).strip('"') for key in VERSIONS if found.get(key)),
        "",
    )
    if not version:
        when = next((found[key] for key in TIMES if found.get(key)), "")
        version = str(when.timestamp() if isinstance(when, datetime) else when)
    return Entry(name, int(found.get("size") or 0), version, found.get("type") == "directory")


def info(address: str) -> Entry | None:
    """Return what is at an address; None if nothing is.

    Raises:
        StorageError: That can't be told.
    """
    system, path, protocol = system_of(address)

    def ask() -> Entry | None:
        with contextlib.suppress(FileNotFoundError):
            found = _entry(path.rpartition("/")[2], system.info(path))
            if protocol in S3 and not found.folder and not found.version:
                raise stranger(address)
            return found
        return None

    return patiently(ask, address, protocol)


def read(address: str, start: int, length: int | None, entry: Entry | None, most: int) -> bytes:
    """Return a file's bytes; see ``Place.read``.

    Raises:
        StorageError: See ``Place.read``.
    """
    system, path, protocol = system_of(address)
    listed = entry is not None
    if length is None and entry is None:
        entry = info(address)  # without its size, a read that ends early can't be told
        if entry is None:
            patiently(lambda: _missing(path), address, protocol)
    size = entry.size if entry is not None else None
    wanted = length if length is not None else max(0, (size or 0) - start)
    if wanted > most:
        raise StorageError(f"expected at most {most:,} bytes, found {wanted:,} at {address}.")
    if wanted == 0 and (start or length is not None):
        return b""
    whole = start == 0 and length is None

    def ask() -> bytes:
        data = (
            system.cat_file(path)
            if whole
            else system.cat_file(path, start=start, end=start + wanted)
        )
        if len(data) != wanted:
            _explain(address, entry, listed=listed)
            raise CutReadError(
                f"expected {wanted:,} bytes, found that reading ends after {len(data):,} at "
                f"{address}.",
                "Type the same command again",
            )
        return bytes(data)

    data = patiently(ask, address, protocol)
    if whole and listed and entry is not None:
        _held_to(data, entry, address, protocol)
    return data


def _missing(path: str) -> None:
    raise FileNotFoundError(path)


def _explain(address: str, entry: Entry | None, *, listed: bool) -> None:
    """Make sure that a file still is as it was listed.

    Raises:
        ChangedError: It isn't.
    """
    if entry is None:
        return
    now = info(address)
    if now is None:
        _missing(address)
    elif (now.size, now.version) != (entry.size, entry.version):
        said = "listed" if listed else "it said"
        raise ChangedError(
            f"expected {entry.size:,} bytes as {said}, found another file at {address} now.",
            "Type the same command again",
        )


def _held_to(data: bytes, entry: Entry, address: str, protocol: str) -> None:
    """Hold what was read to the version that was listed, where that is its MD5.

    Raises:
        ChangedError: The file was replaced.
        CutReadError: It wasn't, and so the bytes are wrong.
    """
    store = "/".join(address.split("/")[:3])
    if store in _no_hash or not MD5.fullmatch(entry.version):
        return
    if hashlib.md5(data, usedforsecurity=False).hexdigest() == entry.version:
        return
    patiently(lambda: _explain(address, entry, listed=True), address, protocol)
    _no_hash.add(store)  # the version is the listed one, and no MD5: encrypted with a key


def write(address: str, data: bytes) -> None:
    """Write a file; see ``Place.write``.

    Raises:
        StorageError: The store can't.
    """
    system, path, protocol = system_of(address)
    if protocol in WHOLE_PUTS:
        more = {"chunksize": ONE_PUT} if protocol in S3 else {}
        said = patiently(lambda: system.pipe_file(path, data, **more), address, protocol)
        if protocol in S3 and isinstance(said, dict) and not said.get("ETag"):
            raise stranger(address)
        return
    folder, _, name = path.rpartition("/")
    beside = f"{folder}/{MARK}{secrets.token_hex(4)}-{name}"

    def put() -> None:
        system.makedirs(folder, exist_ok=True)
        system.pipe_file(beside, data)
        system.mv(beside, path)

    patiently(put, address, protocol)


def remove(address: str) -> None:
    """Remove a file; nothing happens where there is none.

    Raises:
        StorageError: The store can't.
    """
    system, path, protocol = system_of(address)

    def ask() -> None:
        with contextlib.suppress(FileNotFoundError):
            system.rm_file(path)

    patiently(ask, address, protocol)


def entries(address: str) -> Iterator[Entry]:
    """Yield the files below an address in the order of their names' bytes; see ``Place.entries``.

    Raises:
        StorageError: It can't be listed.
    """
    system, path, protocol = system_of(address)
    if protocol in S3:
        return _pages(system, path, address, protocol)
    return _walk(system, path, address, protocol)


def _pages(system: Any, path: str, address: str, protocol: str) -> Iterator[Entry]:
    """Yield S3's objects page by page: fsspec's own ``find`` would hold all of them."""
    bucket, key, _ = system.split_path(path)
    prefix = f"{key.rstrip('/')}/" if key else ""
    request = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": PAGE}
    while True:
        answer = patiently(
            lambda: system.call_s3("list_objects_v2", **system.req_kw, **request),
            address,
            protocol,
        )
        if not {"Name", "IsTruncated"} & set(answer):
            raise stranger(address)
        for found in answer.get("Contents", ()):
            name = str(found["Key"])[len(prefix) :]
            if name and not name.endswith("/"):  # what web pages of stores make for a folder
                yield Entry(name, int(found["Size"]), str(found.get("ETag", "")).strip('"'))
        token = answer.get("NextContinuationToken")
        if not answer.get("IsTruncated") or not token:
            return
        request["ContinuationToken"] = token


def _walk(system: Any, top: str, address: str, protocol: str) -> Iterator[Entry]:
    waiting: list[tuple[str, Entry | None]] = [("", None)]
    while waiting:
        here, entry = waiting.pop()
        if entry is not None:
            yield entry
            continue
        path = f"{top}/{here}".rstrip("/") if top else here.rstrip("/")
        found: list[tuple[str, Entry | None]] = []
        for item in patiently(lambda path=path: _listed(system, path), address, protocol):  # type: ignore[misc]
            name = str(item["name"]).rstrip("/").rpartition("/")[2]
            if item.get("type") == "directory":
                if name and f"{here}{name}/" != here:
                    found.append((f"{here}{name}/", None))
            elif not SCRATCH.match(name):
                found.append((f"{here}{name}", _entry(f"{here}{name}", item)))
        waiting += sorted(found, key=lambda pair: os.fsencode(pair[0]), reverse=True)


def _listed(system: Any, path: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = system.ls(path, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    # A file's listing is itself.
    return [item for item in found if str(item["name"]).strip("/") != path.strip("/")]
