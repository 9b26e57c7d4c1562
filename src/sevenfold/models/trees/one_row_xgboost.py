"""XGBoost's prediction of one row by its C interface: the call that `Booster.inplace_predict` makes, less its checks.

The function and its arguments are XGBoost's documented C API (XGBoosterPredictFromDense).
"""

from __future__ import annotations

import ctypes
import json
import struct
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.models.trees.one_row import Ask

if TYPE_CHECKING:
    import xgboost

_LARGEST_FLOAT32 = 3.0e38
_CONFIG = json.dumps(
    {
        "type": 0,
        "training": False,
        "iteration_begin": 0,
        "iteration_end": 0,
        "missing": float("nan"),
        "strict_shape": False,
        "cache_id": 0,
    }
).encode()


def asker(booster: xgboost.Booster, columns: int, outputs: int) -> Ask:
    """A function from one row's columns, NaN where missing, to the booster's outputs. Threads may share it."""
    local = threading.local()

    def ask(values: Sequence[float]) -> Sequence[float]:
        try:
            own = local.own
        except AttributeError:
            own = local.own = _made(booster, columns, outputs)
        found: Sequence[float] = own(values)
        return found

    _made(booster, columns, outputs)  # whatever is wrong with the library shows here, not with the first row
    return ask


def _made(booster: xgboost.Booster, columns: int, outputs: int) -> Ask:
    from xgboost import core

    # The interpreter's lock is kept: the calls are shorter than a change of threads.
    library: Any = ctypes.PyDLL(core._LIB._name)
    row = (ctypes.c_float * max(1, columns))()
    place = {"data": [ctypes.addressof(row), True], "shape": [1, columns], "typestr": "<f4", "version": 3}
    shape, length = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
    out = ctypes.POINTER(ctypes.c_float)()
    arguments = (
        booster.handle,
        ctypes.c_char_p(json.dumps(place).encode()),
        ctypes.c_char_p(_CONFIG),
        ctypes.c_void_p(),
        ctypes.byref(shape),
        ctypes.byref(length),
        ctypes.byref(out),
    )
    ask, fill = library.XGBoosterPredictFromDense, struct.Struct(f"{columns}f").pack_into

    def predict(values: Sequence[float], _alive: Any = booster) -> Sequence[float]:
        held = [v if -_LARGEST_FLOAT32 <= v <= _LARGEST_FLOAT32 or v != v else _within(v) for v in values]
        fill(row, 0, *held)
        if ask(*arguments):
            raise RuntimeError("XGBoost's prediction of one row failed")
        return out[:outputs]

    return predict


def _within(value: float) -> float:
    return _LARGEST_FLOAT32 if value > 0 else -_LARGEST_FLOAT32
