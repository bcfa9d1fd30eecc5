"""What a program shares with us is as it was after everything that the interface does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Trained

SCRIPT = """
import gc, json, locale, logging, multiprocessing, os, random, signal, socket, sys, tempfile
import threading, warnings
import matplotlib, numpy
import rich.style, scipy.sparse, scipy.special  # whose import draws a number, and adds filters
from PIL import Image, ImageFile

def state():
    mask = os.umask(0)
    os.umask(mask)
    root = logging.getLogger()
    return {
        "warnings": [str(item) for item in warnings.filters] + [repr(warnings.showwarning)],
        "logging": [root.level, root.handlers, logging.raiseExceptions, root.disabled],
        "signals": [signal.getsignal(number) for number in range(1, 32)],
        "umask": mask,
        "folder": os.getcwd(),
        "path": list(sys.path),
        "environment": {name: os.environ.get(name) for name in ENVIRONMENT},
        "hooks": [sys.excepthook, threading.excepthook, sys.unraisablehook, sys.displayhook],
        "streams": [sys.stdin, sys.stdout, sys.stderr],
        "locale": locale.setlocale(locale.LC_ALL),
        "collector": [gc.isenabled(), gc.get_threshold()],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), socket.getdefaulttimeout()],
        "processes": multiprocessing.get_start_method(allow_none=True),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "open files": {
            place
            for number in os.listdir("/proc/self/fd")
            if os.path.exists(place := os.path.realpath(f"/proc/self/fd/{number}"))
        } if sys.platform == "linux" else None,
        "random": hash(random.getstate()),
        "numpy": [hash(str(numpy.random.get_state())), numpy.geterr(), numpy.get_printoptions()],
        "pillow": [Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, ImageFile.MAXBLOCK],
        "matplotlib": [str(dict(matplotlib.rcParams)), "matplotlib.pyplot" in sys.modules],
    }

ENVIRONMENT = list(os.environ)
random.seed(1)
numpy.random.seed(2)
before = state()
data, picture, runs = sys.argv[1:]

import tl_catdog as tl

def changed(what):
    now = state()
    found = {key: [str(before[key]), str(now[key])] for key in before if before[key] != now[key]}
    assert not found, (what, found)

changed("import")
shipped = tl.load("cats-dogs")
shipped.predict([picture, Image.open(picture), open(picture, "rb").read()], reject=True)
shipped.evaluate()
tl.compare("cats-dogs")
changed("predict, evaluate, compare")
trained = tl.train(data, arch="baseline", image_size=32, epochs=1, runs_dir=runs, progress=True)
changed("train")
trained.evaluate(again=True)
trained.robustness()
trained.explain(picture)
changed("evaluate, robustness, explain")
"""


@pytest.mark.slow
def test_nothing_that_the_program_shares_with_us_is_changed(
    trained: Trained, tmp_path: Path
) -> None:
    picture = next(trained.data.glob("test/*/*"))
    given = [trained.data, picture, tmp_path / "models"]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *map(str, given)], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    assert done.stdout == b""
