"""``data show``: where the sheet goes, and what is refused."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Cli, paint_set
from tests.support.commands import watched
from tl_catdog.defaults import arch_defaults

PLAIN = "tl_catdog.pages.contact_sheet.contact_sheet"
AUGMENTED = "tl_catdog.pages.contact_sheet.augmented_sheet"


def test_the_sheet_is_a_picture_here(cli: Cli, pets: Path) -> None:
    done = cli("data", "show", pets)
    assert done.code == 0
    assert done.out == "pets-contact-sheet.png\n"
    assert Image.open("pets-contact-sheet.png").width > 800


def test_augmented_has_a_file_of_its_own_and_json_says_what_is_on_it(cli: Cli, pets: Path) -> None:
    for path in pets.glob("*/01*.png"):
        path.unlink()
    (pets / "ant" / "broken.png").write_bytes(b"broken")
    done = cli("data", "show", pets, "--augmented", "--arch", "baseline", "--count", 12, "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["figure"] == "pets-augmented.png"
    assert len(found["shown"]) == 20
    assert found["skipped"][0]["path"].endswith("broken.png")
    assert "broken.png" in done.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--out", "sheet.jpg"], "ends in .png"),
        (["--augmented", "--augment", "heavy"], "found 'heavy'"),
        (["--split", "train"], "expected one of the splits all"),
    ],
)
def test_wrong_use_is_one_line(cli: Cli, pets: Path, words: list[str], problem: str) -> None:
    done = cli("data", "show", pets, *words)
    assert done.code == 2
    assert problem in done.err


def test_options_reach_the_sheet(cli: Cli, pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = watched(monkeypatch, PLAIN)
    cli("data", "show", "pets")
    cli("data", "show", "pets", "--count", 5, "--seed", 6, "--split", "all")
    assert [images.name for (images,), _ in calls] == ["pets", "pets"]
    assert [named for _, named in calls] == [
        {"count": 8, "seed": 0, "split": None},
        {"count": 5, "seed": 6, "split": "all"},
    ]


@pytest.mark.parametrize(
    ("words", "recipe", "arch"),
    [
        ([], "light", "mobilenet"),
        (["--arch", "baseline"], "strong", "baseline"),
        (["--arch", "baseline", "--augment", "randaugment"], "randaugment", "baseline"),
    ],
)
def test_the_augmentation_is_the_architectures_unless_another_is_named(
    cli: Cli,
    pets: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    recipe: str,
    arch: str,
) -> None:
    calls = watched(monkeypatch, AUGMENTED)
    cli("data", "show", "pets", "--augmented", "--seed", 4, *words)
    cli("data", "show", "pets", "--augmented", "--count", 2, *words)
    ((_, named), (_, few)) = calls
    size = arch_defaults(arch)["image_size"]
    assert named == {
        "count": 3, "seed": 4, "split": None, "recipe": recipe, "image_size": size,
    }  # fmt: skip
    assert few["count"] == 2


def test_only_pictures_of_the_split_named_are_shown(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint_set(tmp_path / "set", {"train": 3, "test": 2})
    found = json.loads(cli("data", "show", "set", "--split", "test", "--json").out)
    assert len(found["shown"]) == 4
    assert all(name.startswith("test/") for name in found["shown"])
