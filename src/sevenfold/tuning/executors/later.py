"""Modules that libraries import and hardly ever use are loaded by whoever first uses them: a worker that grows trees
needs neither SciPy's distributions nor NumPy's tools for tests, and each process would hold its own copy of them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

DEFERRED = frozenset({"numpy.testing", "numpy.f2py", "scipy.spatial"})
"""Imported as a module by NumPy or SciPy itself, and loaded at the first look into it."""
NAMED = {
    "scipy.stats": "sklearn",
    "scipy.interpolate": "sklearn",
    "scipy.integrate": "sklearn",
}
"""Imported by name by that library ("from scipy.stats import rankdata"): it is given something that finds the function
when it is called. All others are given the module."""


class Later(MetaPathFinder):
    """Finds what is deferred; all else is left to the other finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as it is found elsewhere, to be executed when it is used."""
        if fullname in NAMED:
            return ModuleSpec(fullname, _StandInLoader()) if library_of(sys._getframe(1)) == NAMED[fullname] else None
        if fullname not in DEFERRED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def defer() -> None:
    """Load these modules late from now on; what is loaded already stays."""
    if not any(isinstance(finder, Later) for finder in sys.meta_path):
        sys.meta_path.insert(0, Later())


class _StandInLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return


class _StandIn(ModuleType):
    """In the place of a module until somebody else than the library that names its functions asks for it."""

    def __getattr__(self, name: str) -> Any:
        if library_of(sys._getframe(1)) == NAMED.get(self.__name__):
            if name == "__path__" and sys._getframe(1).f_code.co_name == "_find_and_load_unlocked":
                return getattr(_real(self.__name__), name)  # a part of it is imported: that needs the module
            if name.startswith("__"):
                raise AttributeError(name)  # the import system asks what kind of module this is: a plain one
            return _Function(self.__name__, name)
        return getattr(_real(self.__name__), name)


class _Function:
    """A function of a module that is loaded when it is called."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._found(*values, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        """Where it is a class after all, and another one is derived from it."""
        return (self._found,)

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, self._found)

    @property
    def _found(self) -> Any:
        return getattr(_real(self._module), self._name)


def _real(name: str) -> ModuleType:
    """The module itself, in its place from now on."""
    if isinstance(sys.modules.get(name), _StandIn):
        with _without_stand_ins():
            del sys.modules[name]
            importlib.import_module(name)
    return sys.modules[name]


@contextmanager
def _without_stand_ins() -> Iterator[None]:
    known = dict(NAMED)
    NAMED.clear()
    try:
        yield
    finally:
        NAMED.update(known)


def library_of(frame: FrameType | None) -> str:
    """The library whose code imports, or asks for the attribute, beneath the import system's own frames."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith(("importlib", "_frozen_importlib")) and name != __name__:
            return name.partition(".")[0]
        frame = frame.f_back
    return ""
