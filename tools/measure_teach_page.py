"""Measure the page of ``tl-catdog teach`` on a folder of many small pictures, in Chromium.

Usage: python tools/measure_teach_page.py [--pictures 10000] [--labels 100] [--classes 2]
           [--rounds 3]

Half of the pictures are without a class. The page is opened; then, in each of some rounds, all
pictures are scrolled past, some are labelled by keys, and all are moved to one class at once and
back. Told are the memory that the page's scripts hold after their rubbish was collected, its nodes,
and the server's resident memory. Small pictures are noise, each another one. Needs playwright and
Chromium.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import TimeoutError, sync_playwright

TOTAL = "fetch('teach/state').then((found) => found.json()).then((state) => state.total)"
ADDRESS = re.compile(r"at (http://\S+)")
PATIENCE = 120_000  # ms
STEP = """grid => {
  const before = grid.scrollTop;
  grid.scrollTop += grid.clientHeight;
  return grid.scrollTop > before;
}"""
MOVED = """() => {
  const text = document.getElementById("done").textContent;
  return text.includes("pictures") && !text.includes("…");
}"""
SELECTED = "() => document.getElementById('selected').textContent.includes(' selected')"
PHASE = "fetch('teach/state').then((found) => found.json()).then((state) => state.learning.phase)"


def fill(folder: Path, count: int, classes: int = 2, side: int = 32) -> None:
    """Write pictures: half of them in classes, by turns, half without one."""
    rng = np.random.default_rng(0)
    for number in range(count):
        kind = "unlabelled" if number % 2 else f"class-{number // 2 % classes:03}"
        path = folder / kind / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        out = io.BytesIO()
        pixels = rng.integers(0, 255, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(out, "JPEG")
        path.write_bytes(out.getvalue())


class Measured:
    """A server and its page."""

    def __init__(self, page: Any, process: subprocess.Popen[str]) -> None:
        self.page, self.server = page, psutil.Process(process.pid)
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable")
        self.session.send("HeapProfiler.enable")

    def tell(self, what: str, began: float) -> None:
        """Print what is held now."""
        seconds = time.monotonic() - began
        self.session.send("HeapProfiler.collectGarbage")
        found = self.session.send("Performance.getMetrics")["metrics"]
        metrics = {one["name"]: one["value"] for one in found}
        memory = self.server.memory_info().rss / 2**20
        print(
            f"{what:28} {seconds:6.1f} s   page {metrics['JSHeapUsedSize'] / 2**20:5.1f} MiB, "
            f"{metrics['Nodes']:5.0f} nodes   server {memory:5.0f} MiB",
            flush=True,
        )

    def scroll(self) -> int:
        """Scroll past all pictures, a screen at a time; return how many screens."""
        grid, screens = self.page.locator("#grid"), 0
        grid.evaluate("grid => { grid.scrollTop = 0; }")
        while grid.evaluate(STEP):
            screens += 1
            self.page.wait_for_timeout(40)
        self.page.wait_for_selector("#grid .tile img[src]")
        self.page.wait_for_timeout(1000)
        return screens

    def label(self, count: int) -> list[float]:
        """Label pictures by keys; return the seconds of each."""
        took = []
        self.page.click("#tab-next")
        for number in range(count):
            self.page.wait_for_selector("#picture[data-id]")
            before = self.page.get_attribute("#picture", "data-id")
            began = time.monotonic()
            self.page.keyboard.press("12"[number % 2])
            self.page.wait_for_selector(f"#picture[data-id]:not([data-id='{before}'])")
            took.append(time.monotonic() - began)
        self.page.click("#tab-collect")
        return took

    def move_all(self) -> tuple[float, float, float]:
        """Select all, move them to the first class, and back; return the seconds of each."""
        took = []
        self.page.focus("#grid")
        for key, until in (("Control+a", SELECTED), ("1", MOVED), ("u", MOVED)):
            self.page.evaluate("() => { document.getElementById('done').textContent = ''; }")
            began = time.monotonic()
            self.page.keyboard.press(key)
            try:
                self.page.wait_for_function(until)
            except TimeoutError as error:
                said = [self.page.inner_text(f"#{id}") for id in ("selected", "done", "trouble")]
                raise RuntimeError(f"{key} isn't done: {said}") from error
            took.append(time.monotonic() - began)
        return took[0], took[1], took[2]


def measure(count: int, labels: int, classes: int, rounds: int) -> None:
    """Do all of it."""
    binary = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        fill(Path(scratch) / "pets", count, classes)
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "tl_catdog", "teach", "pets", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=scratch,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        found = ADDRESS.search(process.stdout.readline())
        assert found
        try:
            chromium = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox"])
            page = chromium.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(PATIENCE)
            measured = Measured(page, process)
            measured.tell("the server answers", began)
            began = time.monotonic()
            page.goto(found[1])
            page.wait_for_selector("#grid .tile img[src]")
            measured.tell("first pictures are shown", began)
            while count and page.evaluate(TOTAL) < count:
                page.wait_for_timeout(200)
            measured.tell("all are read", began)
            for turn in range(1, rounds + 1):
                began = time.monotonic()
                screens = measured.scroll()
                measured.tell(f"{turn}: {screens} screens", began)
                began = time.monotonic()
                took = measured.label(labels)
                measured.tell(f"{turn}: {labels} labels by keys", began)
                print(f"  a label: {statistics.median(took):.2f} s, at most {max(took):.2f} s")
                began = time.monotonic()
                selected, moved, back = measured.move_all()
                measured.tell(f"{turn}: all moved and back", began)
                print(f"  selected {selected:.1f} s, moved {moved:.1f} s, back {back:.1f} s")
            began = time.monotonic()
            while page.evaluate(PHASE) != "idle":
                page.wait_for_timeout(2000)
            measured.tell("all is learned", began)
            chromium.close()
        finally:
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    measure(given.pictures, given.labels, given.classes, given.rounds)
