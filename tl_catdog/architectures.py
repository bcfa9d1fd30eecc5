"""Which architectures there are, and what each takes where nobody says.

What a backbone is made of stands in ``models``; settings have to know names and sizes only.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from tl_catdog.errors import LONGEST, UsageError, shown

BASELINE = "baseline"


@dataclass(frozen=True)
class Pretrained:
    """A pretrained backbone as settings see it.

    Attributes:
        image_size: Height and width in pixels of the pictures that its weights were trained on.
        unfreeze_from: The block that fine-tuning starts at by default; None is its last fifth.
    """

    image_size: int
    unfreeze_from: str | None = None


PRETRAINED = {
    "mobilenet": Pretrained(224, "block_13"),
    "efficientnet-lite0": Pretrained(224, "block_11"),
    "efficientnet-lite1": Pretrained(240, "block_15"),
    "efficientnet-lite2": Pretrained(260, "block_15"),
}

ARCHS = (BASELINE, *PRETRAINED)


def check_arch(arch: str) -> None:
    """Make sure that an architecture is one.

    Raises:
        UsageError: It isn't; the message names those there are.
    """
    if arch in ARCHS:
        return
    near = difflib.get_close_matches(arch[:LONGEST], ARCHS, 1)
    raise UsageError(
        f"expected arch to be one of {', '.join(ARCHS)}, found {shown(arch)}.",
        f"Type: --arch {near[0] if near else next(iter(PRETRAINED))}",
    )


def require_backbone(arch: str) -> None:
    """Make sure that an architecture is one with a pretrained backbone.

    Raises:
        UsageError: It isn't.
    """
    check_arch(arch)
    if arch == BASELINE:
        raise UsageError(
            f"expected a pretrained backbone, found --arch {BASELINE}, which has none.",
            f"Type: --arch {next(iter(PRETRAINED))}",
        )
