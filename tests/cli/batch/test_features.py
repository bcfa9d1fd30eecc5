"""``batch features``: what is asked for stands in the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.support.batches import in_process, pictures
from tests.support.commands import assert_one_line


def test_what_is_asked_for_stands_in_the_plan(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures", 2)
    asked = ("--image-size", 64, "--compute", "float32", "--mirror", "yes", "--json")
    done = cli("batch", "features", source, "--out", tmp_path / "out", *asked)
    assert done.code == 0, done.err
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert (plan["image_size"], plan["compute"]) == (64, "float32")
    assert (plan["views"], plan["width"]) == (["plain", "mirror"], 1280)
    assert json.loads(done.out)["kind"] == "features"


@pytest.mark.parametrize(
    "more",
    [
        ("--arch", "nowhere"),
        ("--arch", "baseline"),
        ("--mirror", "maybe"),
        ("--compute", "int4"),
        ("--backbone-weights", "nowhere.h5"),
    ],
)
def test_wrong_words_are_one_line(more: tuple[str, str], tmp_path: Path, cli: Cli) -> None:
    source = pictures(tmp_path / "pictures", 1)
    done = cli("batch", "features", source, "--out", tmp_path / "out", *more)
    assert done.code in (1, 2)
    assert_one_line(done.err)
    assert not (tmp_path / "out").exists()
