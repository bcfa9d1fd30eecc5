"""``data show``: where the sheet goes, and what is refused."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Cli, paint_set


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return paint_set(tmp_path / "pets", {"": 6})


def test_the_sheet_is_a_picture_here(cli: Cli, pictures: Path) -> None:
    done = cli("data", "show", pictures)
    assert done.code == 0
    assert done.out == "pets-contact-sheet.png\n"
    assert Image.open("pets-contact-sheet.png").width > 800


def test_augmented_has_a_file_of_its_own_and_json_says_what_is_on_it(
    cli: Cli, pictures: Path
) -> None:
    (pictures / "ant" / "broken.png").write_bytes(b"broken")
    done = cli(
        "data", "show", pictures, "--augmented", "--arch", "baseline", "--count", 7, "--json"
    )
    assert done.code == 0
    found = json.loads(done.out)
    assert found["figure"] == "pets-augmented.png"
    assert len(found["shown"]) == 12
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
def test_wrong_use_is_one_line(cli: Cli, pictures: Path, words: list[str], problem: str) -> None:
    done = cli("data", "show", pictures, *words)
    assert done.code == 2
    assert problem in done.err
