"""What the names of folders tell: splits, parts of a class, annotations, a system's own things.

Names are read by rules, since people name the same thing in many ways; what a folder is taken for
is decided in ``folders``, by what is in it as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)

ROLES = {
    **dict.fromkeys(("train", "training", "trn"), TRAIN),
    **dict.fromkeys(
        ("validation", "validate", "validating", "valid", "val", "dev", "devel", "development"),
        VALIDATION,
    ),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), TEST),
}
EVALUATION = ("evaluation", "eval")
"""They mean the test beside a validation folder, and else the validation."""

FILLERS = _words(
    "set sets data dataset datasets image images img imgs picture pictures pic pics photo photos "
    "jpg jpeg png jpgs pngs split splits folder folders dir file files sample samples part new "
    "final orig original full resized cropped augmented labeled labelled class classes "
    "classification input inputs"
)
"""Words that say nothing about which split a folder is."""

ANNOTATIONS = _words(
    "label labels annotation annotations annots mask masks segmentation segmentations "
    "groundtruth bbox bboxes boxes trimap trimaps landmarks keypoints xml xmls"
)
"""What stands beside pictures and says something of them: no pictures to learn from."""

IMAGE_FOLDERS = _words("image images img imgs pictures photos jpegimages")

UNLABELLED = _words("unknown unlabeled unlabelled unsorted nolabel none predict")
"""Folders in a test folder that stand for no class."""

SYSTEM = frozenset(
    (
        *("__macosx", "_ds_store", "network trash folder", "temporary items", "icon\r"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "lost+found"),
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "found.000"),
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@sharebin"),  # Synology
        *("@recycle", "@recently-snapshot", "@__thumb"),  # QNAP
        *("picasa.ini", "zbthumbnail.info", "pspbrwse.jbf", "__pycache__"),
    )
)
"""What systems, storage boxes and picture viewers leave in folders, thumbnails among it."""

PARTS = _words(
    "raw original originals processed preprocessed augmented cropped crops resized full thumbnails "
    "misc various other others unsorted rest extra new old google bing flickr pinterest internet "
    "web own left right front back rear side top bottom morning evening summer winter spring "
    "autumn january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec dcim"
)
"""Folders that sort a class's pictures by where they come from, and are no classes."""

NUMBERED = _words(
    "patient patients pat subject subj sub person participant individual specimen animal id case "
    "day week month quarter session sess batch cam camera view video vid movie clip seq sequence "
    "series serie scan slide visit study site plot field trial run roll trip part folder dir "
    "frame frames dsc img canon nikon box tray plate"
)
"""The same of names that end in a number, such as ``patient_12``."""

BURST = "burst-"
"""How folders of pictures that were taken in a row begin; these may be of several classes."""

NEARLY = 0.75
"""Splits of one set hold at least so much of the classes that any of them has."""

YEAR_OR_DATE = re.compile(r"(19|20)\d\d|\d+([-_. ]\d+)+|\d{4,}")
WORD_AND_NUMBER = re.compile(r"([a-z]+)[-_ .]*\d+|\d+[-_ .]*([a-z]+)")
WORD = re.compile(r"[^\W\d_]+")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_system(name: str) -> bool:
    """Return whether a file or folder is hidden, or a system's own.

    >>> [is_system(name) for name in (".git", "__MACOSX", "@eaDir", "cats")]
    [True, True, True, False]
    """
    return name.startswith(".") or name.lower() in SYSTEM


def class_key(name: str) -> str:
    """Return what is equal for names of one class: spaces, capitals and accents' bytes apart.

    A single letter keeps its case: sets of handwriting have ``a`` and ``A``.

    >>> class_key("Cats ") == class_key("cats"), class_key("a") == class_key("A")
    (True, False)
    """
    plain = class_name(name)
    return plain if len(plain) == 1 else unicodedata.normalize("NFC", plain.casefold())


def is_nearly_one(name: str, keys: Collection[str]) -> bool:
    """Return whether a name is so much like that of a class that it may mean it.

    >>> is_nearly_one("Cat", {"cats", "dogs"}), is_nearly_one("holiday", {"cats", "dogs"})
    (True, False)
    """
    return bool(get_close_matches(class_key(name), keys, 1))


def class_name(name: str) -> str:
    """Return a folder's name as a class's: without spaces around it, accents composed (NFC)."""
    return " ".join(unicodedata.normalize("NFC", name).split()) or name


