"""Libraries that take long to import: without what they only offer to link to, and before the clock of a fit starts."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time

_OPTIONAL = ("pandas", "pyarrow", "sklearn", "dask", "matplotlib", "graphviz", "datatable", "cffi")

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


_LEAN = ("lightgbm", "xgboost", "sklearn")


def load(name: str) -> None:
    """Import a library, if it is there. Those that only link to pandas, Arrow and the like where they find them are
    imported without: in a fraction of the time. Call it while no other thread imports anything."""
    hidden: list[str] = []
    if name.partition(".")[0] in _LEAN and name not in sys.modules:
        hidden = [other for other in _OPTIONAL if other not in sys.modules and other != name.partition(".")[0]]
    for other in hidden:
        sys.modules[other] = None  # type: ignore[assignment]
    try:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    finally:
        for other in hidden:
            if sys.modules.get(other) is None:
                sys.modules.pop(other, None)


def warm(model: str) -> float:
    """Import the libraries of a model; the seconds that it took, next to nothing where they were there."""
    started = time.monotonic()
    for name in LIBRARIES.get(model, ()):
        load(name)
    return time.monotonic() - started
