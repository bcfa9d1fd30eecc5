"""Versions of what the program stands on, against the bounds that its own metadata declares."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from tl_catdog.doctor.check import FAILED, OK, WARNING, Check
from tl_catdog.version import __version__

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

PACKAGE = "tl-catdog"

ALWAYS = (
    "tensorflow",
    "keras",
    "keras-cv",
    "numpy",
    "pillow",
    "onnxruntime",
    "onnx",
    "scikit-learn",
    "typer",
    "rich",
)
"""Shown first, and also where the metadata says nothing of them."""

SECURITY = {
    "keras": "older ones run code from .keras files",
    "pillow": "older decoders can be attacked by pictures",
}
"""Packages whose lower bound is there for safety, and why."""

NO_EXTRAS = {"all", "test"}
"""Extras that users don't choose for a feature."""


@dataclass(frozen=True)
class Declared:
    """What the installed package's metadata declares.

    Attributes:
        version: Its own version.
        python: Bounds on Python's version, such as ``>=3.11``.
        requires: Requirements as in ``importlib.metadata.requires``.
        extras: Names of its extras.
    """

    version: str
    python: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]


def declared() -> Declared | None:
    """Return what the installed package declares, or None where it isn't installed as a package."""
    try:
        about = metadata.metadata(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    return Declared(
        about["Version"],
        about["Requires-Python"] or "",
        tuple(metadata.requires(PACKAGE) or ()),
        tuple(sorted(about.get_all("Provides-Extra") or ())),
    )


def installed(about: Declared | None) -> dict[str, str]:
    """Return the versions of those packages of interest that are installed."""
    from packaging.requirements import Requirement

    names = {Requirement(item).name for item in (about.requires if about else ())} | {*ALWAYS}
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def check_versions(about: Declared | None, found: Mapping[str, str]) -> list[Check]:
    """Compare versions with the declared bounds.

    Args:
        about: What the package declares; None if it isn't installed as one.
        found: Package → version, of those that are installed.
    """
    checks = [_own(about)]
    if about is not None:
        checks.insert(0, _python(about))
    needed = {item.name.lower(): item for item in _requirements(about, None)}
    names = (*ALWAYS, *(name for name in sorted(needed) if name not in ALWAYS))
    checks.extend(_package(name, found.get(name), _bounds(needed.get(name))) for name in names)
    for extra in about.extras if about else ():
        if extra not in NO_EXTRAS:
            checks.append(_extra(extra, _requirements(about, extra), found))
    return checks


def _python(about: Declared) -> Check:
    from packaging.specifiers import SpecifierSet

    version, bounds = platform.python_version(), SpecifierSet(about.python)
    if bounds.contains(version, prereleases=True):
        return Check("Python", OK, _with_bounds(version, bounds))
    return Check(
        "Python", FAILED, f"{version}, expected {bounds}", f"Install Python {bounds} and use that."
    )


def _own(about: Declared | None) -> Check:
    if about is None:
        return Check(
            PACKAGE,
            WARNING,
            f"{__version__}, not installed as a package: its bounds are unknown",
            "Type: pip install -e .",
        )
    if about.version != __version__:
        return Check(
            PACKAGE,
            WARNING,
            f"{__version__}, but its installed metadata says {about.version}: bounds may be old",
            "Type: pip install -e . there, or pip install --force-reinstall tl-catdog",
        )
    return Check(PACKAGE, OK, __version__)


def _package(name: str, version: str | None, bounds: SpecifierSet | None) -> Check:
    install = f"Type: pip install --upgrade '{name}{bounds or ''}'"
    if version is None:
        wanted = f", expected {_shown(bounds)}" if bounds else ""
        return Check(name, FAILED, f"not installed{wanted}", install)
    if bounds is None or bounds.contains(version, prereleases=True):
        return Check(name, OK, _with_bounds(version, bounds))
    detail = f"{version}, expected {_shown(bounds)}"
    if name in SECURITY and _is_older(version, bounds):
        detail += f"; a matter of security: {SECURITY[name]}"
    return Check(name, FAILED, detail, install)


def _extra(name: str, needed: Sequence[Requirement], found: Mapping[str, str]) -> Check:
    hint = f"Type: pip install '{PACKAGE}[{name}]'"
    versions = {item.name: found.get(item.name) for item in needed}
    label = f"extra {name}"
    if not any(versions.values()):
        return Check(label, OK, f"not installed (optional: {', '.join(versions)})", hint)
    wrong = [
        f"{item.name} {versions[item.name] or 'missing'}, expected {_shown(item.specifier)}"
        for item in needed
        if not item.specifier.contains(versions[item.name] or "0", prereleases=True)
    ]
    if wrong:
        return Check(label, WARNING, "; ".join(wrong), hint)
    return Check(label, OK, ", ".join(f"{key} {value}" for key, value in versions.items()))


def _requirements(about: Declared | None, extra: str | None) -> list[Requirement]:
    """Return what is needed here always, or for an extra only."""
    from packaging.requirements import Requirement

    found = []
    for item in map(Requirement, about.requires if about else ()):
        always = item.marker is None or item.marker.evaluate({"extra": ""})
        wanted = always if extra is None else not always
        if wanted and (extra is None or (item.marker and item.marker.evaluate({"extra": extra}))):
            found.append(item)
    return [item for item in found if item.name.lower() != PACKAGE]


def _bounds(needed: Requirement | None) -> SpecifierSet | None:
    return needed.specifier if needed is not None and str(needed.specifier) else None


def _shown(bounds: SpecifierSet | None) -> str:
    """Return bounds with the lower one first."""
    return ",".join(sorted(map(str, bounds or ()), reverse=True))


def _with_bounds(version: str, bounds: SpecifierSet | None) -> str:
    return f"{version} ({_shown(bounds)})" if bounds else version


def _is_older(version: str, bounds: SpecifierSet) -> bool:
    from packaging.version import Version

    lower = [Version(item.version) for item in bounds if item.operator in (">=", ">", "~=")]
    return any(Version(version) < bound for bound in lower)
