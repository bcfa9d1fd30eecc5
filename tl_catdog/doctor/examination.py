"""The whole check-up, part by part; what fails in one never stops the others."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tl_catdog import runtime
from tl_catdog.config import TrainConfig
from tl_catdog.data.folders import ImageFolder, scan
from tl_catdog.doctor import caches, machine, versions
from tl_catdog.doctor.check import FAILED, OK, WARNING, Check, guarded
from tl_catdog.doctor.dry_run import REINSTALL, Amount, DryRun, dry_run
from tl_catdog.doctor.estimates import (
    ASSUMED,
    BASELINE,
    MOBILENET,
    TUNED,
    Costs,
    Counts,
    Estimate,
    decode_sizes,
    estimates,
)
from tl_catdog.doctor.rates import Rates, measure_rates

FAULT = "This is a fault of tl-catdog: please report it."
CLEAR = "Type: tl-catdog cache --clear"
PUT = "For your own, put pictures into data/<class>/ or type: tl-catdog doctor --data DIR"


Work = Callable[[], Iterable[Check]]


@dataclass(frozen=True)
class Part:
    """Some checks under one title; each has a name, what carries it out, and what helps it."""

    title: str
    works: tuple[tuple[str, Work, str], ...]


@dataclass
class Examination:
    """Looks at this machine, part by part and in that order, since some build on those before.

    Attributes:
        data: A folder of pictures to estimate for; None is none.
        runs_dir: Where runs go.
        configs: What dry runs train.
        work: How much of each stage they train; None is the usual.
        seconds: About how long to measure each rate.
        checks: What was found so far.
        rates: What was measured without TensorFlow.
        runs: The dry runs by architecture.
    """

    data: Path | None
    runs_dir: Path
    configs: tuple[TrainConfig, ...] = (BASELINE, TUNED)
    work: Mapping[str, Amount] | None = None
    seconds: float = 1.0
    checks: list[Check] = field(default_factory=list)
    rates: Rates | None = None
    runs: dict[str, DryRun] = field(default_factory=dict)
    _folder: ImageFolder | None = None
    _start: float = 0.0
    _light: float = 0.0

    def parts(self) -> tuple[Part, ...]:
        """Return what there is to examine."""
        dry_runs = [
            (f"dry run {config.arch}", partial(self._dry_run, config), REINSTALL)
            for config in self.configs
        ]
        return (
            Part("Versions", (("versions", _versions, REINSTALL),)),
            Part(
                "Machine",
                (
                    ("machine", machine.check_machine, FAULT),
                    ("folders", partial(machine.check_folders, self.runs_dir), FAULT),
                ),
            ),
            Part(
                "Caches and weights",
                (
                    ("feature cache", caches.check_feature_cache, CLEAR),
                    ("other caches", caches.check_other_caches, FAULT),
                    ("backbone weights", caches.check_weights, REINSTALL),
                ),
            ),
            Part("Pictures", (("pictures", self._images, FAULT), ("rates", self._rates, FAULT))),
            Part("Devices", (("devices", self._devices, REINSTALL),)),
            Part("Dry runs", tuple(dry_runs)),
        )

    def examine(self, part: Part) -> list[Check]:
        """Carry out a part; what fails in it becomes a check that says so."""
        found = [check for job in part.works for check in guarded(*job)]
        self.checks.extend(found)
        return found

    @property
    def failed(self) -> bool:
        """Whether any check has failed so far."""
        return any(check.state == FAILED for check in self.checks)

    @property
    def counts(self) -> Counts:
        """How many pictures the estimates are for."""
        return Counts.split(ASSUMED) if self._folder is None else Counts.of(self._folder)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return what the usual commands take; nothing where something needed for it failed."""
        if self.rates is None or not {BASELINE.arch, TUNED.arch} <= self.runs.keys():
            return ()
        heavy = float(psutil.Process().memory_info().rss)
        costs = Costs(self.rates, self._start, self.runs, self._light, heavy)
        return estimates(self.counts, costs)

    def to_json(self) -> dict[str, Any]:
        """Return everything for ``--json``."""
        return {
            "checks": [check.to_json() for check in self.checks],
            "data": None if self._folder is None else str(self._folder.root),
            "pictures": asdict(self.counts),
            "rates": None if self.rates is None else self.rates.to_json(),
            "estimates": [item.to_json() for item in self.estimates()],
        }

    def _images(self) -> Iterator[Check]:
        """Count the pictures by their names."""
        if self.data is None:
            yield Check(
                "pictures", OK, f"none named and none in ./data: as if there were {ASSUMED:,}", PUT
            )
            return
        self._folder = scan(self.data)
        counts = self.counts
        parts = f"{counts.train:,} to train on, {counts.validation:,} to validate on"
        tested = f", {counts.test:,} to test on" if counts.test else ""
        yield Check("pictures", OK, f"{parts}{tested}, {self._folder.root}")

    def _rates(self) -> Iterator[Check]:
        """Measure what needs no TensorFlow, before it is there: so much memory predictions take."""
        self.rates = rates = measure_rates(self._folder, MOBILENET, decode_sizes(), self.seconds)
        self._light = float(psutil.Process().memory_info().rss)
        size = decode_sizes()[0]
        yield Check(
            "rates",
            OK,
            f"{rates.decode[size]:,.0f} pictures a second decoded to {size} px, "
            f"{rates.forward:,.0f} through the backbone",
        )
        if rates.unreadable:
            yield Check(
                "sample",
                WARNING,
                f"{rates.unreadable} of {rates.sample} pictures can't be decoded",
                f"Type: tl-catdog data check {shlex.quote(str(self.data))}",
            )

    def _devices(self) -> Iterator[Check]:
        """Start TensorFlow, and say what it and ONNX Runtime can compute on."""
        began = time.perf_counter()
        runtime.start()
        self._start = time.perf_counter() - began
        import tensorflow as tf

        names = [device.name.rpartition(":device:")[2] or device.name for device in _gpus(tf)]
        with_gpu = ", ".join(names) if names else "none: everything is computed on the processor"
        yield Check("GPUs", OK, with_gpu)
        import onnxruntime

        providers = onnxruntime.get_available_providers()
        yield Check("ONNX Runtime", OK, ", ".join(providers))

    def _dry_run(self, config: TrainConfig) -> Iterator[Check]:
        self.runs[config.arch] = run = dry_run(config, self.work)
        yield run.check()


def _versions() -> list[Check]:
    about = versions.declared()
    return versions.check_versions(about, versions.installed(about))


def _gpus(tf: Any) -> list[Any]:
    return list(tf.config.list_physical_devices("GPU"))
