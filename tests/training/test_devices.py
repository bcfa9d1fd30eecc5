"""Which devices a training takes."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.support.commands import assert_one_line
from tl_catdog.api import train
from tl_catdog.config import ResolvedConfig, TrainConfig, from_mapping
from tl_catdog.errors import UsageError
from tl_catdog.training.devices import chosen_devices, devices_for, devices_here, left_alone
from tl_catdog.training.stages import stages_of

CARDS = ("GPU:0", "GPU:1", "GPU:2", "GPU:3")


def settings(**values: Any) -> ResolvedConfig:
    return from_mapping({"arch": "baseline", **values}).resolved()


@pytest.mark.parametrize(
    ("devices", "batch_size", "here", "taken"),
    [
        ("2", 32, CARDS, 2),
        (4, 32, CARDS, 4),
        ("all", 32, CARDS, 4),
        ("all", 1, ("CPU:0",), 1),
        ("auto", 32, CARDS, 4),
        ("auto", 3, CARDS, 3),
        ("auto", 32, ("CPU:0", "CPU:1"), 1),
    ],
)
def test_as_many_as_asked_for(
    devices: Any, batch_size: int, here: tuple[str, ...], taken: int
) -> None:
    config = settings(devices=devices, batch_size=batch_size)
    assert chosen_devices(config, here) == here[:taken]


@pytest.mark.parametrize(
    ("devices", "batch_size", "says"),
    [("5", 32, "4 at most, found 5: TensorFlow sees GPU:0"), ("all", 3, "each of 4 devices")],
)
def test_more_than_there_are_are_refused(devices: str, batch_size: int, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        chosen_devices(settings(devices=devices, batch_size=batch_size), CARDS)
    assert "--devices" in error.value.hint


@pytest.mark.parametrize("devices", ["0", "-1", "1.5", "two", "01", "\u0663", "99999", 0])
def test_nonsense_is_refused(devices: Any) -> None:
    with pytest.raises(UsageError, match="devices to be a number of 1 or more, all or auto"):
        settings(devices=devices)


def test_a_batch_smaller_than_the_devices_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match="each of 8 devices, found --batch-size 4"):
        settings(devices="8", batch_size=4)


def test_too_many_are_refused_before_pictures_are_read(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = tmp_path / "nothing"  # which would be refused when it is read
    done = cli("train", "--data", nothing, "--batch-size", 100, "--devices", 99)
    assert done.code == 2
    assert_one_line(done.err)
    says = f"--devices of {len(devices_here())} at most"
    assert says in done.err
    with pytest.raises(UsageError, match=says):
        train(nothing, devices=30)


def test_one_is_the_usual_one() -> None:
    assert TrainConfig().devices == "1"
    assert devices_for(settings()) == ()
    assert len(devices_here()) >= 1


def test_it_is_said_where_more_than_one_have_nothing_to_do() -> None:
    head = stages_of(settings(arch="mobilenet", finetune=False))
    tuned = stages_of(settings(arch="mobilenet", finetune=True))
    assert "one is enough" in (left_alone(head, CARDS) or "")
    assert left_alone(head, CARDS[:1]) is None
    assert left_alone(tuned, CARDS) is None
