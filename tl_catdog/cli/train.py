"""``tl-catdog train``: every setting is an option; the options are made from the settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tl_catdog.architectures import ARCHS
from tl_catdog.config import TrainConfig, choices, from_mapping, kinds
from tl_catdog.config_file import load_toml
from tl_catdog.defaults import arch_defaults
from tl_catdog.errors import CatdogError, UsageError, listing
from tl_catdog.setting import flag
from tl_catdog.wording import count

if TYPE_CHECKING:
    from tl_catdog.cli.sources import DataSource
    from tl_catdog.data.examples import ImageSet
    from tl_catdog.runs.folder import Run
    from tl_catdog.training.observer import Observer
    from tl_catdog.training.trainer import TrainingResult

EXAMPLES = (
    "Examples: tl-catdog train --arch baseline; "
    "tl-catdog train --arch mobilenet --finetune --data pictures; "
    "tl-catdog train --config mine.toml --seed 1"
)

METAVARS = {int: "N", float: "X", str: "TEXT"}


def command() -> Callable[..., None]:
    """Return the command, with an option for each field of ``TrainConfig``."""

    def train(**options: Any) -> None:
        config_file, again, name = (options.pop(key) for key in ("config", "resume", "stopped"))
        values: dict[str, Any] = load_toml(Path(config_file)) if config_file else {}
        values.update({key: value for key, value in options.items() if value is not None})
        if name is not None and not again:
            from_mapping(values)  # what is wrong with an option comes first
            raise UsageError(
                f"expected only options, found {name!r}.",
                f"Type: tl-catdog train --resume {name}, or: tl-catdog train --data {name}",
            )
        if again:
            resume_training(name, values)
        else:
            run_training(values)

    train.__doc__ = (
        "Train a classifier on folders of pictures.\n\n"
        "It takes DIR/{train,validation[,test]}/<class>/, DIR/<class>/, files such as cat.1.jpg, "
        "or a table of labels, and leaves a run in models/. Ctrl-C keeps the best so far; "
        "--resume goes on where a training was stopped or killed."
    )
    stopped = typer.Argument(help="With --resume: which training.", metavar="RUN")
    resume = typer.Option(
        "--resume",
        help="Go on with a training that was stopped or killed, to the same weights.",
        rich_help_panel="Run",
        show_default=False,
    )
    config = typer.Option(
        "--config",
        help="TOML file of these settings; an option goes before it.",
        metavar="TEXT",
        rich_help_panel="Run",
        show_default=False,
    )
    parameters = [
        _keyword("stopped", Annotated[str | None, stopped]),
        *(_parameter(item) for item in fields(TrainConfig)),
        _keyword("resume", Annotated[bool, resume], False),
        _keyword("config", Annotated[str | None, config]),
    ]
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    train.__annotations__ = {item.name: item.annotation for item in parameters}
    return train


def _keyword(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    """Return a parameter that is given by its name."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _parameter(item: Any) -> inspect.Parameter:
    """Return the option of a setting. Its default is None, so that a given one can be told."""
    words = choices(item.name)
    kind: Any = (
        Literal[words] if words else next(k for k in kinds(item.name) if k is not type(None))
    )
    one_of = f"One of {', '.join(words)}." if words else ""
    parts = (item.metadata["help"], one_of, _default(item))
    option = typer.Option(
        flag(item.name),
        help=" ".join(part for part in parts if part),
        metavar=None if kind is bool else METAVARS.get(kind, "WORD"),
        rich_help_panel=item.metadata["group"],
        show_default=False,
    )
    return _keyword(item.name, Annotated[kind | None, option])


def _default(item: Any) -> str:
    """Return the default as help shows it; some settings have one for each architecture."""
    if item.default is None:
        by_arch = {arch: arch_defaults(arch).get(item.name) for arch in ARCHS}
        if all(value is None for value in by_arch.values()):
            return ""
        values = {str(value) for value in by_arch.values()}
        shown = "; ".join(
            f"{arch}: {'by the set' if value is None else value}" for arch, value in by_arch.items()
        )
        shown = shown if len(values) > 1 else values.pop()
    else:
        shown = "off" if item.default is False else str(item.default)
    return f"\\[{shown}]"


def run_training(values: Mapping[str, Any]) -> None:
    """Train with these settings, show the progress, and say what came of it."""
    from tl_catdog import api
    from tl_catdog.cli import sources
    from tl_catdog.cli.set_notes import held_out_line, unequal_line
    from tl_catdog.training.devices import devices_for

    config = from_mapping(values)
    name = api.run_name(config)
    devices_for(config.resolved())  # too many are refused before pictures are read
    if config.features is None:
        source = sources.choose(config.data)
    else:
        source = sources.DataSource(Path(), drawn=False)
    if source.drawn:
        sources.say_drawn()
    images = _images(config, source)
    _say_set(images, held_out_line(images), unequal_line(config, images))
    if config.tensorboard:
        _need_tensorboard()
    _say_kept(Path(config.runs_dir), name)
    _train(
        images,
        Path(config.runs_dir),
        name,
        lambda observer: api.fit(config, images, name, observer),
    )
    if source.drawn:
        sources.say_drawn()


