"""Keeps optional parts of libraries out of worker processes: LightGBM and scikit-learn load pandas and Arrow wherever
they are installed, which a worker that is handed plain arrays never needs.

That is half of an idle worker's memory and of its start. Whoever imports such a library by name still gets it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from sevenfold.tuning.executors.later import defer, library_of

_FRAMES = frozenset({"pandas", "pyarrow", "dask", "matplotlib", "plotly", "graphviz", "IPython", "cudf", "modin"})
REFUSED = {
    # Its own classes for scikit-learn are not used: boosters and data sets alone.
    "lightgbm": _FRAMES | {"sklearn", "joblib"},
    "sklearn": _FRAMES,
    "scipy": _FRAMES,
    "xgboost": _FRAMES | {"sklearn"},
    "catboost": _FRAMES - {"pandas"},
    "_catboost": _FRAMES - {"pandas"},
    "pandas": _FRAMES - {"pandas"},
}
"""What is kept away, by the library that asks for it; all of them do without where it is not installed."""


class OptionalParts(MetaPathFinder):
    """Refuses, first of all finders, what `REFUSED` says."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None leaves the module to the other finders.

        Raises:
            ModuleNotFoundError: as if the module were not installed.
        """
        if fullname in _ALL and fullname in REFUSED.get(library_of(sys._getframe(1)), ()):
            raise ModuleNotFoundError(f"No module named {fullname!r} for this library", name=fullname)
        return None


_ALL = frozenset().union(*REFUSED.values())


def keep_lean() -> None:
    """Refuse optional parts, and load seldom used ones late, from now on; what is loaded already stays."""
    defer()
    if not is_lean():
        sys.meta_path.insert(0, OptionalParts())


def is_lean() -> bool:
    """Whether `keep_lean` was called in this process."""
    return any(isinstance(finder, OptionalParts) for finder in sys.meta_path)


@contextmanager
def without_frames() -> Iterator[None]:
    """Where the process is lean, a library that cannot do without pandas finds its types' names alone while it is
    imported: it asks whether what it is handed is one of them, and arrays never are. Afterwards pandas is there as
    ever for whoever imports it."""
    if not is_lean() or "pandas" in sys.modules:
        yield
        return
    names = ("DataFrame", "Series", "Categorical", "CategoricalDtype", "Index", "SparseDtype")
    stand_in = ModuleType("pandas")
    for name in names:
        setattr(stand_in, name, type(name, (), {}))
    sys.modules["pandas"] = stand_in
    try:
        yield
    finally:
        del sys.modules["pandas"]
