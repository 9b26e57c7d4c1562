"""Tensors of the Open Inference Protocol v2: JSON or little-endian bytes, to and from polars columns.

Source: Open Inference Protocol, "Tensor Data"; Triton Inference Server, "Binary Tensor Data Extension".
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Column, Kind
from sevenfold.deployment.request import HttpError

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

NUMPY: Mapping[str, str] = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
BYTES = "BYTES"
_NARROW = frozenset({"UINT8", "UINT16", "INT8", "INT16"})  # gRPC has no fields for these: they travel in wider ones
_DIMENSIONS_LIMIT = 8


def shape_of(declared: Any, rows_limit: int) -> tuple[int, ...]:
    """A tensor's shape: rows first.

    Raises:
        HttpError: 400 for anything that is not a short list of positive sizes, or too many rows.
    """
    if not isinstance(declared, list) or not 1 <= len(declared) <= _DIMENSIONS_LIMIT:
        raise HttpError(400, f"A shape is a list of 1 to {_DIMENSIONS_LIMIT} sizes.")
    if not all(type(size) is int and 1 <= size < 2**31 for size in declared):
        raise HttpError(400, "The sizes of a shape are whole numbers of at least 1.")
    if declared[0] > rows_limit:
        raise HttpError(413, f"A request may hold {rows_limit} rows.")
    return tuple(declared)


def from_json(data: Any, datatype: str, shape: tuple[int, ...]) -> list[Any]:
    """The elements of a JSON tensor, flat or nested, in row-major order; null is a missing value.

    Raises:
        HttpError: 400 where the count differs from the shape, or an element is not of the datatype.
    """
    flat = _flatten(data, shape)
    if len(flat) != math.prod(shape):
        raise HttpError(400, "The number of elements is not what the shape says.")
    if not all(value is None or _fits(value, datatype) for value in flat):
        raise HttpError(400, f"An element is not of datatype {datatype}.")
    return flat


def from_values(values: list[Any], datatype: str, shape: tuple[int, ...]) -> list[Any]:
    """The elements of a tensor that came as typed values; NaN is a missing value.

    Raises:
        HttpError: 400 where the count differs from the shape, or an element is out of the datatype's range.
    """
    if len(values) != math.prod(shape):
        raise HttpError(400, "The number of elements is not what the shape says.")
    if datatype in _NARROW and not all(_fits(value, datatype) for value in values):
        raise HttpError(400, f"An element is not of datatype {datatype}.")
    return [None if value != value else value for value in values] if datatype.startswith("FP") else values


def from_bytes(content: memoryview, datatype: str, shape: tuple[int, ...]) -> list[Any]:
    """The elements of a binary tensor; NaN is a missing value.

    Raises:
        HttpError: 400 where the length differs from what shape and datatype say.
    """
    count = math.prod(shape)
    if datatype == BYTES:
        return _strings(content, count)
    dtype = np.dtype(NUMPY[datatype])
    if len(content) != count * dtype.itemsize:
        raise HttpError(400, "The number of bytes of a tensor is not what its shape and datatype say.")
    values: list[Any] = np.frombuffer(content, dtype).tolist()
    if dtype.kind == "f":
        return [None if value != value else value for value in values]
    return values


def series_of(column: Column, datatype: str, shape: tuple[int, ...], flat: list[Any]) -> pl.Series:
    """A tensor as the raw column that `conform` reads: (rows,), (rows, 1), or (rows, length) for sequences.

    Raises:
        HttpError: 400 where the shape does not suit the column, or text is not UTF-8, or a picture not base64.
    """
    import polars as pl

    rows = shape[0]
    if column.kind is Kind.SEQUENCE and len(shape) == 2:
        if datatype == BYTES:
            raise HttpError(400, "A sequence is a tensor of numbers.")
        width = shape[1]
        lists = [flat[start : start + width] for start in range(0, rows * width, width)]
        return pl.Series(column.name, lists, dtype=pl.List(pl.Float64))
    if math.prod(shape) != rows:
        raise HttpError(400, "The shape of an input must be [rows] or [rows, 1].")
    if datatype == BYTES:
        if column.kind is Kind.IMAGE:
            return pl.Series(column.name, [picture_of(value) for value in flat], dtype=pl.Binary)
        return pl.Series(column.name, [_text(value) for value in flat], dtype=pl.String)
    if datatype == "BOOL":
        return pl.Series(column.name, flat, dtype=pl.Boolean)
    if datatype.startswith("FP"):
        return pl.Series(column.name, flat, dtype=pl.Float64)
    return pl.Series(column.name, flat, dtype=pl.UInt64 if datatype == "UINT64" else pl.Int64)


def plain(column: Column, datatype: str, flat: list[Any]) -> list[Any]:
    """A tensor of one element a row as values of records that are read as `series_of`'s column is.

    Raises:
        HttpError: 400, text is not UTF-8, or a picture not base64.
    """
    if datatype == BYTES:
        read = picture_of if column.kind is Kind.IMAGE else _text
        return [read(value) for value in flat]
    return [None if value is None else float(value) for value in flat] if datatype.startswith("FP") else flat


def datatype_of(values: npt.NDArray[Any]) -> str:
    """The datatype by which an output array is sent."""
    return {"b": "BOOL", "i": "INT64", "u": "UINT64", "f": "FP64"}.get(values.dtype.kind, BYTES)


def to_json(values: npt.NDArray[Any]) -> list[Any]:
    """An output's elements in row-major order; what JSON cannot say becomes null."""
    flat = values.reshape(-1).tolist()
    if values.dtype.kind == "f":
        return [value if math.isfinite(value) else None for value in flat]
    return [value if value is None else str(value) for value in flat] if datatype_of(values) == BYTES else flat


