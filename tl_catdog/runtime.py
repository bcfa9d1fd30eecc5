"""Start TensorFlow and Keras quietly, and only when a command needs them."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from tl_catdog.cores import bound_libraries, bound_tensorflow, logical_cpus
from tl_catdog.errors import CatdogError
from tl_catdog.files import NO_TEMPORARY, NOWHERE


def quiet_environment() -> None:
    """Turn down the logs of TensorFlow's C++ side; only has an effect before it is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    # keras-cv must use Keras 3, and its import must not look for other frameworks.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")


SHARED_MEMORY = Path("/dev/shm")
"""What can be written to in a container whose root is read-only."""


def prepare_libraries() -> None:
    """Tell libraries how many cores there are, and give those a home that would fail without one.

    The same goes for a folder for temporary files.

    matplotlib, and what Keras looks for at its import, ask for the home folder, and a user without
    an entry, as containers have, has none. Where they can't write there, they use a folder for
    temporary files, and matplotlib says so at length: nobody asked.

    Raises:
        UsageError: ``TL_CATDOG_CPUS`` is set to no number of cores.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(NOWHERE)
    try:
        tempfile.gettempdir()
    except OSError:  # TensorFlow's import alone would fail
        if os.access(SHARED_MEMORY, os.W_OK | os.X_OK):
            os.environ["TMPDIR"] = str(SHARED_MEMORY)
        else:
            tempfile.tempdir = str(NO_TEMPORARY)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    bound_libraries()


def ignore_pillow_warnings() -> None:
    """Turn off Pillow's warnings, in a process that is ours: the command's or a worker's.

    They are about odd metadata, where they name no file and change no pixel, and about pictures
    of more than 89 million pixels, which are ours to refuse. Pillow needn't be loaded yet.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


class ProcessLock:
    """A lock of a module, for one thread at a time, which may take it again.

    In a forked child it is free, whoever held it: that thread isn't there.
    """

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._owner = threading.get_ident()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
        self._lock.release()

    @property
    def is_mine(self) -> bool:
        """Whether the thread that asks holds it."""
        return self._owner == threading.get_ident()

    @property
    def is_taken(self) -> bool:
        """Whether a thread holds it."""
        return self._owner is not None


_quiet = ProcessLock()
"""Two threads that point standard error elsewhere at once could leave it there for good."""


@contextlib.contextmanager
def silence_stderr() -> Iterator[None]:
    """Send what C++ libraries print to nowhere; Python errors still propagate."""
    with _quiet:
        yield from _silenced()


def _silenced() -> Iterator[None]:
    _flush()
    try:
        saved = os.dup(2)
    except OSError:  # standard error is closed: nobody hears it anyway
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        _flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def _flush() -> None:
    """Flush standard error, if there is one and it takes anything."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Don't look for garbage among the million objects of an import, neither then nor at the end.

    Measured: TensorFlow's import takes 4.6 s instead of 5.6, the process's end 0.2 instead of 1.2.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


_started_in: int | None = None
"""The process in which TensorFlow was started."""


def start() -> None:
    """Import TensorFlow and Keras without their log noise. Calling it again costs nothing.

    Raises:
        CatdogError: See ``refuse_forked``.
    """
    global _started_in
    refuse_forked()
    with _quiet:  # a second thread waits until they are whole
        _start()
        _started_in = os.getpid()


def refuse_forked() -> None:
    """Refuse TensorFlow in a process that was forked from one in which it runs: it would hang.

    Raises:
        CatdogError: This is such a process.
    """
    if _started_in not in (None, os.getpid()):
        raise CatdogError(
            "expected a process that TensorFlow starts in, found one that was forked from where it "
            "runs: it would hang.",
            "Start processes by multiprocessing.get_context('spawn').",
        )


def _start() -> None:
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        return
    quiet_environment()
    with silence_stderr(), warnings.catch_warnings(), _no_garbage_collection():
        warnings.simplefilter("ignore")
        with _paths_kept():
            import keras  # noqa: F401
        import tensorflow as tf

        bound_tensorflow()
        _part_processor()
        _prepare_cards()
        # The first op initialises the CPU device, which logs a line of its own.
        tf.constant(0.0) + 1.0
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)


@contextlib.contextmanager
def _paths_kept() -> Iterator[None]:
    """Take back what OpenCV, where it is installed, does to the environment: Keras imports it.

    Programs that the host starts later would look into its folders.
    """
    names = ("LD_LIBRARY_PATH", "QT_QPA_FONTDIR", "QT_QPA_PLATFORM_PLUGIN_PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(kept)


def _part_processor() -> None:
    """Have TensorFlow take the processor for several devices, if that is asked for.

    Raises:
        UsageError: See ``cores.logical_cpus``.
    """
    count = logical_cpus()
    if count > 1:
        import tensorflow as tf

        (processor,) = tf.config.list_physical_devices("CPU")
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        with contextlib.suppress(RuntimeError):  # it has begun, in a program that calls us
            tf.config.set_logical_device_configuration(processor, parts)


def _prepare_cards() -> None:
    """Have TensorFlow share NVIDIA's cards, and compute on them as precisely as elsewhere."""
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    for card in cards:
        # It would take all of the card's memory at once, and ONNX Runtime needs some of it.
        tf.config.experimental.set_memory_growth(card, True)
    if cards:  # TensorFloat-32 has ten bits instead of 23
        tf.config.experimental.enable_tensor_float_32_execution(False)


building = ProcessLock()
"""Held while a network is built, whose first weights come from a generator of the whole process:
Python's. So two threads that build one don't draw from each other's."""


@contextlib.contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Put Python's and NumPy's generators back afterwards, for the program that called us.

    TensorFlow's can't be: it stays seeded, and its ops stay deterministic.
    """
    import random

    import numpy as np

    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@contextlib.contextmanager
def weights_unmade() -> Iterator[None]:
    """Let Keras build networks whose weights have shapes and no values, which takes no memory."""
    import keras
    from keras.src.backend.common import global_state

    # Keras would make them at the end of another such scope.
    name = "uninitialized_variables"
    before = list(global_state.get_global_attribute(name, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        global_state.set_global_attribute(name, before)


def make_deterministic(seed: int) -> None:
    """Seed every generator and make TensorFlow's ops repeat bit for bit on this machine.

    Args:
        seed: 0 or more.
    """
    start()
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
