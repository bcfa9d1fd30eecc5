"""A built-in set of drawn cats and dogs, for trying the toolkit without pictures of one's own.

The program draws every picture itself, with Pillow and numpy alone. Both kinds share scenes,
clutter, poses, coats, sizes and places, so that only the animals' own features tell them apart.
"""

from .picture import KINDS, VERSION, Drawing, draw
from .writer import DEFAULT_COUNTS, SPLITS, DrawnSet, draw_set

__all__ = [
    "DEFAULT_COUNTS",
    "KINDS",
    "SPLITS",
    "VERSION",
    "Drawing",
    "DrawnSet",
    "draw",
    "draw_set",
]
