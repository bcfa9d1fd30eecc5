"""The work on one shard: a function of the plan and a number, wherever it runs.

A process loads a plan and its network once. A part that is there already is left as it is.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tl_catdog import runtime
from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.cluster.pictures import Picture, read_ahead
from tl_catdog.errors import CatdogError, refusal_in, shortened
from tl_catdog.shards.listing import digest_of, open_source, read_shard
from tl_catdog.shards.parts import find_part, write_part
from tl_catdog.shards.plan import Plan, needed_plan
from tl_catdog.shards.rows import Source
from tl_catdog.storage.places import Place

Columns = dict[str, Any]


class OtherMachineError(CatdogError):
    """This machine would give other bits than the plan says."""


@dataclass(frozen=True)
class Job:
    """A plan with what a process has loaded for it.

    Attributes:
        dest: The place of the batch.
        plan: Its plan.
        source: Where the pictures are.
        compute: From pictures, in order, to the columns of the plan's kind, ``error`` among them.
    """

    dest: Place
    plan: Plan
    source: Source
    compute: Callable[[Iterator[Picture]], Columns]


_jobs: dict[tuple[str, str], Job] = {}
_loading = threading.Lock()


def do_shard(plan_url: str, shard: int) -> ShardDone:
    """Compute a shard's part and write it, unless it is there.

    Args:
        plan_url: The place of the batch, as this machine reaches it.
        shard: The shard's number.

    Raises:
        CatdogError: The plan, its network, its listing or its source can't be used.
        Exception: Whatever else stands in the way; it may be tried again.
    """
    job = _job(plan_url)
    dest, plan = job.dest, job.plan
    rows = read_shard(dest, shard)
    listing = digest_of(rows)
    there = find_part(dest, plan, shard)
    if there is not None and there.listing == listing:
        return ShardDone(there, computed=False)
    if len(rows) != plan.rows_of(shard):
        raise CatdogError(f"expected {plan.rows_of(shard)} rows in a shard, found {len(rows)}.")
    digests: list[str | None] = []

    def pictures() -> Iterator[Picture]:
        for picture, sha256 in read_ahead(job.source, rows):
            digests.append(sha256)
            yield picture

    columns = job.compute(pictures())
    columns["error"] = [None if text is None else _clean(text) for text in columns["error"]]
    columns |= {
        "path": [row.path for row in rows],
        "sha256": digests,
        "label": [row.label for row in rows],
        "split": [row.split for row in rows],
    }
    return ShardDone(write_part(dest, plan, shard, columns, listing))


def try_shard(plan_url: str, shard: int) -> ShardDone | ShardFailed:
    """Do what ``do_shard`` does; whatever is raised becomes a failure with its reason."""
    try:
        return do_shard(plan_url, shard)
    except Exception as error:
        said = str(error) if isinstance(error, CatdogError) else f"{type(error).__name__}: {error}"
        fatal = isinstance(error, OtherMachineError) or refusal_in(error) is not None
        return ShardFailed(shard, shortened(" ".join(said.split()), 500), fatal)


def _job(plan_url: str) -> Job:
    """Return what this process has loaded for a plan, which is read anew each time."""
    dest = Place.of(plan_url)
    plan = needed_plan(dest)
    key = (plan_url, plan.hash)
    with _loading:
        if key not in _jobs:
            _jobs.clear()  # a long-lived worker keeps one network
            runtime.ignore_pillow_warnings()
            source = open_source(plan.source, plan.kind)
            _jobs[key] = Job(dest, plan, source, _compute_of(plan, dest))
        return _jobs[key]


def _compute_of(plan: Plan, dest: Place) -> Callable[[Iterator[Picture]], Columns]:
    """Load what computes a plan's columns, and make sure that it gives the plan's bits.

    Raises:
        OtherMachineError: It would give others.
        CatdogError: It can't be loaded.
    """
    if plan.kind == "check":
        from tl_catdog.cluster.inspecting import inspected
        from tl_catdog.cluster.networks import decoder_key

        _hold("the decoder", decoder_key(), plan.decoder)
        return inspected
    if plan.kind == "features":
        from tl_catdog.cluster.networks import decoder_key, planned_backbone

        backbone = planned_backbone(plan)
        _hold("weights", backbone.weights, plan.weights_sha256)
        _hold("the engine", backbone.engine, plan.engine)
        _hold("versions", backbone.identity, plan.engine_key)
        _hold("the decoder", decoder_key(), plan.decoder)
        forward = backbone.load()
        _hold("the engine", forward.engine, plan.engine)

        def features(pictures: Iterator[Picture]) -> Columns:
            from tl_catdog.cluster.columns import feature_columns

            return feature_columns(plan, forward, pictures)

        return features
    from tl_catdog.cluster.columns import answer_columns
    from tl_catdog.cluster.networks import predictor_of

    predictor, here = predictor_of(plan, dest)
    _hold("the engine", here.engine, plan.engine)
    _hold("versions", here.engine_key, plan.engine_key)
    _hold("the decoder", here.decoder, plan.decoder)
    return lambda pictures: answer_columns(predictor, pictures)


def _hold(what: str, found: str, planned: str) -> None:
    """Hold something of this machine to the plan.

    Raises:
        OtherMachineError: It is another.
    """
    if found != planned:
        raise OtherMachineError(
            f"expected {what} of the plan, {shortened(planned, 200)}, found "
            f"{shortened(found, 200)} on {platform.node()}.",
            "Install the same versions on every machine.",
        )


def _clean(text: str) -> str:
    """Return a text that Arrow takes: names of files may be no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
