"""``data check``: what it says, what it ends with, and the page it leaves."""

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import interrupt, watched
from tests.support.copies import near_copy
from tests.support.trees import plant
from tl_catdog.audit.findings import Finding
from tl_catdog.drawings import draw_set


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draw_set(Path("pets"), counts={"train": 4, "validation": 3}, size=160, workers=1)
    return tmp_path / "pets"


def leak(pictures: Path) -> str:
    original = sorted(pictures.glob("train/dogs/*"))[0]
    (pictures / "validation" / "dogs" / "copy.jpg").write_bytes(
        near_copy(original.read_bytes(), "cropped")
    )
    return original.name


def test_a_good_set_passes_and_leaves_no_page(cli: Cli, pictures: Path) -> None:
    done = cli("data", "check", pictures)
    assert done.code == 0
    assert "pets: 14 pictures" in done.out
    assert "Nothing to put right." in done.out
    assert not list(pictures.parent.glob("*.html"))


@pytest.mark.parametrize("columns", [80, 120])
def test_a_leak_is_named_with_what_it_may_inflate(cli: Cli, pictures: Path, columns: int) -> None:
    name = leak(pictures)
    done = cli("data", "check", pictures, columns=columns)
    text = re.sub(r"\s+", "", done.out)
    assert done.code == 1
    # At 80 columns the cell folds between the others'.
    assert (f"validation/dogs/copy.jpg=train/dogs/{name}" in text) == (columns == 120)
    assert f"train/dogs/{name}" in done.out
    assert "Trainingseesacopyof1of7validationpictures:accuracytheremaybeupto14.3points" in text
    assert f"Next: tl-catdog data fix {pictures}" in done.out
    assert max(map(len, done.out.split("Pictures:")[0].splitlines())) <= columns
    page = (pictures.parent / "pets-check.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "http" not in re.sub(r"data:[^\"]+|http://www.w3.org", "", page)


def test_json_has_the_documented_shape(cli: Cli, pictures: Path) -> None:
    name = leak(pictures)
    done = cli("data", "check", pictures, "--json", "--no-outliers")
    found = json.loads(done.out)
    assert done.code == 1
    assert found["pictures"] == 15
    assert found["seconds"] > 0
    (finding,) = found["findings"]
    assert finding["kind"] == "leak"
    # The first one stays.
    assert finding["paths"] == ["validation/dogs/copy.jpg", f"train/dogs/{name}"]
    assert finding["detail"].startswith("near-copies")
    assert found["seen_in_training"] == {"validation": {"pictures": 1, "of": 7, "points": 14.29}}
    assert found["failed_on"] == ["leak"]
    assert found["page"] is None


@pytest.mark.parametrize(
    ("kinds", "code"), [("leak", 1), ("corrupt,truncated", 0), ("none", 0), ("corrupt, leak", 1)]
)
def test_the_exit_code_follows_fail_on(cli: Cli, pictures: Path, kinds: str, code: int) -> None:
    leak(pictures)
    assert cli("data", "check", pictures, "--fail-on", kinds, "--no-outliers").code == code


def test_unknown_kinds_are_refused_with_those_there_are(cli: Cli, pictures: Path) -> None:
    done = cli("data", "check", pictures, "--fail-on", "leaks")
    assert done.code == 2
    assert "label-conflict" in done.err
    assert "found leaks" in done.err


def test_a_missing_folder_is_one_line(cli: Cli, tmp_path: Path) -> None:
    done = cli("data", "check", tmp_path / "nowhere")
    assert done.code == 2
    assert done.err.startswith("Error: expected a folder of pictures")


def test_the_page_goes_where_it_is_told(cli: Cli, pictures: Path, tmp_path: Path) -> None:
    done = cli("data", "check", pictures, "--html", tmp_path / "deep" / "page.html")
    assert done.code == 0
    assert "Nothing to put right." in (tmp_path / "deep" / "page.html").read_text()
    done = cli("data", "check", pictures, "--html", "/dev/null/page.html")
    assert done.code == 2
    assert "expected a file that can be written" in done.err


def test_everything_left_out_is_shown_not_only_the_first(cli: Cli, pictures: Path) -> None:
    plant(pictures, "train/cats/a.txt", "train/cats/b.jxl", "more/ 2", "test/ 3")
    done = cli("data", "check", pictures, "--no-outliers", columns=200)
    text = re.sub(r"\s+", "", done.out)
    for what in ("1 × .txt", "1 × .jxl", "2 × pictures in more beside train"):
        assert what.replace(" ", "") in text
    assert "3×pictureswithoutaclassintest(tl-catdogpredictpets/test)" in text


def test_odd_names_are_shown_and_escaped(cli: Cli, pictures: Path) -> None:
    for name in ("[red]a\nb.jpg", "<b>&.jpg"):
        (pictures / "train" / "dogs" / name).write_bytes(b"")
    done = cli("data", "check", pictures, columns=120)
    assert done.code == 1
    assert "[red]" in done.out or "<b>" in done.out
    page = (pictures.parent / "pets-check.html").read_text()
    assert "<b>" not in page.replace("<b>&", "") or "&lt;b&gt;&amp;.jpg" in page
    assert "&lt;b&gt;&amp;.jpg" in page


OUTLIERS = "tl_catdog.audit.outliers.outliers"


def test_odd_ones_out_are_looked_for_unless_told_not_to(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = Finding("outlier", ("train/dogs/0001.jpg",), "distance 0.9")
    calls = watched(monkeypatch, OUTLIERS, lambda *_: [strange])
    done = cli("data", "check", pictures, "--json", "--no-outliers")
    assert (json.loads(done.out)["findings"], calls) == ([], [])
    done = cli("data", "check", pictures, "--json")
    assert json.loads(done.out)["findings"] == [strange.to_json()]
    (((usable, _), _),) = calls
    assert len(usable) == 14
    assert done.code == 0  # it is worth a look, and loses nothing
    assert cli("data", "check", pictures, "--json", "--fail-on", "outlier").code == 1


def test_what_is_only_worth_a_look_is_offered_and_what_is_serious_comes_next(
    cli: Cli, pictures: Path
) -> None:
    original = sorted(pictures.glob("train/dogs/*"))[0]
    (pictures / "train" / "dogs" / "copy.jpg").write_bytes(original.read_bytes())
    done = cli("data", "check", "pets", "--no-outliers")
    assert done.code == 0
    assert done.out.endswith("If you want: tl-catdog data fix pets --kinds duplicate\n")
    leak(pictures)
    done = cli("data", "check", "pets", "--no-outliers")
    assert done.out.endswith("Next: tl-catdog data fix pets\n")


def test_ctrl_c_says_that_nothing_was_changed(
    cli: Cli, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched(monkeypatch, "tl_catdog.audit.check.check", interrupt)
    done = cli("data", "check", pictures)
    assert (done.code, done.out, done.err) == (130, "", "Interrupted: nothing was changed.\n")


def test_classes_come_from_where_they_are_said_to(cli: Cli, tmp_path: Path) -> None:
    root = paint_set(tmp_path / "set", {"": 4})
    for path in root.glob("*/*.png"):
        path.rename(root / f"{path.parent.name}_{path.name}")
    found = json.loads(cli("data", "check", root, "--no-outliers", "--json").out)
    assert [item["kind"] for item in found["findings"]].count("layout") == 1
    words = ("--no-outliers", "--json", "--label-pattern", "{label}_{number}")
    found = json.loads(cli("data", "check", root, *words).out)
    assert found["counts"] == {"all": {"ant": 4, "bee": 4}}
    lines = [f"{path.name},{'xy'[n % 2]}" for n, path in enumerate(sorted(root.glob("*.png")))]
    (root / "labels.csv").write_text("file,label\n" + "\n".join([*lines, "gone.png,x"]))
    found = json.loads(cli("data", "check", root, "--no-outliers", "--json").out)
    assert found["counts"] == {"all": {"x": 4, "y": 4}}
    left_out = [item["detail"] for item in found["findings"] if item["kind"] == "left-out"]
    assert left_out == ["1 × rows of labels.csv: no such file, such as 'gone.png' in line 10"]
