"""What is read of jobs is a stranger's: no process is taken for one, and no path comes of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from tl_catdog.errors import UsageError
from tl_catdog.teach.child import END, PROCESS
from tl_catdog.teach.records import FORMATS, Record, Records

RECORD = Record("export", "mine", ("export", "mine"), "onnx", "/somewhere", 5.0)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    records = Records(tmp_path / "jobs")
    assert list(records.read()) == []
    assert [records.begin(RECORD) for _ in range(11)] == list(range(1, 12))
    assert list(records.read())[-1] == (11, RECORD)
    old = json.loads((tmp_path / "jobs" / "11.json").read_text())
    assert old.pop("asked") == ""
    (tmp_path / "jobs" / "11.json").write_text(json.dumps({**old, "newer": 1}))
    assert list(records.read())[-1] == (11, RECORD)
    records.forget(11)
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir())[-1] == "9.log"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "teach"},
        {"run": "../mine"},
        {"run": ".."},
        {"format": "../onnx"},
        {"words": []},
        {"words": "export"},
        {"words": ["a\0b"]},
        {"began": "now"},
        {"stopped": 1},
        {"asked": 1},
    ],
)
def test_what_no_server_wrote_is_passed_over(tmp_path: Path, wrong: dict[str, Any]) -> None:
    records = Records(tmp_path)
    number = records.begin(RECORD)
    good = json.loads((tmp_path / f"{number}.json").read_text())
    (tmp_path / f"{number}.json").write_text(json.dumps({**good, **wrong}))
    (tmp_path / "x.json").write_text("{}")
    assert list(records.read()) == []


def test_a_stranger_s_process_is_none_of_ours(tmp_path: Path) -> None:
    records = Records(tmp_path)
    number = records.begin(RECORD)
    mine = psutil.Process()
    place = tmp_path / f"{number}{PROCESS}"
    began = mine.create_time()
    place.write_text(f"{os.getpid()} {began}")
    assert records.process(number, RECORD) is None  # other words
    words = tuple(mine.cmdline()[-1:])
    record = Record("compare", "mine", words, "", "/", 5.0)
    assert records.process(number, record) == mine
    place.write_text(f"{os.getpid()} {began - 60}")
    assert records.process(number, record) is None  # the number was another's before
    for text in ("", "x y", f"-1 {began}", "1" * 400 + " 5", f"{2**40} 5"):
        place.write_text(text)
        assert records.process(number, record) is None


def test_links_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    Records(tmp_path / "away").begin(RECORD)
    (tmp_path / "jobs").symlink_to(tmp_path / "away")
    records = Records(tmp_path / "jobs")
    assert list(records.read()) == []
    with pytest.raises(UsageError, match="link"):
        records.begin(RECORD)
    (tmp_path / "away" / f"1{END}").symlink_to(tmp_path / "code")
    (tmp_path / "code").write_text("0")
    assert Records(tmp_path / "away").code(1) is None


def test_the_page_offers_the_formats_that_export_has() -> None:
    from tl_catdog.export import formats

    assert sorted(FORMATS) == sorted(formats.FORMATS)
