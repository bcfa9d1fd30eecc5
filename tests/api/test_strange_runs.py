"""Whatever a stranger's run folder holds, every use of it gives figures or one error of ours.

Nothing else is raised, nothing hangs, and no figure changes where a hash says that a file has.
"""

from __future__ import annotations

import pickle
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_set
from tests.support.made_up import answers, network_run, small_network
from tests.support.strange_runs import (
    Strange,
    figures,
    strange_descriptions,
    strange_files,
    strange_tables,
)
from tl_catdog.data.sets import load_training_set
from tl_catdog.runs.folder import Run

PATIENCE = 60  # seconds; a use takes less than one


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("strange")
    images = load_training_set(paint_set(root / "set", {"train": 3, "validation": 6, "test": 4}))
    return network_run(
        root / "runs",
        small_network(pool=4)[0],
        size=32,
        images=images,
        predictions={split: answers(images, split) for split in ("validation", "test")},
        calibration={"temperature": 1.5},
        features={"engine": "onnxruntime 1.32.0", "views": 1},
        head={"linear_share": 0.5, "strength": 30.0},
        evaluations={"test": {"n": 8, "accuracy": 0.5}},
        validation="held-out",
    )


@pytest.fixture(scope="module", autouse=True)
def _drawn_once() -> Iterator[None]:
    """Draw charts of equal figures once: that is most of a report, and few changes change them."""
    from tl_catdog.pages.page import drawn
    from tl_catdog.report import report

    known: dict[bytes, Any] = {}

    def once(chart: Callable[..., Any]) -> Callable[..., Any]:
        def found(*given: Any) -> Any:
            key = pickle.dumps((chart.__name__, given))
            if key not in known:
                known[key] = drawn(chart(*given))
            return known[key]

        return found

    with pytest.MonkeyPatch.context() as patched:
        for name in ("reliability_chart", "robustness_chart", "learning_chart", "confusion_chart"):
            patched.setattr(report, name, once(getattr(report, name)))
        patched.setattr(report, "drawn", lambda markup: markup)
        yield


@pytest.fixture
def impatient() -> Iterator[None]:
    """End what hangs."""

    def end(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def looked_at(strange: Strange, folder: Path) -> dict[str, Any]:
    signal.alarm(PATIENCE)
    try:
        return figures(strange.put(folder))
    except Exception as error:
        raise AssertionError(f"{strange.name}, sealed: {strange.sealed}") from error
    finally:
        signal.alarm(0)


KINDS: tuple[Callable[[Path], Iterator[Strange]], ...] = (
    strange_descriptions,
    strange_files,
    strange_tables,
)


def few(run: Run, kind: Callable[[Path], Iterator[Strange]], count: int) -> list[Strange]:
    found = list(kind(run.path))
    return random.Random(0).sample(found, count)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [25, pytest.param(100, marks=pytest.mark.slow)])
def test_strange_runs_give_figures_or_one_error(
    run: Run, tmp_path: Path, kind: Callable[[Path], Iterator[Strange]], count: int
) -> None:
    plain = figures(run.path)
    assert not any(str(said).startswith("error") for said in plain.values())
    for strange in few(run, kind, count):
        found = looked_at(strange, tmp_path)
        if kind is not strange_descriptions and not strange.sealed:
            others = {
                name: said
                for name, said in found.items()
                if said != plain.get(name) and not str(said).startswith("error")
            }
            assert others == {}, strange.name