def resume_training(name: str | None, given: Mapping[str, Any]) -> None:
    """Go on with a training that was stopped, if its settings and pictures are as they were."""
    from tl_catdog import api
    from tl_catdog.cli import sources
    from tl_catdog.cli.output import note
    from tl_catdog.runs.unfinished import finished_already
    from tl_catdog.storage.places import is_store

    runs_dir = Path(str(given.get("runs_dir", TrainConfig.runs_dir)))
    done = finished_already(name, runs_dir)
    if done is not None:
        note(f"{done.name} is finished: its training was stopped when nothing was left to do.")
        return
    item = api.resumption(name, runs_dir, given)
    note(f"Going on with {item.unfinished.name}.", style="dim")
    if item.other_versions:
        note(
            f"Warning: {listing(item.other_versions)}: the weights may differ from those of a "
            "training that wasn't stopped."
        )
    data = item.config.data
    root = sources.on_disk(data) if data is not None and is_store(data) else item.root
    images = _images(item.config, sources.DataSource(root, item.begun.drawn))
    _say_set(images)
    _train(
        images, runs_dir, item.unfinished.name, lambda observer: api.go_on(item, images, observer)
    )


def _say_set(images: ImageSet, *lines: str | None) -> None:
    """Show what there is to train on, and what to know of it."""
    from tl_catdog.cli.class_tables import data_summary
    from tl_catdog.cli.output import note, notices
    from tl_catdog.cli.set_notes import parted_line

    notices().print(data_summary(images))
    for line in filter(None, (parted_line(images), *lines)):
        note(line)
    leaks = images.leaks()
    if leaks:
        note(
            f"Warning: {count(len(leaks))} pictures outside of train are identical to one in "
            f"train, such as {leaks[0].name}; figures on them flatter."
        )


def _say_kept(runs_dir: Path, name: str) -> bool:
    """Say if there is a training of this name that can go on; return whether there is."""
    from tl_catdog.cli.output import note
    from tl_catdog.runs.unfinished import list_unfinished

    left = [item for item in list_unfinished(runs_dir) if item.name == name and not item.running]
    if left:
        note(f"A training of this name was stopped; to go on with it, type: {left[-1].resume}")
    return bool(left)


def _train(
    images: ImageSet, runs_dir: Path, name: str, fit: Callable[[Observer], TrainingResult]
) -> None:
    """Train, show the progress, and say what came of it.

    Args:
        images: The pictures.
        runs_dir: Where the run goes.
        name: Its name.
        fit: Trains.
    """
    from tl_catdog.api.live import watch
    from tl_catdog.cli.output import note, notices, results
    from tl_catdog.cli.render import skipped_table, training_summary
    from tl_catdog.cli.stopping import asked_to_stop
    from tl_catdog.runs.unfinished import resume_command

    with asked_to_stop() as asked:
        try:
            with watch(notices()) as observer:
                result = fit(observer)
        except KeyboardInterrupt:
            if not _say_kept(runs_dir, name):
                note("Interrupted before there was anything to keep: nothing was saved.")
            raise typer.Exit(asked.exit_code) from None
        except (CatdogError, OSError):
            _say_kept(runs_dir, name)
            raise
        if result.skipped:
            notices().print(skipped_table(result.skipped, images.root))
        if result.interrupted:
            note("Interrupted: the best network so far was kept.")
            note(f"To go on with it, type: {resume_command(runs_dir, result.run.name)}")
        results().print(training_summary(result), soft_wrap=True)
        if images.grouping is not None:
            _say_effect(result.run, images)


def _images(config: TrainConfig, source: DataSource) -> ImageSet:
    """Return the pictures with their splits; looking for near-copies takes a while, and shows."""
    from tl_catdog import api
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.output import notices

    if config.group_by is None or config.features is not None:
        return api.training_images(config, source.root, drawn=source.drawn)
    with counting(notices(), "looking for copies") as progress:
        return api.training_images(config, source.root, drawn=source.drawn, progress=progress)


def _say_effect(run: Run, images: ImageSet) -> None:
    """Say by how much a split without groups would have flattered."""
    from tl_catdog.cli.live import counting
    from tl_catdog.cli.output import notices, say
    from tl_catdog.cli.set_notes import effect_line
    from tl_catdog.features.group_effect import measured_effect
    from tl_catdog.features.linear_probe import backbone_of

    with counting(notices(), "measuring what groups do") as progress:
        found = measured_effect(backbone_of(run), images, progress)
    if found is not None:
        say(effect_line(found))


def _need_tensorboard() -> None:
    import importlib.util

    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "expected the package tensorboard, found it isn't installed.",
            "Type: pip install 'tl-catdog[tensorboard]'",
        )
