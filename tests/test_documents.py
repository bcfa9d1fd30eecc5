"""The documents say what is true: commands, options, links, paths, the tree, the releases."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tl_catdog.config import NAMES
from tl_catdog.setting import flag
from tl_catdog.version import __version__

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tl_catdog"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(
    path
    for path in ROOT.glob("**/*.md")
    if not any(part.startswith(".") or part == "build" for part in path.relative_to(ROOT).parts)
)
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def command(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```sh\n(.+)\n```", README)
    assert found
    return found[1]


def block(path: Path, language: str) -> list[str]:
    """Return the first words of the lines of a document's fenced block."""
    found = re.search(rf"^```{language}\n(.*?)^```", text_of(path), re.DOTALL | re.MULTILINE)
    assert found, language
    return [line.split()[0] for line in found[1].splitlines() if line.strip()]


def test_the_two_commands_are_one_line_each_and_set_everything_up() -> None:
    for marker, does in (("train-command", "tl-catdog train"), ("test-command", "pytest")):
        line = command(marker)
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert does in line


def test_ci_takes_its_command_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "<!-- test-command -->" in script
    assert command("test-command") not in script


def test_the_readme_is_short_and_begins_with_what_to_type() -> None:
    assert len(README.splitlines()) <= 160
    fences = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert [fence.strip() for fence in fences[:2]] == [
        command("train-command"),
        command("test-command"),
    ]
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert headings == [
        "Install",
        "First answer",
        "Your pictures",
        "Train → compare → predict",
        "From Python",
        "Commands",
        "How it works",
        "More",
    ]


def test_the_readmes_tree_names_every_room() -> None:
    tree = README.split("    tl_catdog/\n")[1].split("\n\n")[0]
    named = re.findall(r"^      (\w+)/ ", tree, re.MULTILINE)
    rooms = [path.parent.name for path in PACKAGE.glob("*/__init__.py")]
    assert sorted(named) == sorted(rooms)


def test_the_readmes_table_names_every_command() -> None:
    table = README.split("## Commands\n")[1].split("\n## ")[0]
    pages = {path.stem for path in (ROOT / "docs" / "commands").glob("*.md")}
    pages -= {"index", "data", "batch"}
    words = {page.removeprefix("data-").removeprefix("batch-") for page in pages}
    assert [word for word in words if not re.search(rf"`((data|batch) )?{word}`", table)] == []


def test_every_setting_is_described() -> None:
    page = text_of(ROOT / "docs" / "commands" / "train.md")
    assert [name for name in NAMES if f"`{flag(name)}" not in page] == []


def test_the_design_names_every_file_of_every_room() -> None:
    named = block(ROOT / "docs" / "design.md", "files")
    files = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.glob("*/**/*.py")
        if path.name != "__init__.py"
    }
    assert len(named) == len(set(named))
    assert (files - set(named), set(named) - files) == (set(), set())


def test_the_functions_that_the_design_names_are_in_the_files_it_names() -> None:
    text = text_of(ROOT / "docs" / "design.md")
    told = re.findall(r"`([\w/]+\.py)`\s+\((`[^)]+`)\)", text)
    assert len(told) > 15
    for file, names in told:
        code = text_of(PACKAGE / file)
        for name in re.findall(r"`([\w.]+)`", names):
            assert re.search(rf"\b(def|class) {name.rpartition('.')[2]}\b", code), (file, name)


def anchors(path: Path) -> Iterator[str]:
    """Yield what a document's headings are linked by, as GitHub and the site make it."""
    without_code = re.sub(r"^```.*?^```", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#+ (.+)$", without_code, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        yield words.strip().replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text_of(path)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), target
        if anchor:
            assert anchor in set(anchors(found)), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_code_that_a_document_names_exist(path: Path) -> None:
    folders = (ROOT, PACKAGE, path.parent)
    for name in re.findall(r"(?<![\w./-])(?:\w[\w.-]*/)+\w+\.py\b", text_of(path)):
        assert any((folder / name).is_file() for folder in folders), name


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_each_decision_has_a_date_and_a_status_and_is_listed(path: Path) -> None:
    text = text_of(path)
    number = path.name[:3]
    assert text.startswith(f"# {number} ")
    date = re.search(r"^Date: (\d{4}-\d\d-\d\d)", text, re.MULTILINE)
    status = re.search(r"^Status: (proposed|accepted|replaced)", text, re.MULTILINE)
    assert date
    assert status
    (line,) = (
        line
        for line in text_of(path.with_name("README.md")).splitlines()
        if f"({path.name})" in line
    )
    assert line.startswith(f"| [{number}]")
    assert f"| {date[1]} | {status[1]}" in line


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [path.name[:3] for path in RECORDS] == [f"{n:03}" for n in range(1, len(RECORDS) + 1)]


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__} " in CHANGELOG


def test_releases_are_dated_newest_first_and_sorted_by_kind_of_change() -> None:
    releases = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    if releases[0] == "Unreleased":
        releases.pop(0)
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d\d-\d\d)\)", item) for item in releases]
    assert all(found), releases
    keys = [(tuple(map(int, item.groups()[:3])), item[4]) for item in found if item]
    assert keys == sorted(keys, reverse=True)
    for part in re.split(r"^## .+$", CHANGELOG, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert kinds
        assert kinds == [kind for kind in ("Added", "Changed", "Fixed") if kind in kinds]


def test_the_extra_all_holds_every_optional_part() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    # Clusters and stores take half a gigabyte, and each user needs one or two of them.
    apart = {"batch", "dask", "ray", "s3", "gs", "az", "hf"}
    extras = set(project["optional-dependencies"]) - {"all", "test"} - apart
    (everything,) = project["optional-dependencies"]["all"]
    named = re.search(r"\[(.+)\]", everything)
    assert named
    assert set(named[1].split(",")) == extras
