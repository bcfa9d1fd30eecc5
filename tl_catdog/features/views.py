"""The views of a picture: the variants of it whose features are computed."""

from __future__ import annotations

from dataclasses import dataclass

from tl_catdog.config import ResolvedConfig
from tl_catdog.models.forward import MIRROR, PLAIN

SMALL = 1000
"""Up to so many training pictures, ``--mirror auto`` takes mirror images, which then take seconds.

They double the work for a little less loss, whatever the set's size (docs/adr/008). Fine-tuning
takes them anyway: it has far more weights to overfit with."""


@dataclass(frozen=True)
class Views:
    """Which views to take of each picture.

    Attributes:
        mirror: Whether to take the mirror image besides the plain picture.
        augmented: Number of augmented views.
        recipe: How these are varied; one of ``data.augment.RECIPES``.
        seed: Of their random numbers, 0 or more.
    """

    mirror: bool = False
    augmented: int = 0
    recipe: str = "none"
    seed: int = 0

    @property
    def fixed(self) -> tuple[str, ...]:
        """The views that depend on the picture only."""
        return (PLAIN, MIRROR) if self.mirror else (PLAIN,)

    @property
    def count(self) -> int:
        """How many views there are of each picture, 1 or more."""
        return len(self.fixed) + self.augmented


def views_of(config: ResolvedConfig, images: int) -> Views:
    """Return the views of training pictures that resolved settings ask for.

    Args:
        config: The settings.
        images: Number of training pictures.
    """
    if config.augment == "none":
        return Views()
    pays = images <= SMALL or config.finetune
    mirror = config.mirror == "yes" or (config.mirror == "auto" and pays)
    return Views(mirror, config.views, config.augment, config.seed)
