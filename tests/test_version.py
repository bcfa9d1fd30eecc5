"""Versions: the program's own and those of packages."""

import re
from importlib import metadata

from tl_catdog import version


def test_the_version_is_a_release_of_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.__version__)


def test_a_package_has_its_installed_version_and_others_say_so() -> None:
    assert version.version_of("numpy") == metadata.version("numpy")
    assert version.version_of("surely-not-installed") == "not installed"
