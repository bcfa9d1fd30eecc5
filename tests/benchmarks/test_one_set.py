"""One step on one set, from drawn pictures to its line of JSON; its figures mean nothing."""

import json
import random
import sys
from pathlib import Path
from typing import Any

import one_set
import pytest
from sets import copies, curve, work
from sets.pictures import read_set

from tests.conftest import paint_set
from tl_catdog.drawings import draw_set


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "drawn"
    draw_set(folder, counts={"train": 24, "validation": 8, "test": 8}, size=96, workers=1)
    return folder


def ask(
    step: str, data: Path, folder: Path, capsys: pytest.CaptureFixture[str], *more: object
) -> dict[str, Any]:
    words = ["one_set.py", step, str(data), "--work", str(folder), "--quick", *map(str, more)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", words)
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        one_set.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [
        name for name, part in found.items() if isinstance(part, dict) and "error" in part
    ] == []
    return found


@pytest.mark.slow
def test_learning_is_judged_in_every_way(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = paint_set(tmp_path / "squares", {"train": 2, "val": 3})
    found = ask("learning", drawn, tmp_path, capsys, "--others", other)
    assert (found["classes"], found["judged"]) == (2, "test")
    assert found["foreign squares"]["n"] == work.QUICK.foreign
    for part in ("whole", "2x5", "unequal"):
        for name in (part, f"{part}, regression"):
            figures = found[name]
            assert figures["n"] == 16
            assert figures["accuracy_ci"][0] <= figures["accuracy"] <= figures["accuracy_ci"][1]
            assert 0 <= figures["ece"] <= 1
    assert sorted(found["rare"]["counts"].values()) == [2, 24]
    assert set(found["unequal, balanced weights"]["recall"]) == {"cats", "dogs"}
    assert found["labels"]["planted"] == 1
    assert found["labels"]["n"] == 48
    assert not list(tmp_path.glob("tmp*"))  # nothing is left


@pytest.mark.slow
def test_copies_are_planted_found_and_kept_together(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask("copies", drawn, tmp_path, capsys)
    assert found["check"]["n"] == 80
    assert found["planted"]["planted"] == work.QUICK.copies
    assert found["planted"]["found"] + sum(found["planted"]["missed"].values()) == 6
    assert found["planted"]["found"] >= 5
    assert found["split"]["n"] == 86
    assert "leak" not in found["split"]


@pytest.mark.slow
def test_a_forecast_is_held_against_what_doubling_did(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = ask("curve", drawn, tmp_path, capsys)
    doubled = {name: part for name, part in found.items() if name.startswith("doubling ")}
    assert len(doubled) == curve.DOUBLINGS
    for part in doubled.values():
        low, high = part["interval"]
        assert part["held"] == (low <= part["measured"] <= high)
    small, large = found["part 1"], found["all"]
    assert large["n"] == pytest.approx(2 * small["n"], rel=0.1)


def test_strangers_are_pictures_that_only_a_planted_copy_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = read_set(paint_set(tmp_path / "set", {"train": 6, "validation": 2}))

    def check(folder: Path) -> work.Found:
        """Name the first copy together with its original, its twin from before, and a stranger."""
        names = {path.name[:6]: path for path in sorted((folder / "train").glob("*/*"))}
        twins = [str(names[number].relative_to(folder)) for number in ("000000", "000001")]
        found = [{"kind": "duplicate", "paths": twins}]
        copies_made = sorted((folder / "validation").glob("*/*copy-*"))
        if copies_made:
            everything = [str(path.relative_to(folder)) for path in names.values()]
            validation = [str(path.relative_to(folder)) for path in copies_made[:1]]
            found.append({"kind": "leak", "paths": [*everything, *validation]})
        return {"findings": found}

    monkeypatch.setattr(copies, "check", check)
    sizes = work.Sizes(copies=2)
    found = copies.plant(work.Work(pictures, {}, 0, tmp_path, sizes))
    assert (found["planted"], found["found"]) == (2, 1)
    assert sum(found["missed"].values()) == 1
    original = random.Random(0).sample(range(12), 2)[0]
    assert found["strangers"] == (10 if original in (0, 1) else 11)  # not it, nor its twin


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="expected a folder"):
        work.command("data", "check", tmp_path / "nothing")


def test_a_step_that_fails_leaves_the_others_their_turn() -> None:
    found: work.Found = {}
    work.attempt(found, "bad", lambda: 1 / 0)
    work.attempt(found, "good", lambda: {"n": 1})
    assert found == {"bad": {"error": "ZeroDivisionError: division by zero"}, "good": {"n": 1}}
