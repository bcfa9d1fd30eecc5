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
        channels: F, how many features it gives of a picture, where ``models`` don't say it.
        least: The smallest height and width in pixels that it takes.
        weights: Which weights it begins with by default.
    """

    image_size: int
    unfreeze_from: str | None = None
    channels: int = 0
    least: int = 32
    weights: str = "packaged"


PRETRAINED = {
    "mobilenet": Pretrained(224, "block_13"),
    "efficientnet-lite0": Pretrained(224, "block_11"),
    "efficientnet-lite1": Pretrained(240, "block_15"),
    "efficientnet-lite2": Pretrained(260, "block_15"),
}

ARCHS = (BASELINE, *PRETRAINED)
"""Those that are part of this program; ``keras:NAME`` is one more for each network of Keras."""

KERAS = "keras:"
ARCH_HELP = (
    f"The network; baseline is the video's. One of {', '.join(ARCHS)}, or {KERAS}NAME, any of "
    f"keras.applications, such as {KERAS}EfficientNetV2B0."
)

_FAMILIES: dict[str, dict[str, tuple[int, int]]] = {
    "ConvNeXt": {
        "Tiny": (224, 768),
        "Small": (224, 768),
        "Base": (224, 1024),
        "Large": (224, 1536),
        "XLarge": (224, 2048),
    },
    "DenseNet": {"121": (224, 1024), "169": (224, 1664), "201": (224, 1920)},
    "EfficientNet": {
        "B0": (224, 1280),
        "B1": (240, 1280),
        "B2": (260, 1408),
        "B3": (300, 1536),
        "B4": (380, 1792),
        "B5": (456, 2048),
        "B6": (528, 2304),
        "B7": (600, 2560),
        "V2B0": (224, 1280),
        "V2B1": (240, 1280),
        "V2B2": (260, 1408),
        "V2B3": (300, 1536),
        "V2S": (384, 1280),
        "V2M": (480, 1280),
        "V2L": (480, 1280),
    },
    "Inception": {"V3": (299, 2048), "ResNetV2": (299, 1536)},
    "MobileNet": {"": (224, 1024), "V2": (224, 1280), "V3Large": (224, 960), "V3Small": (224, 576)},
    "NASNet": {"Mobile": (224, 1056), "Large": (331, 4032)},
    "ResNet": {
        "50": (224, 2048),
        "101": (224, 2048),
        "152": (224, 2048),
        "50V2": (224, 2048),
        "101V2": (224, 2048),
        "152V2": (224, 2048),
    },
    "VGG": {"16": (224, 512), "19": (224, 512)},
    "Xception": {"": (299, 2048)},
}
"""Networks of keras.applications by the beginning and the rest of their names: the size of the
pictures that their weights were trained on, and the number of features. A test holds them to
Keras."""

_LEAST = {"InceptionV3": 75, "InceptionResNetV2": 75, "Xception": 71}

KERAS_NETWORKS = {
    f"{KERAS}{family}{rest}": Pretrained(
        size, None, channels, _LEAST.get(f"{family}{rest}", 32), "keras"
    )
    for family, members in _FAMILIES.items()
    for rest, (size, channels) in members.items()
}


def pretrained_of(arch: str) -> Pretrained:
    """Return what settings know of an architecture with a pretrained backbone.

    >>> pretrained_of("keras:EfficientNetV2B3").image_size
    300
    """
    return PRETRAINED.get(arch) or KERAS_NETWORKS[arch]


def check_arch(arch: str) -> None:
    """Make sure that an architecture is one.

    Raises:
        UsageError: It isn't; the message names those there are.
    """
    if arch in ARCHS or arch in KERAS_NETWORKS:
        return
    if arch.startswith(KERAS):
        raise _no_such_network(arch)
    near = _nearest(arch, (*ARCHS, *KERAS_NETWORKS))
    raise UsageError(
        f"expected arch to be one of {', '.join(ARCHS)} or {KERAS}NAME, found {shown(arch)}.",
        f"Type: --arch {near or next(iter(PRETRAINED))}",
    )


def _no_such_network(arch: str) -> UsageError:
    names = ", ".join(
        f"{family}{{{','.join(members)}}}" if len(members) > 1 else family
        for family, members in _FAMILIES.items()
    )
    near = _nearest(arch, tuple(KERAS_NETWORKS)) or f"{KERAS}EfficientNetV2B0"
    return UsageError(
        f"expected {KERAS} and a network of keras.applications, found {shown(arch)}; there are "
        f"{names}.",
        f"Type: --arch {near}",
    )


def _nearest(arch: str, names: tuple[str, ...]) -> str | None:
    """Return the name that was probably meant, whatever its capitals; None if none is near."""
    by_lower = {name.lower().removeprefix(KERAS): name for name in names}
    near = difflib.get_close_matches(arch[:LONGEST].lower().removeprefix(KERAS), by_lower, 1)
    return by_lower[near[0]] if near else None


def check_image_size(arch: str, image_size: int) -> None:
    """Make sure that an architecture takes pictures of a size in pixels.

    Raises:
        UsageError: It takes larger ones only.
    """
    least = pretrained_of(arch).least if arch != BASELINE else 0
    if image_size < least:
        raise UsageError(
            f"expected image_size to be {least} or more for {arch}, found {image_size}.",
            f"Type: --image-size {pretrained_of(arch).image_size}",
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
