"""Shared fixtures: tiny pictures whose classes differ in colour, one tiny trained run, the CLI."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from tests.support.order import longest_first
from tl_catdog import runtime

pytest_plugins = (
    "tests.support.browsing",
    "tests.support.journal_room",
    "tests.support.object_store",
    "tests.support.page_room",
)

# As the command line does, and before any test imports TensorFlow: its logs are turned down once.
runtime.quiet_environment()

# A test's time depends on the machine; a slow one is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PHOTOGRAPHS = Path(__file__).resolve().parents[2] / "shared" / "data" / "dogs-vs-cats"
ORIGINAL_WEIGHTS = (
    Path(__file__).resolve().parents[2]
    / "shared"
    / "pretrained"
    / "mobilenet_v2_imagenet.weights.h5"
)

COLOURS = ((200, 60, 40), (40, 80, 200), (60, 180, 60), (200, 200, 60))


def paint(path: Path, colour: tuple[int, int, int], seed: int, size: int = 40) -> Path:
    """Write a noisy picture of one colour; each seed gives other bytes."""
    noise = np.random.default_rng(seed).integers(-40, 40, (size, size, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def paint_set(
    root: Path,
    counts: dict[str, int],
    classes: tuple[str, ...] = ("ant", "bee"),
    *,
    suffix: str = ".png",
    seed: int = 0,
) -> Path:
    """Write root/<split>/<class>/; a split named '' puts the classes right into root."""
    number = seed * 100_000
    for split, count in counts.items():
        for label, colour in zip(classes, COLOURS, strict=False):
            for index in range(count):
                number += 1
                paint(root / split / label / f"{index:03}{suffix}", colour, number)
    return root


def pytest_configure(config: pytest.Config) -> None:
    """Keep xdist, where it is, from another order: by how many tests a file has.

    And look for garbage seldom: it took nine hundredths of the time of a training.
    """
    gc.set_threshold(20_000, 20, 20)
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        _let_signals_through()


def _let_signals_through() -> None:
    """Have what tests start end at Ctrl-C and a hang-up, whatever started the tests.

    ``nohup`` and a shell's background jobs ignore them, and whatever is started inherits that; a
    handler of our own isn't inherited. Tests of signals would wait for commands that never end.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    items[:] = longest_first(items)


def pytest_collection_finish() -> None:
    """Never look for garbage among the objects that imports and collecting made."""
    gc.freeze()


@pytest.fixture
def photographs() -> Path:
    if not PHOTOGRAPHS.is_dir():
        pytest.skip("the real photographs are not in ../shared")
    return PHOTOGRAPHS


@pytest.fixture
def original_weights() -> Path:
    if not ORIGINAL_WEIGHTS.is_file():
        pytest.skip("the original weights are not in ../shared")
    return ORIGINAL_WEIGHTS


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@cache
def _program() -> Any:
    """Build the parser of all commands once: it takes as long as many a command does."""
    import typer

    from tl_catdog.cli import app

    return typer.main.get_command(app)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process, as the installed command would, 80 columns wide."""
    from tl_catdog.cli import main

    monkeypatch.delenv("TL_CATDOG_DEBUG", raising=False)
    monkeypatch.setattr("tl_catdog.cli.app", _program())

    def run(*words: object, columns: int = 80) -> Outcome:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "argv", ["tl-catdog", *map(str, words)])
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True, scope="session")
def _one_precision() -> Iterator[None]:
    """Compute the same on every machine: what one is faster with decides nothing in the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tl_catdog.models.precision.int8_is_faster", lambda _: False)
        yield


@dataclass(frozen=True)
class Trained:
    """A folder of runs with two tiny ones on the same pictures."""

    runs_dir: Path
    data: Path
    names: tuple[str, str]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train both architectures on 32 px pictures, once for all tests."""
    from tl_catdog.config import TrainConfig
    from tl_catdog.data.sets import load_training_set
    from tl_catdog.runs.writer import RunWriter
    from tl_catdog.training.trainer import train

    root = tmp_path_factory.mktemp("trained")
    data = paint_set(root / "pictures", {"train": 24, "validation": 37, "test": 9})
    runs_dir = root / "models"
    base: dict[str, Any] = {
        "image_size": 32,
        "data": str(data),
        "runs_dir": str(runs_dir),
        "batch_size": 16,
    }
    configs = {
        "small": TrainConfig(arch="baseline", epochs=1, learning_rate=1e-6, **base),
        "tuned": TrainConfig(arch="mobilenet", finetune=True, epochs=2, finetune_epochs=1, **base),
    }
    pictures = load_training_set(data)
    for name, config in configs.items():
        with RunWriter(runs_dir, name) as writer:
            train(config, pictures, writer)
    return Trained(runs_dir, data, ("small", "tuned"))
