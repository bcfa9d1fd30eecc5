"""What becomes of a shard travels between processes."""

from __future__ import annotations

import pickle

from tl_catdog.cluster.done import ShardDone, ShardFailed
from tl_catdog.shards.parts import Part


def test_it_can_be_pickled() -> None:
    done = ShardDone(Part(4, 2, 100, "a", "b", {"broken": 1}))
    assert pickle.loads(pickle.dumps(done)) == done
    assert done.shard == 4
    failed = ShardFailed(4, "why")
    assert pickle.loads(pickle.dumps(failed)) == failed
