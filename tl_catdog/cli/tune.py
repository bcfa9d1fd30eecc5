"""``tl-catdog tune``: finds settings, and says what they are worth without flattering."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tl_catdog.cli.options import (
    Features,
    GroupBy,
    Json,
    LabelColumn,
    LabelPattern,
    Labels,
    file_option,
    seed_of,
)
from tl_catdog.cli.output import note, notices, print_json, say, writing
from tl_catdog.wording import plural

if TYPE_CHECKING:
    from tl_catdog.config import TrainConfig
    from tl_catdog.tuning.results import Tuned

EXAMPLES = (
    "Examples: tl-catdog tune --data pictures; "
    "tl-catdog tune --arch mobilenet --arch efficientnet-lite1 --minutes 10 --train; "
    "tl-catdog train --config tune.toml"
)


def tune(
    data: Annotated[
        str | None,
        typer.Option(help="Folder of pictures; default: ./data, else drawings."),
    ] = None,
    features: Features = None,
    trials: Annotated[
        int, typer.Option(help="How many settings to try.", min=1, max=10_000, metavar="N")
    ] = 30,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Begin no trial after so many minutes; by default all are made.",
            min=0.0,
            max=100_000.0,
            metavar="X",
        ),
    ] = None,
    arch: Annotated[
        list[str] | None,
        typer.Option(
            help="A backbone to search, the first being the default; may be given several times.",
            metavar="WORD",
            show_default="mobilenet",
        ),
    ] = None,
    image_size: Annotated[
        list[int] | None,
        typer.Option(
            help="A picture size to search; may be given several times.",
            min=32,
            max=1024,
            metavar="N",
            show_default="the backbone's own",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        seed_of("Of the split, the folds, the trials and trained units; by default 0.", "N"),
    ] = None,
    labels: Labels = None,
    label_column: LabelColumn = None,
    label_pattern: LabelPattern = None,
    group_by: GroupBy = None,
    config: Annotated[
        str | None, file_option("TOML file of settings of train that aren't searched.")
    ] = None,
    out: Annotated[
        str,
        typer.Option(
            help="The TOML file of what is found; the trials are kept beside it.", metavar="FILE"
        ),
    ] = "tune.toml",
    train: Annotated[bool, typer.Option("--train", help="Train what was found.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin anew, whatever trials are kept.")
    ] = False,
    json: Json = False,
) -> None:
    """Search for the settings of a head on a frozen backbone.

    Each trial is judged by five folds of the training and validation pictures.
    The figure at the end is of pictures that no part of the search has seen: the
    test folder or, without one, folds that the whole search is made without. The
    default is kept unless another is better by more than its error. Ctrl-C keeps
    the best; the same command goes on where it was stopped.
    """
    from tl_catdog import api
    from tl_catdog.api.tuning import to_search
    from tl_catdog.cli import sources
    from tl_catdog.config import from_mapping
    from tl_catdog.config_file import load_toml

    values: dict[str, Any] = load_toml(Path(config)) if config else {}
    given = {
        "data": data,
        "features": features,
        "seed": seed,
        "labels": labels,
        "label_column": label_column,
        "label_pattern": label_pattern,
        "group_by": group_by,
    }
    values.update({name: value for name, value in given.items() if value is not None})
    settings, backbones = to_search(
        from_mapping(values), tuple(arch or ()), tuple(image_size or ())
    )
    file = _toml_file(out)
    if settings.features is None:
        source = sources.choose(settings.data)
    else:
        source = sources.DataSource(Path(), drawn=False)
        note("Near-copies aren't looked for: of features there are no pictures.", style="dim")
    if source.drawn:
        sources.say_drawn()
    images = api.training_images(settings, source.root, drawn=source.drawn)
    found = _search(
        settings,
        images,
        backbones,
        trials=trials,
        minutes=minutes,
        out=file,
        force=force,
    )
    _show(found, quiet=json)
    if source.drawn:
        sources.say_drawn()
    if train and not found.interrupted:
        from tl_catdog.cli.train import run_training
        from tl_catdog.tuning.recipe import values_of

        run_training(values_of(replace(found.settings, force=settings.force)))
    if json:
        print_json(found)


def _toml_file(out: str) -> Path:
    """Return the file to write.

    Raises:
        UsageError: It doesn't end in .toml, or is a folder.
    """
    from tl_catdog.errors import UsageError, shown

    path = Path(out)
    if path.suffix.lower() != ".toml" or path.is_dir():
        raise UsageError(
            f"expected the name of a file that ends in .toml, found {shown(out)}.",
            "Type: --out tune.toml",
        )
    return path


def _search(settings: TrainConfig, images: Any, backbones: Any, **how: Any) -> Tuned:
    """Search, and show the trials; a second signal ends it at once."""
    from tl_catdog.api.tuning import search
    from tl_catdog.cli.stopping import asked_to_stop
    from tl_catdog.cli.tune_view import showing

    with asked_to_stop() as asked:
        try:
            with writing(how["out"]), showing(notices()) as view:
                return search(
                    settings, images, backbones, tell=view.preparing, watch=view.trial, **how
                )
        except KeyboardInterrupt:
            note("Interrupted before the search had anything to keep.")
            raise typer.Exit(asked.exit_code) from None


def _show(found: Tuned, *, quiet: bool) -> None:
    from tl_catdog.tuning.recipe import values_of

    if found.skipped:
        first = found.skipped[0]
        note(
            f"Left out: {plural(len(found.skipped), 'picture')} that can't be read, such as "
            f"{first.path} ({first.reason})."
        )
    if found.left_out:
        note(
            f"Left out of the figure: {plural(found.left_out, 'test picture')} that "
            f"{'is a copy' if found.left_out == 1 else 'are copies'}, or of a group, of some that "
            "were searched on."
        )
    if not quiet:
        chosen = values_of(found.settings)
        words = ", ".join(f"{name} {value}" for name, value in chosen.items())
        say(f"{plural(found.trials, 'trial')}.", *found.sentences(), f"Settings: {words}")
    if found.interrupted:
        note("Interrupted: the best so far was kept. To go on, type the same command again.")
    note(f"To train it, type: tl-catdog train --config {shlex.quote(str(found.config))}")
