"""Matrices of learned weights in eight bits: whole numbers from -127 to 127, and a scale for each block of a channel.

Weights only: restoring multiplies them out, and what predicts computes with floating numbers as before. Scales are
rounded up to 16 significant bits, so that a whole number times its scale is exact in single precision. What was
restored therefore gives the same whole numbers and scales again: storing twice loses no more than storing once.

Source: Jacob et al. 2018, Quantization and Training of Neural Networks (symmetric, a scale for each channel); Dettmers
et al. 2022, 8-bit Optimizers via Block-wise Quantization (blocks, so that one outlier coarsens its neighbours only).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from sevenfold.core.errors import BundleError, DataError

FLOAT, INT8 = "float", "int8"
"""Precisions in which a pipeline is stored."""
BLOCK = 256
"""Entries of a channel that share a scale."""
LEAST_CELLS = 1024
"""Smaller matrices stay as they are: there is little to gain."""
LARGEST = 2.0**100
"""Weights beyond it are refused."""
_TOP = 127
_FINEST = 2.0**-100  # the least scale: what is far below it becomes zero
_BITS = 16  # of a scale
_KEY = "$int8"
_TYPES = ("float32", "float64")


@dataclass(frozen=True)
class Matrix:
    """Where a learned state holds a matrix that is worth storing in eight bits.

    Args:
        path: keys from the root of the state, joined by "/"; `*` stands for any part of a key, or any place of a list.
        channel: axis of the outputs, each of which has scales of its own.
    """

    path: str
    channel: int = 0


@dataclass(frozen=True)
class Quantised:
    """A matrix in eight bits.

    Args:
        codes: int8, of the matrix's shape.
        scales: float32 (channels, blocks), positive.
        channel: axis of the channels; a vector is one channel.
    """

    codes: np.ndarray[Any, np.dtype[np.int8]]
    scales: np.ndarray[Any, np.dtype[np.float32]]
    channel: int = 0


def quantise(matrix: np.ndarray[Any, Any], channel: int = 0) -> Quantised:
    """The matrix in eight bits: no entry moves by more than half its block's scale.

    Args:
        matrix: float, of one or two dimensions.
    Raises:
        DataError: an entry is not finite, or beyond `LARGEST`.
    """
    if matrix.size and not np.abs(matrix).max() <= LARGEST:  # NaN compares as false
        raise DataError("Weights cannot be stored in int8.", f"finite ones up to {LARGEST:.3g}", "others")
    given = _by_channel(matrix, channel)
    codes = np.empty(matrix.shape, np.int8)
    scales = np.empty((len(given), -(-given.shape[1] // BLOCK)), np.float32)
    for number, start in enumerate(range(0, given.shape[1], BLOCK)):
        part = given[:, start : start + BLOCK].astype(np.float64)
        scale = np.maximum(_rounded_up(np.abs(part).max(axis=1) / _TOP), _FINEST)
        scales[:, number] = scale
        _by_channel(codes, channel)[:, start : start + BLOCK] = np.rint(part / scale[:, None])
    return Quantised(codes, scales, channel)


def dequantise(stored: Quantised, dtype: str = "float32") -> np.ndarray[Any, Any]:
    """Each whole number times its scale; exact, whatever the type."""
    matrix = np.empty(stored.codes.shape, dtype)
    codes, view = _by_channel(stored.codes, stored.channel), _by_channel(matrix, stored.channel)
    scales = stored.scales.astype(dtype)
    for number, start in enumerate(range(0, codes.shape[1], BLOCK)):
        view[:, start : start + BLOCK] = codes[:, start : start + BLOCK] * scales[:, number : number + 1]
    return matrix


def narrowed(state: Mapping[str, Any], matrices: Sequence[Matrix]) -> dict[str, Any]:
    """The state with its large matrices in eight bits.

    Raises:
        DataError: see `quantise`.
    """

    def change(channel: int) -> Callable[[Any], Any]:
        def to_int8(value: Any) -> Any:
            if not isinstance(value, np.ndarray) or value.dtype.name not in _TYPES or value.size < LEAST_CELLS:
                return value
            if value.ndim not in (1, 2):
                return value
            stored = quantise(value, channel)
            return {_KEY: stored.codes, "scales": stored.scales, "channel": channel, "dtype": value.dtype.name}

        return to_int8

    changed = dict(state)
    for matrix in matrices:
        changed = _changed(changed, matrix.path.split("/"), change(matrix.channel))
    return changed


def widened(state: Mapping[str, Any], matrices: Sequence[Matrix]) -> dict[str, Any]:
    """The state that `narrowed` was given, its entries rounded.

    Raises:
        BundleError: a stored matrix is damaged.
    """
    changed = dict(state)
    for matrix in matrices:
        changed = _changed(changed, matrix.path.split("/"), _to_float)
    return changed


def _to_float(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    codes, scales, channel, dtype = (value.get(key) for key in (_KEY, "scales", "channel", "dtype"))
    if set(value) != {_KEY, "scales", "channel", "dtype"} or dtype not in _TYPES or channel not in (0, 1):
        raise _damaged("other keys or types")
    if not isinstance(codes, np.ndarray) or codes.dtype != np.int8 or codes.ndim not in (1, 2):
        raise _damaged("whole numbers of another kind")
    channels, entries = _by_channel(codes, channel).shape
    if (
        not isinstance(scales, np.ndarray)
        or scales.dtype != np.float32
        or scales.shape != (channels, -(-entries // BLOCK))
    ):
        raise _damaged("scales of another shape or kind")
    if not bool(((scales >= _FINEST) & (scales <= LARGEST)).all()) or bool((codes < -_TOP).any()):
        raise _damaged("scales or whole numbers out of range")
    return dequantise(Quantised(codes, scales, channel), dtype)


def _by_channel(matrix: Any, channel: int) -> Any:
    """A view with channels first."""
    if matrix.ndim == 1:
        return matrix[None, :]
    return matrix.T if channel else matrix


def _rounded_up(scales: Any) -> Any:
    """To `_BITS` significant bits."""
    shares, exponents = np.frexp(scales)
    return np.ldexp(np.ceil(shares * 2.0**_BITS), exponents - _BITS)


def _changed(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """The tree with a change made at the places of a path; what the path does not lead to stays as it is."""
    if not path:
        return change(value)
    if isinstance(value, Mapping):
        return {k: _changed(v, path[1:], change) if fnmatchcase(str(k), path[0]) else v for k, v in value.items()}
    if isinstance(value, list | tuple) and path[0] == "*":
        return [_changed(part, path[1:], change) for part in value]
    return value


def _damaged(why: str) -> BundleError:
    return BundleError("A stored matrix of weights is damaged.", "int8 with scales, as Sevenfold wrote it", why)
