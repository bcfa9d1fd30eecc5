"""Trainings that go on where they were stopped: with the same settings, on the same pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tl_catdog.config import TrainConfig, from_mapping
from tl_catdog.data.digest import file_digest
from tl_catdog.data.examples import ImageSet
from tl_catdog.data.split_file import COLUMNS, to_csv
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.files import read_text
from tl_catdog.runs.folder import SPLIT
from tl_catdog.runs.settings import PLACES
from tl_catdog.runs.unfinished import FREE, Begun, Unfinished, find_unfinished, read_begun
from tl_catdog.setting import flag
from tl_catdog.training.devices import ONE, devices_for
from tl_catdog.training.manifest import package_versions
from tl_catdog.training.start import digest_of, run_to_start_from
from tl_catdog.wording import count, plural

DEVICES = "devices"
"""May be others when a training goes on, as machines are: they change how sums are rounded."""


@dataclass(frozen=True)
class Resumption:
    """A training that goes on.

    Attributes:
        unfinished: What is left of it.
        begun: What it was asked for.
        config: Its settings; relative paths are as this process sees them.
    """

    unfinished: Unfinished
    begun: Begun
    config: TrainConfig

    @property
    def root(self) -> Path:
        """The folder of its pictures."""
        if self.config.data is not None:
            return Path(self.config.data)
        return Path(self.begun.root)

    @property
    def other_versions(self) -> tuple[str, ...]:
        """The packages whose versions are others by now, so that no bit is promised."""
        now = package_versions()
        return tuple(
            f"{name} {was} then, {now[name]} now"
            for name, was in self.begun.versions.items()
            if name in now and now[name] != was
        )


def begun_of(config: TrainConfig, images: ImageSet) -> Begun:
    """Return what a training is asked for, to be kept until it has ended."""
    return Begun(
        settings=asdict(config),
        root=str(images.root.absolute()),
        drawn=images.drawn,
        folder=str(Path.cwd()),
        files=_digests(config),
        versions=package_versions(),
    )


def resumption(
    name: str | None, runs_dir: Path, given: Mapping[str, Any] | None = None
) -> Resumption:
    """Find the training that is to go on, and its settings.

    Args:
        name: The run's name; None for the only one there is.
        runs_dir: Folder of the runs.
        given: Settings that the user names again; they have to be those it began with, but for
            ``devices``.

    Raises:
        UsageError: There is none, several are, it is being trained; or settings differ.
        CatdogError: What it was asked for can't be read, or a file that it names has changed.
    """
    unfinished = find_unfinished(name, runs_dir)
    begun = read_begun(unfinished.path)
    config = from_mapping(begun.settings)
    for setting, value in (given or {}).items():
        was = getattr(config, setting, value)
        same = value == was or _same_place(setting, value, was, begun)
        if setting not in (*FREE, DEVICES) and not same:
            raise UsageError(
                f"expected the settings that {unfinished.name} began with, found "
                f"{flag(setting)} {value} instead of {was}.",
                "Leave it out. When it is finished, a new run can begin with its weights: "
                f"tl-catdog train --from {unfinished.name} {flag(setting)} {value}",
            )
    located: dict[str, Any] = {
        setting: _located(getattr(config, setting), begun) for setting in PLACES
    }
    devices = str((given or {}).get(DEVICES, config.devices))  # a file of settings has numbers
    config = replace(config, **located | {"runs_dir": str(runs_dir), DEVICES: devices})
    now = _digests(config)
    for setting, digest in begun.files.items():
        if now.get(setting) != digest:
            raise CatdogError(
                f"expected {flag(setting)} {getattr(config, setting, None)} as it was when "
                f"{unfinished.name} began, found that it changed.",
                "Put it back as it was, or train a new run: tl-catdog train --run NAME",
            )
    return Resumption(unfinished, begun, config)


def begun_on(item: Resumption) -> Begun:
    """Return what a training is asked for from now on: other devices, perhaps, than at first.

    So after another kill it goes on where it was last, unless that is said again.

    Raises:
        UsageError: There aren't as many of them as are asked for now.
    """
    devices = item.config.devices
    if devices == item.begun.settings.get(DEVICES, ONE):
        return item.begun
    devices_for(item.config.resolved())
    return replace(item.begun, settings={**item.begun.settings, DEVICES: devices})


def _digests(config: TrainConfig) -> dict[str, str]:
    """Return the SHA-256 of what the settings name besides pictures: files, and a run's network."""
    named = {name: Path(str(getattr(config, name))) for name in PLACES}
    found = {name: file_digest(path) for name, path in named.items() if path.is_file()}
    run = run_to_start_from(config)
    return found if run is None else {**found, "from_run": digest_of(run)}


def _located(value: str | None, begun: Begun) -> str | None:
    """Return a path as this process sees it: relative ones may be of another working folder."""
    if value is None or Path.cwd() == Path(begun.folder):
        return value
    there = Path(begun.folder) / value
    return str(there) if there.exists() else value


def _same_place(setting: str, value: Any, was: Any, begun: Begun) -> bool:
    """Return whether two settings name one file or folder."""
    if setting not in PLACES or was is None:
        return False
    return Path(str(value)).absolute() == Path(begun.folder) / str(was)


def require_same_images(item: Resumption, images: ImageSet) -> None:
    """Make sure that pictures and splits are those that the training began with.

    Raises:
        CatdogError: They aren't; the message says how many differ and names one.
    """
    try:
        before = _rows(read_text(item.unfinished.path / SPLIT))
    except OSError:
        return  # killed before it was written, so before anything was computed
    now = _rows(to_csv(images))
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    changed = [name for name in before if name in now and before[name] != now[name]]
    if not (gone or new or changed):
        return
    kinds = ((changed, "changed"), (gone, "gone"), (new, "new"))
    found = ", ".join(f"{count(len(names))} {kind}" for names, kind in kinds if names)
    raise CatdogError(
        f"expected the {plural(len(before), 'picture')} that {item.unfinished.name} began with, "
        f"found {found}, such as {listing([*changed, *gone, *new], limit=1)}.",
        "Put them back as they were, or train a new run: tl-catdog train --run NAME",
    )


def _rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a split by the pictures' names."""
    name = COLUMNS.index("name")
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    return {row[name]: row for row in rows if len(row) > name}
