"""What becomes of a shard, and what an engine is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tl_catdog.shards.parts import Part


@dataclass(frozen=True)
class ShardDone:
    """A shard whose part is there.

    Attributes:
        part: What is known of it.
        computed: Whether it was computed now, rather than found.
    """

    part: Part
    computed: bool = True

    @property
    def shard(self) -> int:
        """The shard's number."""
        return self.part.shard


@dataclass(frozen=True)
class ShardFailed:
    """A shard that wasn't done.

    Attributes:
        shard: Its number.
        reason: Why, in one line.
        fatal: Whether no other shard can do better: a full disk, say, or other versions there.
    """

    shard: int
    reason: str
    fatal: bool = False


LOST = "its process was killed, or its machine is gone"
"""Why a shard failed of which nobody else can tell."""


class Engine(Protocol):
    """A module of ``cluster.engines``."""

    def run(
        self,
        tasks: Sequence[int],
        plan_url: str,
        *,
        workers: int | None = None,
        address: str | None = None,
    ) -> Iterator[ShardDone | ShardFailed]:
        """Do shards, each by ``work.try_shard``, and yield what becomes of them as they finish.

        Every shard is yielded once. A worker that is lost takes no shard with it but its own, which
        is done again or yielded as failed. When the caller stops early, or Ctrl-C is pressed, what
        was started is stopped.

        Args:
            tasks: The shards' numbers.
            plan_url: Where the plan is, as workers reach it.
            workers: How many processes, one core each; None for what there is.
            address: Of a cluster that is joined; None to start one here.

        Raises:
            CatdogError: The engine isn't installed, or its cluster can't be reached.
        """
