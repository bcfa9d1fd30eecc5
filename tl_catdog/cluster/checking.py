"""Stub."""

from __future__ import annotations

from typing import Any


def inspected(pictures: Any) -> Any:
    raise NotImplementedError
