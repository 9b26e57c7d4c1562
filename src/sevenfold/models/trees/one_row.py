"""LightGBM's prediction of one row by its C interface: some microseconds where the Python wrapper takes a hundred.

The library is asked the very question that the wrapper asks, less the wrapper: the numbers are the same, bit for bit.
The function and its arguments are LightGBM's documented C API (LGBM_BoosterPredictForMatSingleRowFast).
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats

if TYPE_CHECKING:
    import lightgbm

NORMAL, RAW_SCORE, LEAF_PLACES = 0, 1, 2
_FLOAT64 = 1
_SETTINGS = b"num_threads=1"

Ask: TypeAlias = Callable[[Sequence[float]], Sequence[float]]


@dataclass(frozen=True)
class OneRow:
    """One row's prediction by a booster.

    Args:
        booster: kept alive as long as this is.
        columns: columns of a row.
        outputs: numbers that the prediction has.
        kind: NORMAL, RAW_SCORE or LEAF_PLACES (the leaf of each tree, as a float).
    """

    booster: lightgbm.Booster
    columns: int
    outputs: int
    kind: int

    def asker(self) -> Ask:
        """A function from one row's columns to its outputs; each thread gets a buffer and a handle of its own."""
        local, made = threading.local(), self._made

        def ask(values: Sequence[float]) -> Sequence[float]:
            try:
                own = local.own
            except AttributeError:
                own = local.own = made()
            return own(values)

        made()  # whatever is wrong with the library shows here, not with the first row
        return ask

    def array_asker(self) -> Callable[[Sequence[float]], Floats]:
        """The same, with the outputs in an array that this thread's next question writes over."""
        local, made = threading.local(), self._filled

        def ask(values: Sequence[float]) -> Floats:
            try:
                own, found = local.own
            except AttributeError:
                own, out = made()
                found = np.frombuffer(out, dtype=np.float64)
                local.own = own, found
            own(values)
            return found

        made()
        return ask

    def _made(self) -> Ask:
        fill, out = self._filled()
        count = self.outputs

        def predict(values: Sequence[float]) -> Sequence[float]:
            fill(values)
            return out[:count]

        return predict

    def _filled(self) -> tuple[Callable[[Sequence[float]], None], Any]:
        """What asks the library, and the outputs that it fills."""
        library = _library()
        row, out = (ctypes.c_double * max(1, self.columns))(), (ctypes.c_double * max(1, self.outputs))()
        length, handle = ctypes.c_int64(0), _Handle()
        code = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            self.booster._handle,
            ctypes.c_int(self.kind),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ctypes.c_int(_FLOAT64),
            ctypes.c_int32(self.columns),
            ctypes.c_char_p(_SETTINGS),
            ctypes.byref(handle.pointer),
        )
        if code:
            raise RuntimeError("LightGBM cannot prepare its prediction of one row")
        ask = library.LGBM_BoosterPredictForMatSingleRowFast
        arguments = (handle.pointer, ctypes.byref(row), ctypes.byref(length), ctypes.byref(out))
        fill, count = struct.Struct(f"{self.columns}d").pack_into, self.outputs

        def predict(values: Sequence[float], _alive: Any = (handle, self.booster)) -> None:
            fill(row, 0, *values)
            if ask(*arguments) or length.value != count:
                raise RuntimeError("LightGBM's prediction of one row failed")

        return predict, out


class _Handle:
    """A handle that is given back with its owner."""

    def __init__(self) -> None:
        self.pointer = ctypes.c_void_p()

    def __del__(self) -> None:
        if self.pointer and _LIBRARY:
            _LIBRARY[0].LGBM_FastConfigFree(self.pointer)


_LIBRARY: list[Any] = []


def _library() -> Any:
    """LightGBM's library, called without giving up the interpreter's lock: the calls are shorter than a change of
    threads."""
    if not _LIBRARY:
        from lightgbm import basic

        library = ctypes.PyDLL(basic._LIB._name)  # type: ignore[attr-defined]
        library.LGBM_BoosterPredictForMatSingleRowFast.argtypes = [ctypes.c_void_p] * 4
        library.LGBM_FastConfigFree.argtypes = [ctypes.c_void_p]
        _LIBRARY.append(library)
    return _LIBRARY[0]
