"""Draw what the terminal shows of a training and of a comparison, for the README.

usage: python tools/make_terminal_pictures.py DATA

Trains baseline, and mobilenet without and with --finetune, on DATA, seed 0, and writes
docs/figures/training.svg and docs/figures/comparison.svg, 80 columns wide, by Rich's own export.
"""

from __future__ import annotations

import argparse
import io
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from tl_catdog import api
from tl_catdog.api.live import LiveView, progress_bar
from tl_catdog.cli.class_tables import data_summary
from tl_catdog.cli.render import comparison_view
from tl_catdog.config import from_mapping
from tl_catdog.files import write_text

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
COLUMNS = 80


def screen() -> Console:
    return Console(
        record=True, width=COLUMNS, force_terminal=True, highlight=False, file=io.StringIO()
    )


def picture(console: Console, command: str) -> str:
    """Return what was printed as SVG, which must not fetch its font from anywhere."""
    svg = console.export_svg(title=command)
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)


class Snapshot(LiveView):
    """The live view without its movement; keeps what it shows in the middle of fine-tuning."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, progress_bar(console))
        self.kept = ""

    def step_ends(self, step: int, logs: Mapping[str, float]) -> None:
        super().step_ends(step, logs)
        if self._what == "finetune" and self._epoch == 1 and not self.kept:
            self.console.print(self.progress.get_renderable())
            self.kept = picture(self.console, "tl-catdog train --arch mobilenet --finetune")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        runs_dir = Path(folder, "models")
        for words in ({"arch": "baseline"}, {}, {"finetune": True}):
            console = screen()
            config = from_mapping({"data": str(data), "runs_dir": str(runs_dir), **words})
            pictures = api.training_images(config, data)
            console.print(data_summary(pictures))
            view = Snapshot(console)
            api.fit(config, pictures, api.run_name(config), view)
        write_text(FIGURES / "training.svg", view.kept)
        console = screen()
        for group in api.compare(runs_dir=runs_dir):
            console.print(comparison_view(group))
        write_text(FIGURES / "comparison.svg", picture(console, "tl-catdog compare"))


if __name__ == "__main__":
    main()
