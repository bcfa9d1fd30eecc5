"""Versions against declared bounds, and pip's word on the rest."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from importlib.metadata import PackageMetadata
from pathlib import Path

import pytest

from tl_catdog.doctor.check import Check
from tl_catdog.doctor.versions import (
    FIRST,
    check_consistency,
    check_versions,
    declared,
    installed,
)
from tl_catdog.version import __version__

REQUIRES = (
    "keras>=3.15.1",
    "pillow>=12.3",
    "tensorflow<2.23,>=2.20",
    "scipy>=1.15",
    "winonly>=1; sys_platform == 'nowhere'",
    "cleanlab>=2.9; extra == 'review'",
    "starlette>=1.3.1; extra == 'serve'",
    "uvicorn>=0.40; extra == 'serve'",
    "cleanlab>=2.9; extra == 'all'",
    "pytest>=8; extra == 'test'",
)


class Installed(metadata.Distribution):
    """A package of which there is the metadata only."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "METADATA" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def about(
    version: str = __version__, python: str = ">=3.8", requires: tuple[str, ...] = REQUIRES
) -> PackageMetadata:
    lines = ["Metadata-Version: 2.4", "Name: tl-catdog", f"Version: {version}"]
    lines += [f"Requires-Python: {python}", *(f"Requires-Dist: {item}" for item in requires)]
    lines += [f"Provides-Extra: {extra}" for extra in ("serve", "all", "review", "test")]
    return Installed("\n".join([*lines, ""])).metadata


ABOUT = about()
FINE = {
    **dict.fromkeys(FIRST, "99.0"),
    "keras": "3.16.0",
    "pillow": "12.3",
    "tensorflow": "2.21.0",
    "scipy": "1.15",
}


def checks(said: PackageMetadata | None = ABOUT, **changed: str | None) -> dict[str, Check]:
    """Return the checks by name, with some versions changed; None takes one out."""
    found = {name: value for name, value in {**FINE, **changed}.items() if value is not None}
    return {check.name: check for check in check_versions(said, found)}


def test_what_fits_is_fine_and_shows_its_bounds() -> None:
    found = checks()
    assert {check.state for check in found.values()} == {"ok"}
    assert found["tensorflow"].detail == "2.21.0 (>=2.20,<2.23)"
    assert found["Python"].detail == f"{platform.python_version()} (>=3.8)"
    assert "scipy" in found
    assert "winonly" not in found
    assert "pytest" not in found


def test_too_old_fails_with_what_to_type() -> None:
    found = checks(tensorflow="2.19.1")["tensorflow"]
    assert found.state == "failed"
    assert found.detail == "2.19.1, expected >=2.20,<2.23"
    assert "pip install" in found.hint
    assert "tensorflow" in found.hint


def test_a_release_candidate_within_the_bounds_is_fine() -> None:
    assert checks(tensorflow="2.22.0rc1")["tensorflow"].state == "ok"


def test_too_new_fails_and_is_no_matter_of_security() -> None:
    assert checks(tensorflow="2.23.0")["tensorflow"].state == "failed"
    found = checks(about(requires=("keras>=3.15.1,<4",)), keras="4.0")["keras"]
    assert found.state == "failed"
    assert "security" not in found.detail


def test_below_a_security_floor_says_so() -> None:
    for name, version in (("keras", "3.15.0"), ("pillow", "12.2.9")):
        found = checks(ABOUT, **{name: version})[name]
        assert found.state == "failed"
        assert "security" in found.detail


def test_what_is_missing_fails() -> None:
    found = checks(keras=None)["keras"]
    assert (found.state, found.detail) == ("failed", "not installed, expected >=3.15.1")


def test_a_python_that_is_too_old_fails() -> None:
    assert checks(about(python=">=9.1"))["Python"].state == "failed"


def test_an_extra_is_optional_but_must_fit_where_it_is_there() -> None:
    without, fits, old = (checks(cleanlab=v)["extra review"] for v in (None, "2.9", "2.0"))
    assert (without.state, without.hint) == ("ok", "Type: pip install 'tl-catdog[review]'")
    assert "not installed" in without.detail
    assert (fits.state, fits.detail) == ("ok", "cleanlab 2.9")
    assert (old.state, old.detail) == ("warning", "cleanlab 2.0, expected >=2.9")


