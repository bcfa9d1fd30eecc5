"""A batch from its plan to its manifest: the same on every engine."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from tl_catdog.cluster.done import Engine, ShardDone, ShardFailed
from tl_catdog.cluster.engines import shared
from tl_catdog.cluster.networks import send_network
from tl_catdog.cluster.planning import FeatureSettings, draft, mend_listing, planned
from tl_catdog.cluster.progress import Progress, Show
from tl_catdog.data.parallel import map_threaded
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.runs.folder import Run
from tl_catdog.shards.arrow import arrow
from tl_catdog.shards.closing import close, vouched
from tl_catdog.shards.listing import Digests, open_source
from tl_catdog.shards.parts import Part, find_part
from tl_catdog.shards.plan import FAILED, MANIFEST, PARTS, SUCCESS, Plan, part_name, sizes_of
from tl_catdog.storage.places import Place

ENGINES = {"local": None, "dask": ("Dask", "distributed"), "ray": ("Ray", "ray")}
"""Engines, with what they are called and the module of the package that they need."""

TRIES = 3
"""How often a shard is tried before it is set aside."""

HOPELESS = 10
"""So many shards fail before any is done: then the others aren't tried."""

SHARD_SIZE = 1024

SET_ASIDE = re.compile(r"part-\d{5,}\.json")
"""Names of files in ``failed``; whatever else is there is somebody's."""


@dataclass(frozen=True)
class Batch:
    """What became of a batch.

    Attributes:
        dest: Where it is.
        plan: Its plan.
        found: Shards that were done before.
        computed: Shards that were done now.
        failed: Those set aside, with their reasons.
        errors: Pictures that have an error, by kind.
        seconds: What it took.
        closed: Whether all parts are there and the manifest is written.
        remarks: Kind and detail of what was noticed of the source; see ``rows.Source``.
    """

    dest: Place
    plan: Plan
    found: int
    computed: int
    failed: tuple[ShardFailed, ...]
    errors: dict[str, int]
    seconds: float
    closed: bool
    remarks: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "dest": str(self.dest),
            "kind": self.plan.kind,
            "plan": self.plan.hash,
            "rows": self.plan.rows,
            "shards": self.plan.shards,
            "found": self.found,
            "computed": self.computed,
            "failed": [{"shard": item.shard, "reason": item.reason} for item in self.failed],
            "errors": self.errors,
            "remarks": [{"kind": kind, "detail": detail} for kind, detail in self.remarks],
            "closed": self.closed,
            "seconds": self.seconds,
        }


def batch(
    kind: str,
    source: str | os.PathLike[str],
    dest: str | os.PathLike[str],
    *,
    run: Run | None = None,
    features: FeatureSettings | None = None,
    on: str | Engine = "local",
    workers: int | None = None,
    address: str | None = None,
    shard_size: int = SHARD_SIZE,
    show: Show = lambda progress: None,
) -> Batch:
    """Compute something of very many pictures, going on where an earlier command was.

    Args:
        kind: ``predict``, ``features`` or ``check``.
        source: The pictures; see ``shards.listing.open_source``.
        dest: Where the results go: a folder, or the address of one.
        run: Whose network answers, for ``predict``.
        features: Which features, for ``features``.
        on: The engine: ``local``, ``dask`` or ``ray``, or one of your own, as ``SparkEngine``.
        workers: How many processes; None for what there is.
        address: Of a cluster of that engine; None to start one here.
        shard_size: Pictures in a shard.
        show: Called as it gets further.

    Raises:
        UsageError: The source or the place can't be used as given.
        CatdogError: The engine or a network can't be used, or no shard can be done.
        OSError: The place can't be written to.
    """
    arrow()
    engine = engine_of(on, address) if isinstance(on, str) else on
    low, high = sizes_of(kind)
    if not low <= shard_size <= high:
        raise UsageError(
            f"expected {low} to {high:,} pictures in a shard, found {shard_size}.",
            f"Type: --shard-size {SHARD_SIZE}",
        )
    began = time.monotonic()
    progress = Progress()
    place, opened = Place.of(dest), open_source(os.fspath(source), kind)
    _apart(place, opened.text)

    def listed(rows: int) -> None:
        progress.rows = rows
        show(progress)

    wanted = features or FeatureSettings()
    plan, digests = planned(
        draft(kind, opened, shard_size, run, wanted), opened, place, run, listed
    )
    work = _Work(place, plan, digests, progress, show)
    work.look()
    found = len(work.parts)
    pending = [shard for shard in range(plan.shards) if shard not in work.parts]
    if pending:
        mend_listing(place, plan, opened, digests, pending)
        if run is not None:
            send_network(run, place)  # some of it may be damaged, or gone
        work.do(engine, pending, workers, address)
    failed = work.set_aside()
    if not failed:
        progress.step = "closing"
        show(progress)
        close(place, plan, work.parts, digests.of_shard)
    return Batch(
        place,
        plan,
        found,
        len(work.parts) - found,
        failed,
        dict(sorted(progress.errors.items())),
        time.monotonic() - began,
        closed=not failed,
        remarks=tuple(opened.remarks),
    )


