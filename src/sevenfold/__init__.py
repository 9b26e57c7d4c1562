"""Sevenfold carries a machine-learning model through its whole life, in seven steps.

>>> import sevenfold
>>> run = sevenfold.train("churn.csv", target="churned", budget="60s")  # doctest: +SKIP
>>> sevenfold.load(run.path).predict(rows)  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.api.audit import audit as audit
    from sevenfold.api.evaluate import evaluate as evaluate
    from sevenfold.api.load import load as load
    from sevenfold.api.run import Run as Run
    from sevenfold.api.train import resume as resume
    from sevenfold.api.train import train as train

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "audit", "evaluate", "load", "resume", "train"]

# Loaded on first use: `import sevenfold` itself stays in the milliseconds.
_HOMES = {
    "train": "sevenfold.api.train",
    "resume": "sevenfold.api.train",
    "audit": "sevenfold.api.audit",
    "evaluate": "sevenfold.api.evaluate",
    "load": "sevenfold.api.load",
    "Run": "sevenfold.api.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sevenfold' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