def split_roles(names: Sequence[str]) -> dict[str, str]:
    """Return which of the folders beside each other are splits by their names, and which split.

    A name that says train, validation or test, beside words that mean nothing, is a split's. With
    another word it is one if a second folder has the same words and another role: ``seg_train``
    beside ``seg_test``, but no ``train_station``.

    >>> split_roles(["training_set", "test_set", "extra"])
    {'training_set': 'train', 'test_set': 'test'}
    >>> split_roles(["seg_train", "seg_test"]), split_roles(["train_station", "test_strip"])
    ({'seg_train': 'train', 'seg_test': 'test'}, {})
    """
    read = {name: found for name in names if (found := _role(name))}
    roles = {
        name: role
        for name, (role, rest) in read.items()
        if not rest or any(rest == other and role != kind for kind, other in read.values())
    }
    has_validation = VALIDATION in roles.values()
    return {
        name: role if role in SPLITS else TEST if has_validation else VALIDATION
        for name, role in roles.items()
    }


def _role(name: str) -> tuple[str, frozenset[str]] | None:
    """Return the split that a name says, and its other words; None if it says none, or two."""
    words = [word.lower() for word in WORD.findall(CAMEL.sub(" ", name))]
    if ANNOTATIONS & set(words):
        return None
    roles, rest = set[str](), set[str]()
    for word in words:
        role = _role_of_word(word)
        if role:
            roles.add(role)
        elif len(word) > 1 and word not in FILLERS:
            rest.add(word)
    if "trainval" in rest:
        rest.discard("trainval")
        roles.add(TRAIN)
    if roles == {TRAIN, VALIDATION}:  # train_val: both, to be trained on
        roles = {TRAIN}
    return (roles.pop(), frozenset(rest)) if len(roles) == 1 else None


def _role_of_word(word: str) -> str | None:
    """Return the split that a word says, also one that is joined to a filler: ``trainset``."""
    if word in EVALUATION:
        return EVALUATION[0]
    if word in ROLES:
        return ROLES[word]
    for start, role in ROLES.items():
        joined = word.removeprefix(start), word.removesuffix(start)
        if any(part != word and part in FILLERS for part in joined):
            return role
    return None


def splits_and_classes(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return which split and which class each folder is, where all names say both.

    >>> splits_and_classes(["cats_train", "dogs_train", "cats_test", "dogs_test"])["dogs_test"]
    ('test', 'dogs')
    >>> splits_and_classes(["seg_train", "seg_test"]), splits_and_classes(["train", "test"])
    ({}, {})
    """
    roles = split_roles(names)
    if len(roles) < len(names):
        return {}
    found = {}
    for name in names:
        spaced = CAMEL.sub(" ", name)
        word = next(word for word in WORD.findall(spaced) if _role_of_word(word.lower()))
        found[name] = roles[name], spaced.replace(word, "", 1).strip(" -_.")
    trained = {label for role, label in found.values() if role == TRAIN}
    labels = {label for _, label in found.values()}
    return found if len(labels) > 1 and trained == labels and "" not in labels else {}


def are_annotations(name: str) -> bool:
    """Return whether a folder beside pictures says something of them, as ``masks`` does.

    >>> are_annotations("masks"), are_annotations("train_labels"), are_annotations("masked")
    (True, True, False)
    """
    return any(word.lower() in ANNOTATIONS for word in WORD.findall(CAMEL.sub(" ", name)))


def parts_of_classes(folders: Iterable[Collection[str]]) -> bool:
    """Return whether folders within several folders are parts of classes, by their names.

    Years, dates, ``patient_12``, ``images`` are; so are numbers, unless they count from 0 or 1 and
    are nearly the same everywhere, as numbers of classes would be.

    Args:
        folders: The names within each of the several folders.

    >>> parts_of_classes([["2020", "2021"], ["2020", "2021"]])
    True
    >>> parts_of_classes([["cats", "dogs"], ["cats", "dogs"]])
    False
    """
    left = [{name for name in names if not _is_part(name)} for names in folders]
    if not all(name.isdecimal() for some in left for name in some):
        return all(len(some) < 2 for some in left)
    numbers = [set(map(int, some)) for some in left]
    union = sorted(set[int]().union(*numbers))
    counted = len(union) > 1 and union == list(range(union[0], union[0] + len(union)))
    alike = all(len(some) >= NEARLY * len(union) for some in numbers)
    return not (counted and union[0] in (0, 1) and alike)


def _is_part(name: str) -> bool:
    plain = name.strip().lower()
    if (
        plain.startswith(BURST)
        or YEAR_OR_DATE.fullmatch(plain)
        or plain in PARTS
        or plain in IMAGE_FOLDERS | FILLERS
    ):
        return True
    match = WORD_AND_NUMBER.fullmatch(plain)
    return match is not None and (match[1] or match[2]) in NUMBERED
