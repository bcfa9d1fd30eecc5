"""What became of a run's stages, in words: one that was rejected left nothing in the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REJECTED = {"finetune": "fine-tuning rejected", "frozen": "hidden layer rejected"}


def rejected_stages(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stages none of whose epochs was better than what was there before.

    The first stage is none of them, whatever it came to: there was nothing before it.

    Args:
        manifest: Of a finished run.

    >>> stages = [{"name": "frozen", "best_epoch": 9}, {"name": "finetune", "best_epoch": 0}]
    >>> rejected_stages({"stages": stages})
    ('finetune',)
    """
    return tuple(
        str(stage["name"]) for stage in manifest["stages"][1:] if stage.get("best_epoch") == 0
    )


def stage_words(names: tuple[str, ...], rejected: tuple[str, ...]) -> str:
    """Return what the network went through, and what was tried without gain.

    Args:
        names: Of all stages, in their order.
        rejected: Of those that left nothing.

    >>> stage_words(("linear", "frozen", "finetune"), ("finetune",))
    'linear+frozen (fine-tuning rejected)'
    >>> stage_words(("frozen", "finetune"), ())
    'frozen+finetune'
    """
    kept = "+".join(name for name in names if name not in rejected)
    tried = ", ".join(REJECTED.get(name, f"{name} rejected") for name in rejected)
    return f"{kept} ({tried})" if tried else kept
