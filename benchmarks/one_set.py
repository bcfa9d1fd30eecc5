"""Measure one thing on one picture set, by our commands and the Python interface.

usage: python benchmarks/one_set.py STEP SET [--others SET ...] [--seed N] --work DIR [--quick]

STEP is learning, copies or curve. Prints one line of JSON; what fails within a step is in it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import tempfile
from pathlib import Path

from sets.pictures import read_set
from sets.tasks import STEPS
from sets.work import QUICK, Sizes, Work

from tl_catdog import runtime


def main() -> None:
    """Do the step, and print what came of it."""
    parser = argparse.ArgumentParser(description="Measure one thing on one picture set.")
    parser.add_argument("step", choices=tuple(STEPS))
    parser.add_argument("set", type=Path)
    parser.add_argument("--others", type=Path, nargs="*", default=(), help="sets of other things")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="where temporary folders go")
    parser.add_argument("--quick", action="store_true", help="few, small pictures")
    options = parser.parse_args()
    runtime.quiet_environment()
    with tempfile.TemporaryDirectory(dir=options.work, ignore_cleanup_errors=True) as folder:
        work = Work(
            set=read_set(options.set),
            others={path.name: read_set(path) for path in options.others},
            seed=options.seed,
            folder=Path(folder).resolve(),
            sizes=QUICK if options.quick else Sizes(),
        )
        module, function = STEPS[options.step]
        found = getattr(importlib.import_module(module), function)(work)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
