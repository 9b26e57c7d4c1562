"""Tables with differing columns stacked into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


def stacked(frames: Sequence[pl.DataFrame], names: Sequence[str]) -> tuple[pl.DataFrame, dict[str, Any], list[str]]:
    """All rows in order; a column that some tables lack is null there; types that differ meet in a wider one or text.

    Returns:
        The table; what differs, as `{"missing": {column: [names]}, "types": {column: [types]}}`; notes.
    """
    import polars as pl

    order: dict[str, list[pl.DataType]] = {}
    for frame in frames:
        for column, dtype in frame.schema.items():
            order.setdefault(column, []).append(dtype)
    missing = {
        column: [name for frame, name in zip(frames, names, strict=True) if column not in frame.columns]
        for column, found in order.items()
        if len(found) < len(frames)
    }
    types = {column: sorted({str(d) for d in found}) for column, found in order.items() if len(set(found)) > 1}
    target = {column: _common(found) for column, found in order.items()}
    parts = [
        frame.select(
            pl.col(column).cast(dtype) if column in frame.columns else pl.lit(None, dtype=dtype).alias(column)
            for column, dtype in target.items()
        )
        for frame in frames
    ]
    notes = [
        f"column '{column}' is missing in {len(files)} of {len(frames)} files" for column, files in missing.items()
    ]
    notes += [
        f"column '{column}' has types {', '.join(found)}; read as {target[column]}" for column, found in types.items()
    ]
    differing = {"missing": missing, "types": types} if missing or types else {}
    return pl.concat(parts), differing, notes


def _common(found: Sequence[pl.DataType]) -> pl.DataType:
    import polars as pl

    distinct = list(dict.fromkeys(found))
    if len(distinct) == 1:
        return distinct[0]
    if all(dtype.is_integer() for dtype in distinct):
        return pl.Int64() if pl.UInt64 not in distinct else pl.Float64()
    if all(dtype.is_numeric() for dtype in distinct):
        return pl.Float64()
    if all(dtype in (pl.Date, pl.Datetime) or isinstance(dtype, pl.Datetime) for dtype in distinct):
        return pl.Datetime("us")
    return pl.String()
