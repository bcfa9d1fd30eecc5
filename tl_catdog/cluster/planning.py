"""Planning a batch: what is computed of which pictures, held to what a place has already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import islice, zip_longest
from typing import Any

from tl_catdog.cluster.classed import rows_of
from tl_catdog.errors import CatdogError, UsageError, shown
from tl_catdog.features.views import SMALL
from tl_catdog.models.forward import MIRROR, PLAIN
from tl_catdog.models.layout import POOLING
from tl_catdog.runs.folder import Run
from tl_catdog.shards.listing import (
    Digests,
    digest_of,
    read_shard,
    shards_of,
    write_shard,
)
from tl_catdog.shards.plan import (
    CHECK,
    FAILED,
    LISTING,
    MANIFEST,
    NETWORK,
    PAGE,
    PARTS,
    PLAN,
    SUCCESS,
    Plan,
    difference,
    read_plan,
    write_plan,
)
from tl_catdog.shards.rows import Source
from tl_catdog.storage.places import Place

OURS = (PLAN, LISTING, PARTS, FAILED, NETWORK, MANIFEST, SUCCESS, CHECK, PAGE)
"""What a place may hold that has no plan yet: a killed command left it."""

Listed = Callable[[int], None]
"""Called with the number of pictures that are listed."""


@dataclass(frozen=True)
class FeatureSettings:
    """Which features are wanted.

    Attributes:
        arch: The architecture whose backbone computes them.
        image_size: Height and width of the pictures in pixels; None for the architecture's own.
        weights: The backbone's; None for the architecture's own.
        compute: ``int8``, ``float32``, or ``auto``: what a training here would take.
        mirror: Whether mirror images are taken too: ``yes``, ``no``, or ``auto``: in small sets.
    """

    arch: str = "mobilenet"
    image_size: int | None = None
    weights: str | None = None
    compute: str = "auto"
    mirror: str = "auto"


def planned(
    plan: Plan, source: Source, dest: Place, run: Run | None, listed: Listed
) -> tuple[Plan, Digests]:
    """List a source, and write the plan unless the place has the same one.

    Args:
        plan: All but what the listing says; see ``draft``.
        source: The pictures.
        dest: Where the plan goes.
        run: Whose network answers, if one does.
        listed: See ``Listed``.

    Returns:
        The whole plan, and the digests of the listing's shards.

    Raises:
        UsageError: The place has another plan, or holds something else; or there are no pictures.
        CatdogError: The place's plan is damaged.
    """
    _refuse_links(dest)
    old = read_plan(dest)
    if old is None:
        _refuse_others(dest)
    elif found := difference(_unlisted(old, plan), plan):
        raise _other(dest, plan, found)  # before a million pictures are listed
    digests = Digests()
    for shard, rows in enumerate(shards_of(rows_of(source, plan.classes), plan.shard_size)):
        digests.add(rows)
        if old is None:
            write_shard(dest, shard, rows)
        listed(digests.rows)
    if not digests.rows:
        raise UsageError(
            f"expected pictures, found none in {plan.source}.", f"Look at: {plan.source}"
        )
    new = replace(
        plan,
        listing_sha256=digests.sha256,
        rows=digests.rows,
        shards=len(digests.of_shard),
        views=plan.views or _views(plan, digests.rows),
        remarks=tuple(source.remarks) if plan.kind == "check" else (),
    )
    if old is None:
        if run is not None:
            from tl_catdog.cluster.networks import send_network

            send_network(run, dest)
        write_plan(dest, new)
    elif found := difference(old, new):
        raise _other(dest, new, f"{found}{_first_change(dest, source, new, digests)}")
    return new, digests


def _first_change(dest: Place, source: Source, new: Plan, digests: Digests) -> str:
    """Return in words the first picture by which a source isn't the one that was planned.

    The source is listed again up to there: nobody waits for it but whoever has to be told.
    """
    shards = range(len(digests.of_shard))
    wrong = next((shard for shard in shards if not _listed_right(dest, shard, digests)), None)
    if wrong is None:
        return ""
    try:
        before = read_shard(dest, wrong)
    except CatdogError:
        return ""  # damaged, or of no shard that was planned
    now = next(islice(shards_of(rows_of(source, new.classes), new.shard_size), wrong, None), [])
    planned_names, names = {row.path for row in before}, {row.path for row in now}
    for old, row in zip_longest(before, now):
        if old is None or row is None:
            return f"; {shown(row.path)} is new" if row else f"; {shown(old and old.path)} is gone"
        if old.path == row.path and old != row:
            return f"; {shown(row.path)} has changed"
        if old.path != row.path:
            unknown, missing = row.path not in planned_names, old.path not in names
            came = unknown if unknown != missing else row.path < old.path
            return f"; {shown(row.path)} is new" if came else f"; {shown(old.path)} is gone"
    return ""


def _unlisted(old: Plan, plan: Plan) -> Plan:
    """Return a place's plan without what its listing says."""
    return replace(
        old, listing_sha256="", shards=0, rows=0, remarks=(), views=plan.views and old.views
    )