def to_bytes(values: npt.NDArray[Any]) -> bytes:
    """An output's elements as little-endian bytes; each string with its length before it."""
    datatype = datatype_of(values)
    if datatype != BYTES:
        return np.ascontiguousarray(values, dtype=NUMPY[datatype]).tobytes()
    encoded = [b"" if value is None else str(value).encode() for value in values.reshape(-1).tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in encoded)


def _flatten(data: Any, shape: tuple[int, ...]) -> list[Any]:
    if not isinstance(data, list):
        raise HttpError(400, "The data of a tensor is a list.")
    level: list[Any] = data
    for depth, size in enumerate(shape[1:]):
        if not any(isinstance(part, list) for part in level):
            return level
        if len(level) != math.prod(shape[: depth + 1]) or not all(
            isinstance(part, list) and len(part) == size for part in level
        ):
            raise HttpError(400, "Nested data do not have the shape that is stated.")
        level = [value for part in level for value in part]
    return level


def _fits(value: Any, datatype: str) -> bool:
    if datatype == BYTES:
        return isinstance(value, str)
    if datatype == "BOOL":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if datatype.startswith("FP"):
        return isinstance(value, float) or abs(value) < 2**1023
    limits = np.iinfo(np.dtype(NUMPY[datatype]))
    return isinstance(value, int) and int(limits.min) <= value <= int(limits.max)


def _strings(content: memoryview, count: int) -> list[Any]:
    texts: list[Any] = []
    position = 0
    while position < len(content) and len(texts) < count:
        if position + 4 > len(content):
            break
        (length,) = struct.unpack_from("<I", content, position)
        position += 4
        if position + length > len(content):
            break
        texts.append(bytes(content[position : position + length]))
        position += length
    if len(texts) != count or position != len(content):
        raise HttpError(400, "The lengths in a BYTES tensor do not add up.")
    return texts


def _text(value: Any) -> str | None:
    if not isinstance(value, bytes):
        return None if value is None else str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise HttpError(400, "An element of a BYTES tensor is not UTF-8.") from None


def picture_of(value: Any) -> bytes | None:
    """An encoded picture from base64.

    Raises:
        HttpError: 400 for anything else.
    """
    if value is None or isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise HttpError(400, "A picture in JSON is written in base64.") from None


def describe(column: Column) -> Mapping[str, Any]:
    """A column as an input in a model's metadata."""
    datatype = {Kind.NUMBER: "FP64", Kind.FLAG: "BOOL", Kind.SEQUENCE: "FP64"}.get(column.kind, BYTES)
    return {"name": column.name, "datatype": datatype, "shape": [-1, -1] if column.kind is Kind.SEQUENCE else [-1]}
