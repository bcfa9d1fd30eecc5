"""The documents say what is true: commands, options, links."""

import re
import tomllib
from pathlib import Path

import pytest

from tl_catdog.config import NAMES, flag
from tl_catdog.version import __version__

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(path for path in ROOT.glob("**/*.md") if ".venv" not in path.parts)


def command(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```sh\n(.+)\n```", README)
    assert found
    return found[1]


def test_the_two_commands_are_one_line_each_and_set_everything_up() -> None:
    for marker, does in (("train-command", "tl-catdog train"), ("test-command", "pytest")):
        line = command(marker)
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert does in line


def test_ci_takes_its_command_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "<!-- test-command -->" in script
    assert command("test-command") not in script


def test_every_setting_is_described() -> None:
    assert [name for name in NAMES if f"`{flag(name)}" not in README] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_the_extra_all_holds_every_optional_part() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = set(project["optional-dependencies"]) - {"all", "test"}
    (everything,) = project["optional-dependencies"]["all"]
    assert set(re.search(r"\[(.+)\]", everything)[1].split(",")) == extras  # type: ignore[index]
