"""Golden rows: raw rows with the predictions they had when the model was saved.

Every place that runs a model predicts them again before it answers anybody.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.errors import BundleError

if TYPE_CHECKING:
    import polars as pl

# Bit for bit on one machine; another processor's libraries may round the last digits otherwise.
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9


def encode_records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of a raw frame as JSON records; bytes, times and numbers that JSON lacks are tagged."""
    return [{name: _encode(value) for name, value in record.items()} for record in frame.to_dicts()]


def decode_records(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records that `encode_records` wrote."""
    return [{name: _decode(value) for name, value in record.items()} for record in records]


def compare(stored: Sequence[Any], predicted: Floats) -> None:
    """Refuse predictions that differ from the stored ones.

    Raises:
        BundleError: they differ.
    """
    try:
        expected = np.array(stored, dtype=np.float64).reshape(predicted.shape)
    except (TypeError, ValueError):
        raise _mismatch("another shape") from None
    close = np.isclose(predicted, expected, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, equal_nan=False)
    if not close.all():
        row = int(np.argwhere(~close)[0][0])
        raise _mismatch(f"another prediction in golden row {row}")


def compare_labels(stored: Sequence[Any], decided: Sequence[Any]) -> None:
    """Refuse decisions that differ from the stored ones, in type or value.

    Raises:
        BundleError: they differ.
    """
    if [(type(label), label) for label in stored] != [(type(label), label) for label in decided]:
        raise _mismatch("another label for a golden row")


def _mismatch(received: str) -> BundleError:
    return BundleError(
        "The model does not reproduce its golden rows here.",
        "the predictions it had when it was saved",
        received,
        "Install the library versions that its manifest lists, or train again.",
    )


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime | datetime.date):
        return {"$time": value.isoformat()}
    if isinstance(value, float) and not np.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, list | tuple):
        return [_encode(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        ((tag, content),) = value.items()
        if tag == "$bytes":
            return base64.b64decode(content, validate=True)
        if tag == "$float":
            return float(content)
        return datetime.datetime.fromisoformat(content)
    if isinstance(value, list):
        return [_decode(v) for v in value]
    return value
