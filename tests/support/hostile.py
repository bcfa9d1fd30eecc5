"""A folder of hostile and odd files: odd bytes, odd names, and what is no file at all."""

from __future__ import annotations

import os
import stat
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.hostile_bytes import BAD, GOOD, Colour, contents, encoded, scene
from tl_catdog.data.reading import MAX_BYTES


def odd_names() -> Iterator[str]:
    """Yield names that break what splits, quotes, marks up or decodes them."""
    accented = "Grüße Ångström"
    for stem in (
        *("new\nline", "tab\there", "return\rhere", "both\r\nof them", " space", "-dash", "--help"),
        *("[red]bold[link=x]", "[oops", "comma, \"quote\" and 'one'", "%s {0} $HOME `ls`", "a\\b"),
        *("\x1b[31mescape", "名前 😀", "\u202eright to left", os.fsdecode(b"not \xff\xfe UTF-8")),
        *(unicodedata.normalize("NFC", accented), unicodedata.normalize("NFD", accented)),
        "n" * 251,
    ):
        yield f"{stem}.png"


def plant_names(folder: Path, colour: Colour) -> dict[Path, str]:
    """Write good pictures with odd names, and one at the end of the longest path there can be."""
    folder.mkdir(parents=True)
    data = encoded(scene(colour, 1), "PNG")
    paths = [folder / name for name in odd_names()]
    deep = folder
    while len(os.fsencode(deep)) < 3_700:
        deep = deep / ("d" * 150)
    deep.mkdir(parents=True)
    room = 4_095 - len(os.fsencode(deep)) - 1
    paths.append(deep / ("p" * min(251, room - 4) + ".png"))
    for path in paths:
        path.write_bytes(data)
    return dict.fromkeys(paths, GOOD)


def plant_deep(folder: Path, colour: Colour) -> dict[Path, str]:
    """Make folders in folders, too many to call a function for each, until no path reaches them.

    The last one that has a path can be named, what is below it can't: the folder stands for it.
    """
    folder.mkdir(parents=True)
    here, deep = os.open(folder, os.O_RDONLY), folder
    picture = encoded(scene(colour, 1), "PNG")
    verdicts: dict[Path, str] = {}
    while len(os.fsencode(deep)) < 4_200:
        os.mkdir("s", dir_fd=here)
        below = os.open("s", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, deep = below, deep / "s"
        if len(deep.parts) % 500 == 0:
            with os.fdopen(os.open("a.png", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as out:
                out.write(picture)
            if len(os.fsencode(deep)) < 4_090:
                verdicts[deep / "a.png"] = GOOD
    os.close(here)
    unreachable = next(at for at in [deep, *deep.parents][::-1] if len(os.fsencode(at)) > 4_095)
    return {**verdicts, unreachable: BAD}


def plant_no_files(folder: Path, colour: Colour) -> dict[Path, str]:
    """Make what is named like a picture but is no file of one."""
    folder.mkdir(parents=True)
    inside = folder / "album.jpg" / "inside.png"
    inside.parent.mkdir()
    inside.write_bytes(encoded(scene(colour, 2), "PNG"))
    links = {
        "good link.png": (inside, GOOD),
        "dangling.jpg": (folder / "nowhere.jpg", BAD),
        "itself.jpg": (folder / "itself.jpg", BAD),
        "one.jpg": (folder / "two.jpg", BAD),
        "two.jpg": (folder / "one.jpg", BAD),
        "impossible.jpg": (Path("x" * 300), BAD),
        "endless.jpg": (Path("/dev/zero"), BAD),
        "terminal.jpg": (Path("/dev/tty"), BAD),
        "kernel.jpg": (Path("/proc/kmsg"), BAD),
    }
    verdicts = {inside: GOOD}
    for name, (target, verdict) in links.items():
        (folder / name).symlink_to(target)
        verdicts[folder / name] = verdict
    (folder / "round").symlink_to(folder)
    (folder / "round.jpg").symlink_to(folder)
    os.mkfifo(folder / "pipe.jpg")
    os.mknod(folder / "socket.jpg", stat.S_IFSOCK | 0o600)
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    named = ["pipe.jpg", "socket.jpg", "sparse.jpg"]
    if os.geteuid():  # nothing is closed to root
        (folder / "closed.jpg").write_bytes(b"closed")
        (folder / "closed.jpg").chmod(0)
        named.append("closed.jpg")
    return verdicts | {folder / name: BAD for name in named}


@dataclass(frozen=True)
class Corpus:
    """A folder of hostile files: what to do about each, and the class of those that show theirs."""

    root: Path
    verdicts: dict[Path, str]
    classes: dict[Path, str]

    def of(self, verdict: str) -> set[Path]:
        return {path for path, found in self.verdicts.items() if found == verdict}


def make_corpus(root: Path, colours: dict[str, Colour]) -> Corpus:
    """Write everything, each class's files into its folder; no files and odd names to the first."""
    verdicts: dict[Path, str] = {}
    classes: dict[Path, str] = {}
    for seed, (label, colour) in enumerate(colours.items()):
        folder = root / label
        folder.mkdir(parents=True)
        for made in contents(colour, seed):
            path = folder / made.name
            assert path not in verdicts, path
            path.write_bytes(made.data)
            verdicts[path] = made.verdict
            if made.coloured and made.verdict == GOOD:
                classes[path] = label
    label, colour = next(iter(colours.items()))
    for plant, name in ((plant_names, "names"), (plant_deep, "deep"), (plant_no_files, "no files")):
        planted = plant(root / label / name, colour)
        verdicts |= planted
        classes |= {path: label for path, verdict in planted.items() if verdict == GOOD}
    return Corpus(root, verdicts, classes)


def remove(root: Path) -> None:
    """Remove a corpus: Python's own function fails at folders so deep."""
    subprocess.run(["rm", "-rf", "--", str(root)], check=True)
