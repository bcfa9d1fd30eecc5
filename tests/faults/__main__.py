"""``python -m tests.faults``: plant faults, count what was survived, write docs/reliability.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults import bodies, page, results
from tests.faults.calls import is_possible
from tests.faults.jobs import Job, jobs
from tests.faults.world import BrokenWorldError, World
from tests.support.fetch_server import serving
from tests.support.fetch_sets import FEW, zipped

MEMORY_DISK = Path("/dev/shm")


def main(argv: Sequence[str] | None = None) -> int:
    """Plant what is asked for; return 1 if not everything was survived."""
    asked = _parser().parse_args(argv)
    if not is_possible():
        print("This takes Linux 5.9, on x86-64 or ARM, and its seccomp filters.", file=sys.stderr)
        return 2
    survived = True
    for job in jobs(asked.part) if not asked.page_only else ():
        if asked.kinds and job.kind not in asked.kinds:
            continue
        if asked.only and not any(text in job.name for text in asked.only):
            continue
        survived &= _run(job, asked.seed, asked.results)
    page.write(results.read(asked.results), asked.out)
    return 0 if survived else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--kinds", nargs="*", help="kills, errors, disks, together, …; default: all"
    )
    parser.add_argument("--only", nargs="*", help="only what has this in its name")
    parser.add_argument("--part", type=float, default=1.0, help="so much of each; 1 takes hours")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=results.FILE)
    parser.add_argument("--out", type=Path, default=page.PAGE)
    parser.add_argument("--page-only", action="store_true", help="write the page again")
    return parser


def _run(job: Job, seed: int, path: Path) -> bool:
    """Run a job, say and keep what came of it; return whether all was survived."""
    place = Path(
        tempfile.mkdtemp(prefix="faults-", dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None)
    )
    began = time.monotonic()
    found = []
    try:
        with serving() as site:
            site.files["/few.zip"] = zipped(FEW)
            world = World(place, {bodies.SITE: site.address})
            for fault in job.run(world, seed):
                found.append(fault)
                for item in fault.wrong:
                    print(f"  {fault.kind}, {fault.where}: {item} [{fault.then}]", flush=True)
    except PermissionError as error:
        if not job.rights:
            raise
        print(f"{job.kind} of {job.name}: left out, {error}", flush=True)
    except BrokenWorldError as error:
        print(f"{job.kind} of {job.name}: {error}", flush=True)
        return False
    finally:
        shutil.rmtree(place, ignore_errors=True)
    results.write(results.count(found, seed), path)
    well = sum(not fault.wrong for fault in found)
    took = time.monotonic() - began
    print(f"{job.kind} of {job.name}: {well} of {len(found)} survived, {took:.0f} s", flush=True)
    return well == len(found)


if __name__ == "__main__":
    sys.exit(main())
