"""TensorFlow and Keras start quietly, repeat themselves, and leave the process as it was."""

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from tl_catdog import runtime
from tl_catdog.errors import CatdogError
from tl_catdog.models.engine import KerasForward

OPEN_FILES = Path("/proc/self/fd")

SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "TF_USE_LEGACY_KERAS": "0",
}


def test_the_environment_is_quiet_but_a_users_settings_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    runtime.quiet_environment()
    assert {name: os.environ[name] for name in SETTINGS} == SETTINGS
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    runtime.quiet_environment()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_only_what_is_printed_inside_is_lost(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before ")
    with runtime.silence_stderr():
        os.write(2, b"C++ says something ")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_an_error_inside_is_raised_and_later_prints_are_seen(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="inside"), runtime.silence_stderr():
        raise ValueError("inside")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="lists open files as Linux does")
def test_no_file_is_left_open() -> None:
    before = len(list(OPEN_FILES.iterdir()))
    for _ in range(5):
        with runtime.silence_stderr():
            pass
    assert len(list(OPEN_FILES.iterdir())) == before


def test_a_closed_standard_error_is_no_obstacle() -> None:
    code = (
        "import os\nfrom tl_catdog import runtime\nos.close(2)\n"
        "with runtime.silence_stderr():\n    print('inside')\nprint('after')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["inside", "after"]


@pytest.mark.parametrize("stream", ["None", "open('/dev/full', 'w')"])
def test_a_standard_error_that_takes_nothing_is_no_obstacle(stream: str) -> None:
    code = (
        f"import sys\nfrom tl_catdog import runtime\nsys.stderr = {stream}\n"
        "if sys.stderr: sys.stderr.write('kept back')\n"
        "with runtime.silence_stderr():\n    print('inside')\nprint('after')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["inside", "after"]


SILENCED_BY_TWO = """
import os, threading
from tl_catdog import runtime
here, there = threading.Event(), threading.Event()
def first():
    with runtime.silence_stderr():
        here.set()
        there.wait(0.2)  # the second one must not come in
def second():
    here.wait()
    with runtime.silence_stderr():
        there.set()
threads = [threading.Thread(target=work) for work in (first, second)]
for thread in threads: thread.start()
for thread in threads: thread.join()
os.write(2, b"heard")
"""


def test_two_threads_that_silence_standard_error_leave_it_as_it_was() -> None:
    done = subprocess.run([sys.executable, "-c", SILENCED_BY_TWO], capture_output=True, check=True)
    assert done.stderr == b"heard"


def test_a_process_forked_from_one_that_tensorflow_runs_in_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "_started_in", os.getpid())
    runtime.refuse_forked()
    monkeypatch.setattr(runtime, "_started_in", os.getppid())
    for work in (runtime.start, lambda: KerasForward.__call__(None, np.zeros((1, 8, 8, 3)))):  # type: ignore[arg-type]
        with pytest.raises(CatdogError, match=r"it would hang.*spawn"):
            work()


def test_a_lock_knows_its_thread_and_may_be_taken_again() -> None:
    lock = runtime.ProcessLock()
    found = []

    def look() -> None:
        found.append((lock.is_mine, lock.is_taken))

    with lock:
        with lock:
            look()
        look()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    look()
    assert found == [(True, True), (True, True), (False, True), (False, False)]


@pytest.mark.parametrize("on", [True, False])
def test_garbage_collection_is_as_before_afterwards(on: bool) -> None:
    was_on = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        with runtime._no_garbage_collection():
            assert not gc.isenabled()
        assert gc.isenabled() == on
    finally:
        gc.unfreeze()
        (gc.enable if was_on else gc.disable)()


STARTED = """
import json, logging, random, sys, warnings
filters = list(warnings.filters)
from tl_catdog import runtime
early = "tensorflow" in sys.modules
runtime.start()
same = warnings.filters == filters
import keras, numpy, tensorflow as tf
from tensorflow.python.framework import config

def drawn(seed):
    runtime.make_deterministic(seed)
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    numbers = [random.random(), float(numpy.random.rand()), float(tf.random.uniform(()))]
    return [*numbers, *layer.get_weights()[0].ravel().tolist()]

print(json.dumps({
    "early": early,
    "same filters": same,
    "levels": [logging.getLogger(name).level for name in ("tensorflow", "absl")],
    "backend": keras.backend.backend(),
    "drawn": [drawn(3), drawn(3), drawn(4)],
    "deterministic": config.is_op_determinism_enabled(),
}))
"""


def test_tensorflow_starts_quietly_and_a_seed_repeats_every_generator() -> None:
    environment = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert not found["early"]
    assert found["same filters"]
    assert found["levels"] == [40, 40]  # errors only
    assert found["backend"] == "tensorflow"
    assert found["deterministic"]
    first, again, other = found["drawn"]
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


WITHOUT_A_HOME = """
import pwd

def nobody(_):
    raise KeyError("no entry")

pwd.getpwuid = nobody
from tl_catdog import runtime
runtime.prepare_libraries()
import kagglehub.config, matplotlib, matplotlib.font_manager
import os
print(os.environ["HOME"])
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere everybody has a home folder")
def test_libraries_do_without_a_home_folder_and_without_a_word(tmp_path: Path) -> None:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("HOME", "XDG_CACHE_HOME")
    }
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_HOME],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "XDG_CONFIG_HOME": "/proc/none", "TMPDIR": str(tmp_path)},
    )
    assert (done.stdout, done.stderr) == ("/nonexistent\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_home_folder_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    runtime.prepare_libraries()
    assert os.environ["HOME"] == "/somewhere"


def no_place(*_: object) -> str:
    raise FileNotFoundError(2, "No usable temporary directory found")


@pytest.mark.parametrize("shared", [True, False])
def test_libraries_do_without_a_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    monkeypatch.setenv("TMPDIR", "/none")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(runtime, "SHARED_MEMORY", tmp_path if shared else tmp_path / "none")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "_get_default_tempdir", no_place)
        runtime.prepare_libraries()
    assert Path(tempfile.gettempdir()) == (tmp_path if shared else Path("/nonexistent/tmp"))


def test_tensorflow_shares_a_card_and_computes_on_it_as_precisely_as_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import tensorflow as tf

    asked: list[object] = []
    set_precision = tf.config.experimental.enable_tensor_float_32_execution
    for cards in ([], ["a card"]):
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind, found=cards: found)
        monkeypatch.setattr(
            tf.config.experimental, "set_memory_growth", lambda card, on: asked.append((card, on))
        )
        monkeypatch.setattr(
            tf.config.experimental,
            set_precision.__name__,
            lambda on: asked.append(f"TensorFloat-32: {on}"),
        )
        runtime._prepare_cards()
    assert asked == [("a card", True), "TensorFloat-32: False"]
