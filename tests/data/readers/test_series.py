"""Columns of plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import pytest

from sevenfold.data.readers.series import as_text, column_of


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, None, 2], pl.Int64, [1, None, 2]),
        ([1, 2.5, float("nan")], pl.Float64, [1.0, 2.5, None]),
        ([True, None], pl.Boolean, [True, None]),
        ([True, 1], pl.String, ["true", "1"]),
        (["x", 1.5, None], pl.String, ["x", "1.5", None]),
        ([2**70, 1], pl.String, [str(2**70), "1"]),
        ([Decimal("1.5"), Decimal("NaN")], pl.Float64, [1.5, None]),
        ([date(2024, 1, 2)], pl.Date, [date(2024, 1, 2)]),
        ([date(2024, 1, 2), datetime(2024, 1, 2, 3)], pl.Datetime("us"),
         [datetime(2024, 1, 2), datetime(2024, 1, 2, 3)]),
        ([datetime(2024, 1, 2, tzinfo=UTC)], pl.Datetime("us"), [datetime(2024, 1, 2)]),
        ([time(1, 2)], pl.Time, [time(1, 2)]),
        ([timedelta(1)], pl.Duration("us"), [timedelta(1)]),
        ([b"x", bytearray(b"y")], pl.Binary, [b"x", b"y"]),
        ([[1, 2.5], (3,), None], pl.List(pl.Float64), [[1.0, 2.5], [3.0], None]),
        ([["a"], [1]], pl.String, ['["a"]', "[1]"]),
        ([np.float32(1.5), np.int8(2)], pl.Float64, [1.5, 2.0]),
        ([np.datetime64("2024-01-02"), np.datetime64("NaT")], pl.Datetime("us"), [datetime(2024, 1, 2), None]),
        ([np.array([1, 2])], pl.List(pl.Float64), [[1.0, 2.0]]),
        ([UUID(int=1)], pl.String, ["00000000-0000-0000-0000-000000000001"]),
        ([None, None], pl.String, [None, None]),
        ([float("nan")], pl.String, [None]),
        ([{"a": 1}], pl.String, ['{"a": 1}']),
        ([{"a": 1}, 2], pl.String, ['{"a": 1}', "2"]),
    ],
)  # fmt: skip
def test_column_of(values: list[Any], dtype: pl.DataType, expected: list[Any]) -> None:
    column = column_of("c", values)
    assert column.dtype == dtype
    assert column.to_list() == expected


def test_as_text() -> None:
    assert [as_text(v) for v in (None, "x", 1, True, b"y", [1], date(2024, 1, 2))] == [
        None, "x", "1", "true", "y", "[1]", "2024-01-02",
    ]  # fmt: skip
