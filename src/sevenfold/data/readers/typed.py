"""Frames that come with types: names made unique text, structs flattened, exotic types made plain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.readers.names import tidy
from sevenfold.data.readers.series import as_text, column_of

if TYPE_CHECKING:
    import polars as pl


def settled(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The frame with text names, null for NaN, no structs, objects or 128-bit numbers; and what was done."""
    import polars as pl

    notes: list[str] = []
    structs = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]
    if structs:
        notes.append(f"structs flattened with dots ({', '.join(structs[:5])})")
    series: list[pl.Series] = []
    for column in frame.get_columns():
        series.extend(_flat(column))
    names, changed = tidy(column.name for column in series)
    renamed = [column.alias(name) for column, name in zip(series, names, strict=True)]
    return pl.DataFrame(renamed), [*notes, *changed]


def _flat(column: pl.Series) -> list[pl.Series]:
    import polars as pl

    dtype = column.dtype
    if isinstance(dtype, pl.Struct):
        parts = column.struct.unnest().get_columns()
        return [leaf for part in parts for leaf in _flat(part.alias(f"{column.name}.{part.name}"))]
    if dtype.is_float():
        return [column.fill_nan(None) if _has_nan(column) else column]
    if isinstance(dtype, pl.Decimal) or dtype == pl.Int128:
        return [column.cast(pl.Float64)]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return [column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)]
    if isinstance(dtype, pl.List | pl.Array) and dtype.inner.is_numeric():
        return [column.cast(pl.List(pl.Float64))]
    if isinstance(dtype, pl.List | pl.Array):
        return [pl.Series(column.name, [as_text(value) for value in column.to_list()], dtype=pl.String)]
    if dtype == pl.Null:
        return [column.cast(pl.String)]
    if dtype == pl.Object:
        return [column_of(column.name, column.to_list())]
    return [column]


def _has_nan(column: pl.Series) -> bool:
    """Whether a column of numbers holds NaN besides nulls; much quicker than an expression where columns are many."""
    values = column.to_numpy()  # nulls become NaN
    if not column.null_count():
        return len(values) > 0 and bool(np.isnan(values.min()))
    return int(np.isnan(values).sum()) > column.null_count()
