"""What fsspec opens addresses with: which package that needs, and how it is set up."""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import Any

from tl_catdog.errors import UsageError
from tl_catdog.storage.failures import ALIASES, patiently

EXTRAS = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "hf": "huggingface_hub"}
"""The extra of this program, and the package that it brings, by protocol."""

_systems: dict[tuple[int, str, str], Any] = {}
_lock = threading.Lock()


def require(protocol: str, address: str) -> None:
    """Make sure that what reads an address is installed.

    Raises:
        UsageError: A package is missing, or the protocol is unknown.
    """
    if "::" in address:
        raise UsageError(
            f"expected one address, found several, joined by '::', in {protocol}://….",
            "Name the files themselves",
        )
    extra = ALIASES.get(protocol, protocol)
    for needed in ("fsspec", "tenacity"):
        if importlib.util.find_spec(needed) is None:
            name = extra if extra in EXTRAS else "batch"
            raise UsageError(
                f"expected the package {needed} for {protocol}://, found it isn't installed.",
                f"Type: pip install 'tl-catdog[{name}]'",
            )
    from fsspec.registry import get_filesystem_class, known_implementations

    try:
        get_filesystem_class(protocol)
    except ImportError as error:
        package = EXTRAS.get(extra)
        needs = known_implementations.get(protocol, {}).get("err", "another package")
        raise UsageError(
            f"expected a package that reads {protocol}://, found it isn't installed.",
            f"Type: pip install 'tl-catdog[{extra}]', which brings {package}"
            if package
            else str(needs),
        ) from error
    except ValueError as error:
        raise UsageError(
            "expected a folder or an address of a protocol that is known, such as s3://, gs://, "
            f"az:// or hf://, found {protocol}://.",
            "Name one of those, or a folder",
        ) from error


def system_of(address: str) -> tuple[Any, str, str]:
    """Return what fsspec opens an address with, the path in it, and the protocol."""
    from fsspec.registry import get_filesystem_class

    protocol = address.partition("://")[0]
    cls = get_filesystem_class(protocol)
    options = dict(cls._get_kwargs_from_urls(address))
    key = os.getpid(), protocol, repr(sorted(options.items()))  # a fork mustn't share connections
    with _lock:
        if key not in _systems:
            _systems[key] = _opened(cls, protocol, options)
        return _systems[key], cls._strip_protocol(address), protocol


def _opened(cls: Any, protocol: str, options: dict[str, Any]) -> Any:
    if protocol in ("s3", "s3a"):
        # Without max_concurrency=1, s3fs asks for each size before it reads, and a large read that
        # is cut short comes back at its full length, filled with zeros.
        options |= {
            "max_concurrency": 1,
            "config_kwargs": {
                "retries": {"total_max_attempts": 1, "mode": "standard"},
                "connect_timeout": 10,
                "read_timeout": 60,
                "max_pool_connections": 64,
            },
        }
    system = patiently(
        lambda: cls(**options, use_listings_cache=False, skip_instance_cache=True),
        f"{protocol}://",
        protocol,
    )
    if protocol in ("s3", "s3a"):
        system.retries = 1
    return system
