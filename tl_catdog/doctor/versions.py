"""Versions of what the program stands on: declared bounds by our metadata, the rest by pip."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING

from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, one_line, reason
from tl_catdog.version import __version__

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

    from packaging.specifiers import SpecifierSet

PACKAGE = "tl-catdog"

FIRST = ("tensorflow", "keras", "keras-cv", "numpy", "pillow", "onnxruntime", "onnx")
"""Shown first, and also where the metadata says nothing of them."""

SECURITY = {
    "keras": "older ones run code from .keras files",
    "pillow": "older decoders can be attacked by pictures",
    "starlette": "older servers can be attacked by requests",
    "python-multipart": "older servers can be attacked by requests",
}
"""Packages whose lower bound is there for safety, and why."""

NO_EXTRAS = {"all", "test"}
"""Extras that users don't choose for a feature."""

PIP_SECONDS = 30.0


def declared() -> PackageMetadata | None:
    """Return what the installed package declares, or None where it isn't installed as a package."""
    try:
        return metadata.metadata(PACKAGE)
    except metadata.PackageNotFoundError:
        return None


def installed() -> dict[str, str]:
    """Return package → version of all that is installed, the names in lower case with dashes."""
    found = ((one.metadata["Name"], one.version) for one in metadata.distributions())
    return {name.lower().replace("_", "-"): version for name, version in found if name}


def check_versions(about: PackageMetadata | None, found: Mapping[str, str]) -> Iterator[Check]:
    """Compare versions, as ``installed`` returns them, with the bounds that are declared."""
    from packaging.specifiers import SpecifierSet

    again = f"Type: pip install --force-reinstall {PACKAGE}, or in its source pip install -e ."
    if about is None:
        unknown = f"{__version__}, not installed as a package: its bounds are unknown"
        yield Check(PACKAGE, WARNING, unknown, again)
    elif about["Version"] != __version__:
        other = f"{__version__}, but its metadata says {about['Version']}: bounds may be old"
        yield Check(PACKAGE, WARNING, other, again)
    else:
        yield Check(PACKAGE, OK, __version__)
    python = SpecifierSet(about["Requires-Python"] if about else "")
    hint = f"Install Python {python} and use that."
    yield _bounded("Python", platform.python_version(), python, hint)
    always = _required(about)
    for name in dict.fromkeys((*FIRST, *sorted(always))):
        bounds = always.get(name, SpecifierSet())
        hint = f"Type: pip install --upgrade '{name}{bounds}'"
        yield _bounded(name, found.get(name), bounds, hint)
    for extra in sorted(about.get_all("Provides-Extra") or ()) if about else ():
        if extra not in NO_EXTRAS:
            more = {name: at for name, at in _required(about, extra).items() if name not in always}
            yield _extra(extra, more, found)


def _required(about: PackageMetadata | None, extra: str = "") -> dict[str, SpecifierSet]:
    """Return package → bounds of what is required on this system, with an extra or without."""
    from packaging.requirements import Requirement

    items = map(Requirement, (about and about.get_all("Requires-Dist")) or ())
    return {
        item.name.lower(): item.specifier
        for item in items
        if item.name.lower() != PACKAGE
        and (item.marker is None or item.marker.evaluate({"extra": extra}))
    }


def _bounded(name: str, version: str | None, bounds: SpecifierSet, hint: str) -> Check:
    misfit = _misfit(name, version, bounds)
    if misfit:
        return Check(name, FAILED, misfit, hint)
    return Check(name, OK, f"{version} ({_shown(bounds)})" if bounds else str(version))


def _extra(extra: str, needed: Mapping[str, SpecifierSet], found: Mapping[str, str]) -> Check:
    name, hint = f"extra {extra}", f"Type: pip install '{PACKAGE}[{extra}]'"
    there = [f"{package} {found[package]}" for package in needed if package in found]
    if not there:
        return Check(name, OK, f"not installed (optional: {', '.join(needed)})", hint)
    misfits = {package: _misfit(package, found.get(package), at) for package, at in needed.items()}
    wrong = [f"{package} {misfit}" for package, misfit in misfits.items() if misfit]
    return (
        Check(name, WARNING, "; ".join(wrong), hint) if wrong else Check(name, OK, ", ".join(there))
    )


def _misfit(name: str, version: str | None, bounds: SpecifierSet) -> str:
    """Return how a version is outside of its bounds, and whether that is unsafe; "" if it isn't."""
    from packaging.version import Version

    expected = f", expected {_shown(bounds)}" if bounds else ""
    if version is None:
        return f"not installed{expected}"
    if bounds.contains(version, prereleases=True):
        return ""
    lowest = [Version(item.version) for item in bounds if item.operator in (">=", ">", "~=")]
    old = any(Version(version) < bound for bound in lowest)
    unsafe = f"; a matter of security: {SECURITY[name]}" if old and name in SECURITY else ""
    return f"{version}{expected}{unsafe}"


def _shown(bounds: SpecifierSet) -> str:
    """Return bounds with the lower one first."""
    return ",".join(sorted(map(str, bounds), reverse=True))


def check_consistency() -> Iterator[Check]:
    """Ask ``pip check`` whether all that is installed fits together; it needs no network."""
    # -P: a file pip.py in this folder is not pip.
    command = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "check"]
    name, hint = "pip check", "Type: python -m pip check"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Check(name, WARNING, reason(error), hint)
        return
    # What is wrong with our own requirements has been said with their bounds.
    wrong = [line for line in done.stdout.splitlines() if not line.startswith(f"{PACKAGE} ")]
    if "No module named pip" in done.stderr:
        yield Check(name, OK, "left out: there is no pip here", "Type: uv pip check")
    elif done.returncode == 0 or (done.stdout and not wrong):
        yield Check(name, OK, "all that is installed fits together")
    else:
        yield Check(name, WARNING, one_line("; ".join(wrong) or done.stderr), hint)
