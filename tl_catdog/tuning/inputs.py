"""The pictures of a set as a search wants them: features of each backbone, copies in one group."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from tl_catdog.audit.near_duplicates import copy_groups
from tl_catdog.config import TrainConfig
from tl_catdog.data.batches import Skipped, class_indices, require_every_class
from tl_catdog.data.digest import content_key
from tl_catdog.data.examples import Example, ImageSet
from tl_catdog.data.folders import TEST, TRAIN, VALIDATION
from tl_catdog.data.groups import united
from tl_catdog.features.backbone import frozen_backbone
from tl_catdog.features.extracted import features_of
from tl_catdog.features.views import Views, views_of
from tl_catdog.models.build import build
from tl_catdog.models.layout import POOLING
from tl_catdog.tuning.problem import Backbone, Floats, Positions, Problem
from tl_catdog.tuning.space import Space
from tl_catdog.version import version_of

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how many pictures are done, and of how many."""

SEARCHED = "searched"

ELSEWHERE = (
    *("data", "features", "run", "runs_dir", "cache", "cache_size", "force", "strict"),
    "tensorboard",
)
"""Settings that change nothing about what is found; ``data`` and ``features`` are told by their
pictures."""


PACKAGES = ("numpy", "scipy", "scikit-learn", "optuna")


@dataclass(frozen=True)
class Prepared:
    """Everything that a search needs of its pictures.

    Attributes:
        problem: Those to search on, and the test pictures.
        space: What is searched.
        training: Positions of those that a training is fitted on.
        test: Positions of the test pictures that may judge, if there are any.
        left_out: How many test pictures are of a group, or copies, of one that is searched on.
        skipped: What couldn't be read.
        asked: The digest of each part that has to be the same for a search to go on.
    """

    problem: Problem
    space: Space
    training: Positions
    test: Positions
    left_out: int
    skipped: tuple[Skipped, ...]
    asked: dict[str, str]


def prepare(
    config: TrainConfig,
    images: ImageSet,
    backbones: Sequence[Backbone],
    tell: Tell = lambda *_: None,
) -> Prepared:
    """Find copies, where there are pictures, and compute features or take them from the cache.

    Args:
        config: The settings that aren't searched.
        images: The pictures, split as a training would split them.
        backbones: Architectures with picture sizes; the first is the default.
        tell: Told of the progress.

    Raises:
        CatdogError: A class has no picture that can be read, a picture has changed meanwhile, a
            backbone's weights can't be loaded, or there is no room for the features.
    """
    searched = [e for e in images.examples if e.split in (TRAIN, VALIDATION)]
    held = [e for e in images.examples if e.split == TEST]
    features: dict[Backbone, Floats] = {}
    readable: list[Example] = []
    skipped: list[Skipped] = []
    identity = ""
    for backbone in reversed(backbones):
        found = _features(config, backbone, images, (searched, held), tell)
        features[backbone], readable, skipped, identity = found
    copies = None
    if config.features is None:  # of these there are no pictures
        copies = copy_groups(
            [example.path for example in readable],
            lambda done, total: tell("looking for copies", done, total),
        )
    contents = [content_key(example.digest, example.name) for example in readable]
    groups = tuple(united(contents, [example.group for example in readable], copies))
    splits = np.array([example.split for example in readable])
    pool = np.flatnonzero(splits != TEST)
    known = {groups[place] for place in pool}
    test = np.flatnonzero(splits == TEST)
    own = np.array([groups[place] not in known for place in test], np.bool_)
    labels = class_indices(readable, images.classes)
    sizes = np.bincount(labels[pool], minlength=len(images.classes))
    few = images.few
    problem = Problem(features, labels, groups, pool, len(images.classes), config, few, config.seed)
    linear = few or config.head == "linear"
    space = Space(tuple(backbones), bool(sizes.min() < sizes.max()), linear)
    return Prepared(
        problem,
        space,
        np.flatnonzero(splits == TRAIN),
        test[own],
        int((~own).sum()),
        tuple(skipped),
        {
            "pictures": _digest([images.fingerprint, images.classes, groups]),
            "settings": _digest(
                {name: value for name, value in asdict(config).items() if name not in ELSEWHERE}
            ),
            "values searched": _digest([backbones, repr(space.values)]),
            "packages": _digest([identity, *map(version_of, PACKAGES)]),
        },
    )


def _features(
    config: TrainConfig,
    backbone: Backbone,
    images: ImageSet,
    parts: tuple[Sequence[Example], Sequence[Example]],
    tell: Tell,
) -> tuple[Floats, list[Example], list[Skipped], str]:
    """Return features, (N, V, F), of the pictures that can be read, and what computed them.

    Of test pictures there is the plain view alone.
    """
    arch, size = backbone
    settings = replace(config, arch=arch, image_size=size).resolved(
        len(images.split(TRAIN)), len(images.classes)
    )
    views = views_of(settings, len(images.split(TRAIN)))
    source = frozen_backbone(settings, (POOLING,), lambda: build(settings, len(images.classes)))
    total = len(parts[0]) + len(parts[1])
    readable: list[Example] = []
    skipped: list[Skipped] = []
    rows: list[Floats] = []
    looked = dict.fromkeys((SEARCHED, TEST), 0)

    def told(name: str, done: int, _: int, __: int) -> None:
        looked[name] = done
        tell(f"{arch} at {size} px", sum(looked.values()), total)

    both = zip((SEARCHED, TEST), parts, (views, Views()), strict=True)
    asked = {name: (some, seen) for name, some, seen in both if some}
    stored = 0
    for name, found in features_of(settings, source, asked, told):
        samples = found.samples[POOLING]
        if name == SEARCHED:
            require_every_class(samples, images.classes, f"the pictures of {images.root}")
            stored = samples.views  # a batch may have no mirror images
        places = np.arange(len(samples.examples))
        part = np.zeros((len(places), stored, *samples.rows.shape[1:]), np.float32)
        for view in range(samples.views):
            part[:, view] = samples.gather(places, np.full_like(places, view))
        rows.append(part)
        readable += samples.examples
        skipped += samples.skipped
    return np.concatenate(rows), readable, skipped, source.identity


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