def _views(plan: Plan, rows: int) -> tuple[str, ...]:
    """Return the views that a training on so many pictures takes; see ``features.views``.

    A training takes half of a set or more, so twice as many pictures may be a small set's.
    """
    if plan.kind != "features":
        return ()
    return (PLAIN, MIRROR) if rows <= 2 * SMALL else (PLAIN,)


def draft(
    kind: Any, source: Source, shard_size: int, run: Run | None, wanted: FeatureSettings
) -> Plan:
    """Return a plan without what the listing says.

    Raises:
        UsageError: There is no such architecture, or it takes no such pictures.
        CatdogError: A network's weights can't be loaded.
    """
    from tl_catdog.cluster import networks

    plan = Plan(kind, source.text, "", shard_size, 0, 0, networks.decoder_key())
    if kind == "predict" and run is not None:
        return replace(
            plan,
            weights_sha256=networks.run_digest(run),
            engine=networks.engine_of(run),
            engine_key=networks.run_key(run),
            image_size=run.image_size,
            arch=str(run.config["arch"]),
            compute=run.compute,
            classes=run.classes,
        )
    if kind != "features":
        return plan
    config = networks.settings(*astuple(wanted))
    backbone = networks.backbone_for(config)
    views = {"yes": (PLAIN, MIRROR), "no": (PLAIN,), "auto": ()}[wanted.mirror]
    return replace(
        plan,
        weights_sha256=backbone.weights,
        engine=backbone.engine,
        engine_key=backbone.identity,
        image_size=backbone.image_size,
        arch=wanted.arch,
        compute=backbone.precision,
        weights=config.backbone_weights,
        views=views,
        width=backbone.shape_at(POOLING)[0],
    )


def mend_listing(
    dest: Place, plan: Plan, source: Source, digests: Digests, pending: Sequence[int]
) -> None:
    """Write again what is damaged of the listing of shards that are to be done.

    Two commands that began at once with other sources may have mixed theirs.

    Raises:
        CatdogError: The source has changed since it was listed.
    """
    wrong = {shard for shard in pending if not _listed_right(dest, shard, digests)}
    if not wrong:
        return
    for shard, rows in enumerate(shards_of(rows_of(source, plan.classes), plan.shard_size)):
        if shard in wrong:
            if digest_of(rows) != digests.of_shard[shard]:
                raise _other(dest, plan, "the pictures")
            write_shard(dest, shard, rows)


def _listed_right(dest: Place, shard: int, digests: Digests) -> bool:
    try:
        return digest_of(read_shard(dest, shard)) == digests.of_shard[shard]
    except CatdogError:
        return False


def _refuse_links(dest: Place) -> None:
    """Make sure that nothing is written or removed elsewhere than in the place that was named.

    Raises:
        UsageError: One of its folders is a link: whoever made the place may mean harm.
    """
    for name in (LISTING, PARTS, FAILED, NETWORK):
        path = (dest / name).path
        if path is not None and path.is_symlink():
            raise UsageError(
                f"expected a folder of its own as {path}, found a link.",
                f"Look at it: ls -l {dest}",
            )


def _refuse_others(dest: Place) -> None:
    """Make sure that a place without a plan holds nothing but what a killed command left.

    Raises:
        UsageError: It holds something else, or is a file.
    """
    if dest.exists() and not dest.is_folder():
        raise UsageError(
            f"expected a folder for the results, found the file {dest}.", "Type: --out DEST"
        )
    for entry in dest.entries():
        if entry.name.partition("/")[0] not in OURS:
            raise UsageError(
                f"expected an empty place for the results, found {shown(entry.name)} in {dest}.",
                "Name another place: --out DEST",
            )


def _other(dest: Place, plan: Plan, found: str) -> UsageError:
    return UsageError(
        f"expected the same work as the plan in {dest} has, found that it is another: {found}.",
        f"To keep both, name another place: tl-catdog batch {plan.kind} … --out OTHER",
    )
