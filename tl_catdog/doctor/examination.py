"""The whole check-up, part by part; what fails in one never stops the others."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

from tl_catdog import runtime
from tl_catdog.config import ResolvedConfig
from tl_catdog.data.digest import file_digests
from tl_catdog.data.folders import ImageFolder
from tl_catdog.data.labelling import labelled
from tl_catdog.doctor import machine, versions
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, guarded
from tl_catdog.doctor.dry_run import (
    REINSTALL,
    WORK,
    Amount,
    DryRun,
    dry_run,
    sample_paths,
    sample_set,
)
from tl_catdog.doctor.estimates import (
    ASSUMED,
    BASELINE,
    TUNED,
    Estimate,
    counts_of,
    counts_sentence,
    estimates,
)
from tl_catdog.doctor.stopwatch import memory_now
from tl_catdog.errors import CatdogError
from tl_catdog.prediction.predictor import Predictor
from tl_catdog.runs.folder import shipped_run
from tl_catdog.training.manifest import elapsed
from tl_catdog.wording import count

FAULT = "This is a fault of tl-catdog: please report it."
CLEAR = "Type: tl-catdog cache --clear"
PUT = "For your own, put pictures into data/<class>/ or type: tl-catdog doctor --data DIR"


class Part(NamedTuple):
    """A part under a title: a name for its failure, what makes its checks, and what helps it."""

    title: str
    name: str
    work: Callable[[], Iterable[Check]]
    hint: str


@dataclass
class Examination:
    """Checks this machine; used as a context manager, it leaves nothing behind.

    Attributes:
        data: A folder of pictures to estimate for; None is none.
        runs_dir: Where runs go.
        configs: What dry runs train.
        work: How much of each stage they train.
        checks: What was found so far.
        cost: Seconds that were measured outside of dry runs, see ``estimates``.
        runs: The dry runs by architecture.
        rates: Pictures a second that are hashed and predicted, and of how many that was measured.
    """

    data: Path | None
    runs_dir: Path
    configs: tuple[ResolvedConfig, ...] = (BASELINE.resolved(), TUNED.resolved())
    work: Mapping[str, Amount] = field(default_factory=lambda: WORK)
    checks: list[Check] = field(default_factory=list)
    cost: dict[str, float] = field(default_factory=lambda: {"start": elapsed()})
    runs: dict[str, DryRun] = field(default_factory=dict)
    rates: dict[str, float] | None = None
    _folder: ImageFolder | None = None
    _paths: list[Path] = field(default_factory=list)
    _memory: float = 0.0
    _exits: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Examination:
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def parts(self) -> tuple[Part, ...]:
        """Return what there is to examine, in that order, since some build on those before."""
        folders, weights = partial(machine.check_folders, self.runs_dir), machine.check_weights
        return (
            Part("Versions", "versions", self._compare, REINSTALL),
            Part("Versions", "pip check", versions.check_consistency, FAULT),
            Part("Machine", "machine", machine.check_machine, FAULT),
            Part("Machine", "folders", folders, FAULT),
            Part("Caches and weights", "caches", machine.check_caches, CLEAR),
            Part("Caches and weights", "backbone weights", weights, REINSTALL),
            Part("Pictures", "pictures", self._count, FAULT),
            Part("Pictures", "rates", self._predict, FAULT),
            Part("Devices", "devices", self._start, REINSTALL),
            Part("Devices", "int8", machine.check_int8, REINSTALL),
            *(
                Part("Dry runs", f"dry run {config.arch}", partial(self._train, config), REINSTALL)
                for config in self.configs
            ),
        )

    def examine(self, part: Part) -> list[Check]:
        """Carry out a part; what fails in it becomes a check that says so."""
        found = guarded(part.name, part.work, part.hint)
        self.checks.extend(found)
        return found

    @property
    def failed(self) -> bool:
        """Whether any check has failed so far."""
        return any(check.state == FAILED for check in self.checks)

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures of each split the estimates are for."""
        return counts_of(self._folder)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return what the usual commands take; nothing where something needed for it failed."""
        if not ({"predict", "TensorFlow"} <= self.cost.keys() and len(self.runs) == 2):
            return ()
        return estimates(self.counts, self.cost, self._memory, self.runs)

    def to_json(self) -> dict[str, Any]:
        """Return everything for ``--json``; rates are in pictures a second."""
        return {
            "checks": self.checks,
            "data": None if self._folder is None else self._folder.root,
            "pictures": self.counts,
            "rates": self.rates,
            "estimates": self.estimates(),
        }

    @cached_property
    def _scratch(self) -> Path:
        folder = tempfile.TemporaryDirectory(prefix="tl-catdog-doctor-")
        return Path(self._exits.enter_context(folder))

    def _compare(self) -> Iterator[Check]:
        return versions.check_versions(versions.declared(), versions.installed())

    def _count(self) -> Iterator[Check]:
        """Count the pictures by their names."""
        if self.data is None:
            none = f"none named and none in ./data: as if there were {count(ASSUMED)}"
            yield Check("pictures", OK, none, PUT)
            return
        self._folder = labelled(self.data).folder
        yield Check("pictures", OK, f"{counts_sentence(self.counts)}, {self._folder.root}")

    def _predict(self) -> Iterator[Check]:
        """Predict a sample as ``tl-catdog predict`` does, while TensorFlow is not there yet."""
        self._paths = paths = sample_paths(self._folder, self._scratch)
        began = time.perf_counter()
        file_digests(paths)  # first of all, while the system may not have read them yet
        hashed = time.perf_counter()
        predictor = Predictor.load(shipped_run())
        loaded = time.perf_counter()
        answers = list(predictor.answers(item.path for item in sample_set(paths).examples))
        predicted = time.perf_counter()
        errors = {answer.path: answer.error for answer in answers if answer.error is not None}
        self._paths = [path for path in paths if path not in errors]
        if not self._paths:
            raise CatdogError(
                f"expected pictures that can be decoded, found none among {len(paths)}; for one, "
                f"{paths[0]}: {errors[paths[0]]}.",
                "Add pictures that open in a viewer.",
            )
        hashing, predicting = (hashed - began) / len(paths), (predicted - loaded) / len(answers)
        self.cost |= {"hash": hashing, "load": loaded - hashed, "predict": predicting}
        self.rates = {"digest": 1 / hashing, "predict": 1 / predicting}
        self.rates |= {"sample": len(paths), "unreadable": len(errors)}
        self._memory = memory_now()
        yield Check("rates", OK, f"{1 / predicting:,.0f} pictures a second predicted")
        if errors:
            bad = f"{len(errors)} of {len(paths)} pictures can't be decoded"
            hint = f"Type: tl-catdog data check {shlex.quote(str(self.data))}"
            yield Check("sample", WARNING, bad, hint)

    def _start(self) -> Iterator[Check]:
        """Start TensorFlow, and say what it and ONNX Runtime can compute on."""
        began = time.perf_counter()
        runtime.start()
        self.cost["TensorFlow"] = time.perf_counter() - began
        import tensorflow as tf

        gpus = [device.name for device in tf.config.list_physical_devices("GPU")]
        yield machine.check_cards(gpus)
        import onnxruntime

        yield Check("ONNX Runtime", OK, ", ".join(onnxruntime.get_available_providers()))

    def _train(self, config: ResolvedConfig) -> Iterator[Check]:
        # Where none of the user's own can be decoded, drawn ones show whether training works.
        self._paths = self._paths or sample_paths(None, self._scratch)
        run = dry_run(config, sample_set(self._paths), self._scratch, self.work)
        self.runs[config.arch] = run
        yield run.check()
