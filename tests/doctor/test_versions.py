"""Versions against declared bounds."""

import platform

from tl_catdog.doctor.check import Check
from tl_catdog.doctor.versions import ALWAYS, Declared, check_versions, declared, installed
from tl_catdog.version import __version__

ABOUT = Declared(
    __version__,
    ">=3.8",
    (
        "keras>=3.15.1",
        "pillow>=12.3",
        "tensorflow<2.23,>=2.20",
        "scipy>=1.15",
        "winonly>=1; sys_platform == 'nowhere'",
        "cleanlab>=2.9; extra == 'review'",
        "cleanlab>=2.9; extra == 'all'",
        "pytest>=8; extra == 'test'",
    ),
    ("all", "review", "test"),
)
FINE = {
    **dict.fromkeys(ALWAYS, "99.0"),
    "keras": "3.16.0",
    "pillow": "12.3",
    "tensorflow": "2.21.0",
    "scipy": "1.15",
}


def checks(about: Declared | None = ABOUT, **changed: str | None) -> dict[str, Check]:
    """Return the checks by name, with some versions changed; None takes one out."""
    versions = {name: value for name, value in {**FINE, **changed}.items() if value is not None}
    return {check.name: check for check in check_versions(about, versions)}


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


def test_too_new_fails_and_is_no_matter_of_security() -> None:
    assert checks(tensorflow="2.23.0")["tensorflow"].state == "failed"
    about = Declared(ABOUT.version, ABOUT.python, ("keras>=3.15.1,<4",), ())
    found = checks(about, keras="4.0")["keras"]
    assert found.state == "failed"
    assert "security" not in found.detail


def test_below_a_security_floor_says_so() -> None:
    for name, version in (("keras", "3.15.0"), ("pillow", "12.2.9")):
        found = checks(**{name: version})[name]
        assert found.state == "failed"
        assert "security" in found.detail


def test_what_is_missing_fails() -> None:
    found = checks(keras=None)["keras"]
    assert (found.state, found.detail) == ("failed", "not installed, expected >=3.15.1")


def test_a_python_that_is_too_old_fails() -> None:
    about = Declared(ABOUT.version, ">=9.1", (), ())
    assert checks(about)["Python"].state == "failed"


def test_an_extra_is_optional_but_must_fit_where_it_is_there() -> None:
    without, fits, old = (checks(cleanlab=v)["extra review"] for v in (None, "2.9", "2.0"))
    assert (without.state, without.hint) == ("ok", "Type: pip install 'tl-catdog[review]'")
    assert "not installed" in without.detail
    assert (fits.state, fits.detail) == ("ok", "cleanlab 2.9")
    assert (old.state, old.detail) == ("warning", "cleanlab 2.0, expected >=2.9")


def test_extras_that_are_for_no_user_are_left_out() -> None:
    assert [name for name in checks() if name.startswith("extra")] == ["extra review"]


def test_metadata_of_another_version_is_a_warning() -> None:
    about = Declared("0.0.1", ABOUT.python, (), ())
    assert checks(about)["tl-catdog"].state == "warning"


def test_without_being_installed_only_the_bounds_are_unknown() -> None:
    found = checks(None)
    assert found["tl-catdog"].state == "warning"
    assert found["keras"].state == "ok"
    assert checks(None, keras=None)["keras"].state == "failed"


def test_this_very_package_declares_its_floors() -> None:
    about = declared()
    assert about is not None
    found = installed(about)
    assert set(ALWAYS) <= set(found)
    shown = {check.name: check.detail for check in check_versions(about, found)}
    assert ">=3.15.1" in shown["keras"]
    assert ">=12.3" in shown["pillow"]
