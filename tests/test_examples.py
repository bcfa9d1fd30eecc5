"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import tl_catdog

PACKAGE = Path(tl_catdog.__file__).parent


def with_examples() -> list[str]:
    """Return the modules whose source holds an example."""
    return sorted(
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
        if ">>> " in path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_a_module_hold(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what they write stays out of the project
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0


def test_what_users_import_has_examples() -> None:
    assert len(with_examples()) >= 10
    assert {"tl_catdog.api", "tl_catdog.api.classifier", "tl_catdog.config"} <= set(with_examples())
