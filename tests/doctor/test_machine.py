"""Processor, memory and folders."""

from pathlib import Path

import pytest

from tl_catdog.doctor import machine
from tl_catdog.doctor.machine import (
    Limits,
    check_folder,
    check_folders,
    check_machine,
    control_group,
)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_limits_of_version_2_are_the_narrowest_on_the_way_up(tmp_path: Path) -> None:
    root = write(
        tmp_path / "fs",
        {
            "job/step/cpu.max": "max 100000\n",
            "job/step/memory.max": "max\n",
            "job/cpu.max": "150000 100000\n",
            "job/memory.max": "4000000000\n",
            "job/memory.current": "1000000000\n",
        },
    )
    own = write(tmp_path, {"own": "0::/job/step\n"}) / "own"
    assert control_group(root, own) == Limits(1.5, 4_000_000_000, 1_000_000_000)


def test_limits_of_version_1_are_found_at_the_root_of_a_container(tmp_path: Path) -> None:
    root = write(
        tmp_path / "fs",
        {
            "memory/memory.limit_in_bytes": "2000000000",
            "memory/memory.usage_in_bytes": "500000000",
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    own = write(tmp_path, {"own": "4:memory:/docker/abc\n1:cpu:/\n"}) / "own"
    assert control_group(root, own) == Limits(None, 2_000_000_000, 500_000_000)


def test_no_control_groups_are_no_limits(tmp_path: Path) -> None:
    assert control_group(tmp_path, tmp_path / "none") == Limits()


def test_a_narrow_group_is_what_counts() -> None:
    processor, memory = check_machine(Limits(0.5, 1_000_000_000, 400_000_000))
    assert processor.state == memory.state == "warning"
    assert "allows the time of 0.5" in processor.detail
    assert memory.detail.startswith("600 MB free of 1.0 GB")


def test_without_limits_the_machine_is_shown() -> None:
    processor, memory = check_machine(Limits())
    assert processor.state == "ok"
    assert "cores" in processor.detail
    assert " free of " in memory.detail


def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    found = check_folder("runs folder", tmp_path / "a" / "b", "hint")
    assert found.state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_made_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = check_folder("runs folder", tmp_path / "file" / "models", "Name another")
    assert (found.state, found.hint) == ("failed", "Name another")
    assert "can't be written to" in found.detail


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LEAST_DISK", 1e30)
    assert check_folder("runs folder", tmp_path, "hint").state == "warning"


def test_all_three_folders_are_looked_at(tmp_path: Path) -> None:
    names = [check.name for check in check_folders(tmp_path)]
    assert names == ["runs folder", "cache folder", "temporary folder"]