def test_extras_that_are_for_no_user_are_left_out() -> None:
    shown = [name for name in checks() if name.startswith("extra")]
    assert shown == ["extra review", "extra serve"]


def test_metadata_of_another_version_is_a_warning() -> None:
    assert checks(about(version="0.0.1"))["tl-catdog"].state == "warning"


def test_without_being_installed_only_the_bounds_are_unknown() -> None:
    found = checks(None)
    assert found["tl-catdog"].state == "warning"
    assert found["keras"].state == "ok"
    assert checks(None, keras=None)["keras"].state == "failed"


def test_an_extra_below_its_security_floor_says_so() -> None:
    found = checks(starlette="1.3.0", uvicorn="0.41")["extra serve"]
    assert found.state == "warning"
    assert found.detail.startswith("starlette 1.3.0, expected >=1.3.1; a matter of security")
    assert "uvicorn" not in found.detail


def test_a_part_of_an_extra_is_not_all_of_it() -> None:
    found = checks(uvicorn="0.41")["extra serve"]
    assert (found.state, found.detail) == ("warning", "starlette not installed, expected >=1.3.1")


def test_this_very_package_declares_its_floors() -> None:
    said, found = declared(), installed()
    assert said is not None
    assert set(FIRST) <= set(found)
    shown = {check.name: check.detail for check in check_versions(said, found)}
    assert ">=3.15.1" in shown["keras"]
    assert ">=12.3" in shown["pillow"]


def test_names_are_found_however_they_are_spelt(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = [Installed(f"Name: {name}\nVersion: 1.0\n") for name in ("Keras_CV", "Pillow")]
    monkeypatch.setattr(metadata, "distributions", lambda: packages)
    assert installed() == {"keras-cv": "1.0", "pillow": "1.0"}


Pip = Callable[..., None]


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    """Let pip answer as it is told to, and hold that it is asked as it should be."""

    def answer(code: int, out: str = "", err: str = "") -> None:
        def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
            assert command[0] == sys.executable
            assert command[-1] == "check"
            assert isinstance(options["timeout"], float)
            return subprocess.CompletedProcess(command, code, out, err)

        monkeypatch.setattr(subprocess, "run", run)

    return answer


def test_pip_says_that_all_fits_together(pip: Pip) -> None:
    pip(0, "No broken requirements found.\n")
    (found,) = check_consistency()
    assert (found.name, found.state) == ("pip check", "ok")


def test_what_pip_finds_broken_is_shown(pip: Pip) -> None:
    pip(1, "tensorflow 2.21.0 requires ml-dtypes, which is not installed.\n")
    (found,) = check_consistency()
    assert (found.state, found.hint) == ("warning", "Type: python -m pip check")
    assert found.detail == "tensorflow 2.21.0 requires ml-dtypes, which is not installed."


def test_our_own_bounds_are_not_told_twice(pip: Pip) -> None:
    ours = "tl-catdog 0.1.0 has requirement keras>=3.15.1, but you have keras 3.0.\n"
    pip(1, ours)
    assert [check.state for check in check_consistency()] == ["ok"]
    pip(1, ours + "aaa 1 requires bbb, which is not installed.\n")
    (found,) = check_consistency()
    assert found.detail == "aaa 1 requires bbb, which is not installed."


def test_without_pip_it_is_left_out(pip: Pip) -> None:
    pip(1, err="/usr/bin/python: No module named pip\n")
    (found,) = check_consistency()
    assert (found.state, found.hint) == ("ok", "Type: uv pip check")


def test_a_pip_that_fails_says_why(pip: Pip) -> None:
    pip(2, err="ERROR: unknown\noption\n")
    (found,) = check_consistency()
    assert (found.state, found.detail) == ("warning", "ERROR: unknown option")


@pytest.mark.parametrize(
    "error", [subprocess.TimeoutExpired("pip", 30.0), FileNotFoundError("no python")]
)
def test_a_pip_that_never_answers_stops_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    (found,) = check_consistency()
    assert found.state == "warning"
    assert type(error).__name__ in found.detail


def test_pip_really_answers() -> None:
    """Whatever it finds here: it is asked in words that it understands."""
    (found,) = check_consistency()
    assert "Error" not in found.detail
    assert "Usage" not in found.detail


def test_a_file_that_is_named_like_pip_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    list(check_consistency())
    assert not (tmp_path / "ran").exists()
