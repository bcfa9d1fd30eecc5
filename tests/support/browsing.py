"""A real browser for pages, where there is one, and a place for what it shows."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    if binary is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # A camera for pages that ask for one: Chromium's own, which shows a turning disc.
        camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
        chromium = playwright.chromium.launch(
            executable_path=binary, args=["--no-sandbox", *camera]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def artefacts() -> Path:
    """Return where screenshots go that people should look at."""
    folder = Path(os.environ.get("TL_CATDOG_ARTEFACTS", "artefacts"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
