"""Imported once in the process that all commands are forked from, which starts no thread."""

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tl_catdog import runtime

runtime.quiet_environment()
runtime.ignore_pillow_warnings()
with runtime.silence_stderr():
    import jinja2  # noqa: F401
    import joblib  # noqa: F401
    import keras  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import onnx  # noqa: F401
    import onnxruntime  # noqa: F401
    import requests  # noqa: F401
    import rich.progress  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import tensorflow  # noqa: F401

    import tl_catdog.cli
    import tl_catdog.training.trainer  # noqa: F401

gc.collect()
gc.freeze()  # else a look for garbage would touch, and so copy, all memory in each process
