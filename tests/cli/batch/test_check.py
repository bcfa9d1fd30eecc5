"""``batch check`` ends as ``data check`` does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Cli
from tests.support.batches import in_process, pictures


@pytest.mark.parametrize(("fail_on", "code"), [(None, 1), ("none", 0), ("leak", 0)])
def test_its_exit_code_is_that_of_data_check(
    fail_on: str | None, code: int, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures", 3)
    shutil.copy(source / "ant" / "000.png", source / "bee" / "same.png")
    Image.linear_gradient("L").save(source / "bee" / "blurred.png")
    more = () if fail_on is None else ("--fail-on", fail_on)
    done = cli("batch", "check", source, "--out", tmp_path / "out", "--json", *more)
    same = cli("data", "check", source, "--no-outliers", "--json", *more)
    assert done.code == same.code == code
    found, expected = json.loads(done.out), json.loads(same.out)
    assert found["check"]["findings"] == expected["findings"]
    assert "blurred" in {finding["kind"] for finding in expected["findings"]}
    assert found["failed_on"] == expected["failed_on"]


def test_people_get_a_page_with_the_pictures(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process(monkeypatch)
    source = pictures(tmp_path / "pictures", 3)
    shutil.copy(source / "ant" / "000.png", source / "bee" / "same.png")
    done = cli("batch", "check", source, "--out", tmp_path / "out")
    assert "label-conflict" in done.out
    assert "data:image" in (tmp_path / "out" / "check.html").read_text()
    assert cli("batch", "check", source, "--out", tmp_path / "out").code == 1


def test_a_kind_that_there_is_not_is_refused_before_the_work(tmp_path: Path, cli: Cli) -> None:
    source = pictures(tmp_path / "pictures", 1)
    done = cli("batch", "check", source, "--out", tmp_path / "out", "--fail-on", "typos")
    assert done.code == 2
    assert not (tmp_path / "out").exists()


def test_features_that_are_none_are_refused_before_the_work(tmp_path: Path, cli: Cli) -> None:
    source = pictures(tmp_path / "pictures", 1)
    done = cli("batch", "check", source, "--out", tmp_path / "out", "--features", source)
    assert done.code == 2
    assert "batch features" in done.err
    assert not (tmp_path / "out").exists()
