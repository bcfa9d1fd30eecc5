"""The commands share their options, and what they say of them is what the work takes."""

from __future__ import annotations

import pytest
import typer

from tests.conftest import Cli
from tl_catdog.cli.batch import app
from tl_catdog.cli.batch.options import ENGINES, SHARD_SIZE
from tl_catdog.cluster import batch
from tl_catdog.shards.plan import CHECKED_SIZES, SHARD_SIZES

SHARED = {"--out", "--on", "--address", "--workers", "--shard-size", "--json"}


def test_all_commands_have_them() -> None:
    for command in typer.main.get_command(app).commands.values():  # type: ignore[attr-defined]
        found = {option.opts[0]: option for option in command.params}
        assert set(found) >= SHARED
        assert found["--shard-size"].default == SHARD_SIZE == batch.SHARD_SIZE
    assert tuple(ENGINES.split("|")) == tuple(batch.ENGINES)


@pytest.mark.parametrize(("kind", "sizes"), [("features", SHARD_SIZES), ("check", CHECKED_SIZES)])
def test_sizes_that_no_plan_has_are_refused(kind: str, sizes: tuple[int, int], cli: Cli) -> None:
    for size in (sizes[0] - 1, sizes[1] + 1):
        done = cli("batch", kind, "nowhere", "--out", "out", "--shard-size", size)
        assert done.code == 2
        assert "--shard-size" in done.err
