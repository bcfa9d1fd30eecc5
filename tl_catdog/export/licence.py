"""Whose an export is: the licence's text, and a notice that names the weights in this network."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tl_catdog.architectures import BASELINE
from tl_catdog.errors import CatdogError
from tl_catdog.export.card import licence_of
from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.runs.folder import Run
from tl_catdog.version import __version__
from tl_catdog.wording import printable

LICENCE, NOTICE = "LICENSE", "NOTICE"

_FAMILIES = {
    "mobilenet": ("MobileNetV2 (", "MobileNetV2:"),
    "efficientnet-lite": ("EfficientNet-Lite0,", "EfficientNet:"),
}
"""How the paragraphs of the project's NOTICE begin that tell of a backbone: first and last."""


def project_text(name: str) -> str:
    """Return the project's LICENSE or NOTICE: of the installed package, or beside its source.

    Raises:
        CatdogError: Neither is there.
    """
    beside = Path(__file__).resolve().parents[2] / name
    if beside.is_file() and (beside.parent / "pyproject.toml").is_file():
        return beside.read_text(encoding="utf-8")
    try:
        found = distribution("tl-catdog").read_text(f"licenses/{name}")
    except PackageNotFoundError:
        found = None
    if found is None:
        raise CatdogError(
            f"expected the file {name} that is installed with tl-catdog, found none.",
            "Type: pip install --force-reinstall tl-catdog",
        )
    return found


def notice(run: Run) -> str:
    """Return the NOTICE of an export: what is in the network, and under which licence.

    Raises:
        CatdogError: The package was installed without its own.
    """
    parts = [
        f"{printable(run.name)}, exported by tl-catdog {__version__}",
        f"The network: {licence_of(run)}",
        "The files beside it, such as prepare.py and examples/, are of tl-catdog, Copyright 2026 "
        "the tl-catdog\nauthors, licensed under the Apache License, Version 2.0 (LICENSE).",
    ]
    return "\n\n".join([*parts, *_weights(run)]) + "\n"


def _weights(run: Run) -> list[str]:
    """Return the paragraphs about the pretrained weights in a run's network."""
    arch = run.config["arch"]
    if arch == BASELINE:
        return []
    for family, (first, last) in _FAMILIES.items():
        if arch.startswith(family):
            paragraphs = project_text(NOTICE).strip().split("\n\n")
            start = next(i for i, text in enumerate(paragraphs) if text.startswith(first))
            end = next(i for i, text in enumerate(paragraphs) if text.startswith(last))
            said = "It includes pretrained weights, trained on ImageNet-1k; where the run was "
            return [f"{said}fine-tuned, some\nof them have changed.", *paragraphs[start : end + 1]]
    return [f"It includes pretrained weights: {backbone_of(arch).origin}."]
