"""Libraries that take long to import are imported before the clock of a fit starts."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time

from sevenfold.training.code_pages import give_back_code
from sevenfold.tuning.executors.lean import without_frames

LIBRARIES = {
    "lightgbm": ("lightgbm",),
    "catboost": ("catboost",),
    "xgboost": ("xgboost",),
    "mlp": ("torch",),
    "image_network": ("torch", "PIL.Image"),
    "extra_trees": ("sklearn.ensemble",),
    "random_forest": ("sklearn.ensemble",),
    "decision_tree": ("sklearn.tree",),
    "perceptron": ("sklearn.linear_model",),
    "elastic_net": ("sklearn.linear_model",),
    "lasso": ("sklearn.linear_model",),
    "svm_rbf": ("sklearn.svm",),
}
"""Libraries of models whose import takes a noticeable part of a second."""
LARGEST = "torch"
"""Takes more memory than all others together."""


_FRAMELESS = frozenset({"catboost"})  # it asks for pandas, whatever it is handed


def load(name: str) -> None:
    """Import a library, if it is there."""
    with contextlib.suppress(ImportError), without_frames() if name in _FRAMELESS else contextlib.nullcontext():
        importlib.import_module(name)


def warm(model: str) -> float:
    """Import the libraries of a model; the seconds that it took, next to nothing where they were there."""
    started = time.monotonic()
    fresh = [name for name in LIBRARIES.get(model, ()) if name not in sys.modules]
    for name in fresh:
        load(name)
    if fresh:
        give_back_code()
    return time.monotonic() - started
