"""The exponential function as CatBoost computes it for classes and counts: a power of two from a table, and a cubic.

exp(x) = 2**k * 2**(i / 2048) * exp(-t), where t is small: next to the true value, and not
always the nearest number, so that what is to agree with the library bit for bit takes the same way. Method: Tang,
Table-driven implementation of the exponential function, ACM TOMS 15, 1989, with the constants of the fmath library.
"""

from __future__ import annotations

import math
import struct

_BITS = 11
_PARTS = 1 << _BITS
_STEPS, _STEP = _PARTS / math.log(2.0), math.log(2.0) / _PARTS
_ROUNDING = float(3 << 51)  # added to a number, it leaves the nearest integer in the lowest bits
_SQUARE, _CUBE = 0.16666666685227835, 3.0000000027955394
_BIAS = (1 << (_BITS + 10)) - (1 << _BITS)
_LOWEST, _HIGHEST = -708.39641853226408, 709.78271289338397
_WORD, _FRACTION = (1 << 64) - 1, (1 << 52) - 1

_AS_DOUBLE, _AS_WORD = struct.Struct("<d"), struct.Struct("<Q")


def _word(value: float) -> int:
    return int(_AS_WORD.unpack(_AS_DOUBLE.pack(value))[0])


_POWERS = [_word(2.0 ** (part / _PARTS)) & _FRACTION for part in range(_PARTS)]


def exponential(x: float) -> float:
    """exp(x); below -708 it is 0, above 709 infinite."""
    if x <= _LOWEST:
        return 0.0
    if x >= _HIGHEST:
        return math.inf
    moved = x * _STEPS + _ROUNDING
    word = _word(moved)
    rest = (moved - _ROUNDING) * _STEP - x
    power = (((word + _BIAS) >> _BITS) << 52) & _WORD | _POWERS[word & (_PARTS - 1)]
    polynomial = (_CUBE - rest) * (rest * rest) * _SQUARE - rest + 1.0
    return float(polynomial * _AS_DOUBLE.unpack(_AS_WORD.pack(power))[0])
