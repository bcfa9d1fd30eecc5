"""``data split``: what it says, writes, and leads to."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli, paint_set
from tests.support.commands import assert_one_line, interrupt, watched
from tl_catdog.data.labelling import Labelling


def test_the_file_leads_to_a_training_on_this_split(cli: Cli, pets: Path) -> None:
    done = cli("data", "split", pets)
    assert done.code == 0
    file = pets.with_name("pets.split.csv")
    assert f"Next: tl-catdog train --data {pets} --split {file}" in done.out
    assert len(file.read_text().splitlines()) == 41
    words = ["--arch", "baseline", "--image-size", "32", "--epochs", "1"]
    done = cli("train", "--data", pets, "--split", file, *words)
    assert done.code == 0
    assert "split by pets.split.csv" in done.err
    kept = (pets.parent / "models" / "baseline" / "split.csv").read_text()
    assert sorted(kept.splitlines()) == sorted(file.read_text().splitlines())
    assert cli("evaluate", "baseline", "--split", "test").code == 0


def test_an_existing_file_is_replaced_only_when_told_to(cli: Cli, pets: Path) -> None:
    assert cli("data", "split", pets).code == 0
    done = cli("data", "split", pets)
    assert done.code == 2
    assert "--force" in done.err
    assert cli("data", "split", pets, "--force", "--seed", "1").code == 0


def test_folders_can_be_made_instead(cli: Cli, pets: Path) -> None:
    done = cli("data", "split", pets, "--folders", "made", "--test", "0.25", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["counts"]["test"] == {"ant": 5, "bee": 5}
    assert found["copied"] == 0
    assert len(list(Path("made").glob("*/*/*.png"))) == 40
    assert not pets.with_name("pets.split.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--validation", "0.7", "--test", "0.3"],
        ["--out", "a.csv", "--folders", "b"],
        ["--validation", "0"],
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, pets: Path, words: list[str]) -> None:
    before = sorted(pets.parent.iterdir())
    assert cli("data", "split", pets, *words).code == 2
    assert sorted(pets.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("validation", "test", "code"),
    [(0.5, 0.5, 2), (0.9, 0.1, 2), (0.6, 0.9, 2), (0.9, 0.9, 2), (0.85, 0.1, 0), (0.9, 0.0, 0)],
)
def test_fractions_that_leave_nothing_to_train_on_are_refused(
    cli: Cli, pets: Path, validation: float, test: float, code: int
) -> None:
    words = ("--validation", validation, "--test", test)
    done = cli("data", "split", pets, *words, "--json")
    assert done.code == code
    if code:
        assert f"found {validation} and {test}. Type: --validation 0.2 --test 0.1" in done.err
        assert_one_line(done.err)
        assert not pets.with_name("pets.split.csv").exists()
    else:
        assert json.loads(done.out)["counts"]["train"]["ant"] >= 1


def test_options_reach_the_split(cli: Cli, pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = watched(monkeypatch, "tl_catdog.audit.split.split_set")
    cli("data", "split", "pets", "--validation", 0.3, "--test", 0.2, "--seed", 7, "--again")
    cli("data", "split", "pets")
    given = ("--labels", "a.csv", "--label-column", "b", "--label-pattern", "c", "--group-by", "d")
    cli("data", "split", "pets", *given)
    (((root, how), named), ((_, _), default), ((_, asked), _)) = calls
    del named["progress"], default["progress"]
    assert root == Path("pets")
    assert how == Labelling()
    assert asked == Labelling("a.csv", "b", "c", "d")
    assert named == {"validation": 0.3, "test": 0.2, "seed": 7, "again": True}
    assert default == {"validation": 0.2, "test": 0.1, "seed": 0, "again": False}


def test_without_a_test_part_there_is_none(cli: Cli, pets: Path) -> None:
    found = json.loads(cli("data", "split", pets, "--test", 0, "--json").out)
    assert found["counts"] == {"train": {"ant": 16, "bee": 16}, "validation": {"ant": 4, "bee": 4}}
    assert found["target"] == str(pets.with_name("pets.split.csv"))


def test_copies_that_stay_together_and_files_that_were_copied_are_told(
    cli: Cli, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("000", "001"):
        (pets / "ant" / f"{name}copy.png").write_bytes((pets / "ant" / f"{name}.png").read_bytes())
    watched(monkeypatch, "tl_catdog.audit.split.write_folders", lambda *_: 1)
    done = cli("data", "split", pets, "--folders", "made here")
    assert done.code == 0, done.err
    assert "Kept together: 2 groups of copies, 4 pictures.\n" in done.out
    assert "No links could be made: 1 file copied.\n" in done.out
    assert done.out.endswith("Split: made here\nNext: tl-catdog train --data 'made here'\n")


def test_a_set_with_splits_is_split_again_only_when_told_to(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint_set(tmp_path / "set", {"train": 8, "validation": 8})
    done = cli("data", "split", "set")
    assert done.code == 2
    assert "type: tl-catdog data split set --again" in done.err
    assert cli("data", "split", "set", "--again").code == 0


def test_ctrl_c_says_that_nothing_was_written(
    cli: Cli, pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in ("tl_catdog.audit.split.split_set", "tl_catdog.data.split_file.to_csv"):
        with monkeypatch.context() as patch:
            watched(patch, target, interrupt)
            done = cli("data", "split", pets)
        assert (done.code, done.out, done.err) == (130, "", "Interrupted: nothing was written.\n")
        assert not pets.with_name("pets.split.csv").exists()


def test_groups_stay_together_and_what_they_do_is_said(cli: Cli, pets: Path) -> None:
    for path in pets.glob("*/*.png"):
        path.rename(path.with_name(f"{path.parent.name}{int(path.stem) // 4}_{path.stem}.png"))
    words = ("--group-by", "{group}_{number}", "--test", "0.2")
    done = cli("data", "split", pets, *words)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert "Groups by {group}_{number}: 10 of two pictures or more, 40 pictures in them." in said
    assert "Kept together: 10 groups, copies among them, 40 pictures." in said
    assert "If splits parted these groups, accuracy would look" in said
    rows = [line.split(",") for line in pets.with_name("pets.split.csv").read_text().splitlines()]
    assert rows[0] == ["split", "label", "sha256", "name", "group"]
    assert len({(row[0], row[4]) for row in rows[1:]}) == 10
    found = json.loads(cli("data", "split", pets, *words, "--force", "--json").out)
    assert found["grouping"] == {
        "by": "{group}_{number}", "groups": 10, "grouped": 40, "alone": 0,
    }  # fmt: skip
    assert found["effect"]["groups"] == 10
    assert found["effect"]["flattery"]["n"] == 40


def test_where_classes_come_from_goes_into_what_to_type_next(cli: Cli, pets: Path) -> None:
    names = sorted(path.relative_to(pets).as_posix() for path in pets.glob("*/*.png"))
    lines = [f"{name},{'xy'[n % 2]},{'pq'[n // 2 % 2]}" for n, name in enumerate(names)]
    pets.with_name("my labels.csv").write_text("file,a,b\n" + "\n".join(lines))
    done = cli("data", "split", "pets", "--labels", "my labels.csv", "--label-column", "b")
    assert done.code == 0, done.err
    assert "labels from my labels.csv, column b" in done.out
    assert done.out.endswith("--labels 'my labels.csv' --label-column b\n")
    refused = cli("data", "split", "pets", "--labels", "my labels.csv", "--force")
    assert refused.code == 2
    assert "a (2 values), b (2 values). Type: --label-column" in refused.err
    assert_one_line(refused.err)