def engine_of(name: str, address: str | None = None) -> Engine:
    """Return an engine.

    Raises:
        UsageError: There is none of that name, its package isn't installed, or it takes no address.
    """
    if name not in ENGINES:
        raise UsageError(
            f"expected an engine out of {listing(ENGINES)}, found {name!r}.", "Type: --on local"
        )
    if address is not None and name == "local":
        raise UsageError(
            "expected an address for an engine that joins a cluster, found it for local.",
            "Type: --on dask, or: --on ray",
        )
    package = ENGINES[name]
    if package is not None and find_spec(package[1]) is None:  # said before anything is written
        raise shared.absent(package[0], name)
    return cast("Engine", import_module(f"tl_catdog.cluster.engines.{name}"))


class _Work:
    """The parts of a batch while they are made."""

    def __init__(
        self, dest: Place, plan: Plan, digests: Digests, progress: Progress, show: Show
    ) -> None:
        self.dest, self.plan, self.digests = dest, plan, digests
        self.progress, self.show = progress, show
        self.parts: dict[int, Part] = {}
        self.failed: dict[int, ShardFailed] = {}
        progress.shards, progress.rows = plan.shards, plan.rows

    def look(self) -> None:
        """Find the parts that are there; a damaged one is made again.

        Each is read, but for those that the manifest of a closed batch vouches for.
        """
        self.progress.step = "looking"
        self.show(self.progress)
        known = vouched(self.dest, self.plan)
        there = {entry.name: known(entry) for entry in (self.dest / PARTS).entries()}
        shards = [shard for shard in range(self.plan.shards) if part_name(shard) in there]

        def found(shard: int) -> Part | None:
            return there[part_name(shard)] or find_part(self.dest, self.plan, shard)

        for part in map_threaded(found, shards):
            if part is not None and part.listing == self.digests.of_shard[part.shard]:
                self._take(part)
                self.show(self.progress)

    def do(
        self, engine: Engine, pending: Sequence[int], workers: int | None, address: str | None
    ) -> None:
        """Have shards done, and those that fail again, twice.

        Raises:
            CatdogError: None can be done.
        """
        self.progress.step = "working"
        began, before = time.monotonic(), len(self.parts)
        self.show(self.progress)
        for _ in range(TRIES):
            left = [shard for shard in pending if shard not in self.parts]
            if not left:
                return
            self.failed.clear()
            run = engine.run(left, str(self.dest), workers=workers, address=address)
            with closing(cast("Any", run)):  # it is a generator: what it started ends with it
                for result in run:
                    self.progress.seconds = time.monotonic() - began
                    if isinstance(result, ShardDone):
                        self._take(result.part)
                        if result.computed:
                            self.progress.computed_rows += result.part.rows
                    else:
                        self._refuse_hopeless(result, before)
                    self.show(self.progress)

    def _take(self, part: Part) -> None:
        if part.shard in self.parts:
            return
        self.parts[part.shard] = part
        self.progress.done += 1
        self.progress.done_rows += part.rows
        self.progress.errors.update(part.errors)

    def _refuse_hopeless(self, failed: ShardFailed, before: int) -> None:
        self.failed[failed.shard] = failed
        self.progress.failures[failed.reason] += 1
        none = len(self.parts) == before and self.progress.failures.total() >= HOPELESS
        if failed.fatal or none:
            raise CatdogError(
                f"expected shards that can be done, found that {part_name(failed.shard)} can't "
                f"be, nor would others be: {failed.reason.rstrip('.')}.",
                "What is done is kept; type the command again when that is mended.",
            )

    def set_aside(self) -> tuple[ShardFailed, ...]:
        """Name the shards that couldn't be done in ``failed``, and forget those that now are."""
        wanted = {
            Path(part_name(item.shard)).with_suffix(".json").name: item
            for item in self.failed.values()
            if item.shard not in self.parts
        }
        for entry in list((self.dest / FAILED).entries()):
            if SET_ASIDE.fullmatch(entry.name) and entry.name not in wanted:
                (self.dest / FAILED / entry.name).remove()
        for name, item in wanted.items():
            said = {"shard": item.shard, "tries": TRIES, "reason": item.reason}
            (self.dest / FAILED / name).write((json.dumps(said) + "\n").encode())
        if wanted:
            for name in (SUCCESS, MANIFEST):
                (self.dest / name).remove()
        return tuple(sorted(wanted.values(), key=lambda item: item.shard))


def _apart(dest: Place, source: str) -> None:
    """Make sure that results don't become a part of what they are results of.

    Raises:
        UsageError: They would.
    """
    if dest.path is not None:
        within = dest.path.resolve().is_relative_to(Path(source).resolve())
    else:
        within = f"{dest}/".startswith(f"{source.rstrip('/')}/")
    if within:
        raise UsageError(
            f"expected a place for the results outside of the pictures, found {dest} in {source}.",
            "Name another place: --out DEST",
        )
