"""Few rows in any form as records, where a record says the same as the frame."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

Records = Sequence[dict[str, Any]]


def records_of(rows: Any, most: int, dates: Collection[str] = ()) -> Records | None:
    """The rows as records: None where there are none or more than `most`, or where types would get lost.

    A record's fractions are 64 bits wide and its times have no zone; records of a list must name the same columns in
    the same order, else the list as a whole tells which columns each of them lacks.

    Args:
        rows: a list of records, or a polars or pandas frame; None for anything else.
        most: rows.
        dates: columns that are read as dates: only there does it not matter how finely a frame's times are told.
    """
    if isinstance(rows, list):
        if not 0 < len(rows) <= most or type(rows[0]) is not dict:
            return None
        names = list(rows[0])
        return rows if all(type(row) is dict and list(row) == names for row in rows) else None
    package = type(rows).__module__.partition(".")[0]
    if package == "polars" and type(rows).__name__ == "DataFrame" and 0 < rows.height <= most:
        return _of_polars(rows, dates)
    if package == "pandas" and type(rows).__name__ == "DataFrame" and 0 < len(rows) <= most:
        return _of_pandas(rows, dates)
    return None


def _of_polars(frame: pl.DataFrame, dates: Collection[str]) -> Records | None:
    import polars as pl

    narrow = (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32, pl.Categorical, pl.Enum)
    plain = (pl.String, pl.Float64, pl.Int64, pl.Boolean, pl.Datetime("us"), *narrow)
    times = (pl.Datetime("ms"), pl.Date)
    fits = all(dtype in plain or (name in dates and dtype in times) for name, dtype in frame.schema.items())
    return frame.to_dicts() if fits else None


def _of_pandas(frame: Any, dates: Collection[str]) -> Records | None:
    names = frame.columns.tolist()
    if not all(type(name) is str and name and name == name.strip() for name in names) or len(set(names)) < len(names):
        return None
    forms = [_form(dtype, name in dates) for name, dtype in zip(names, frame.dtypes.tolist(), strict=True)]
    if None in forms or not names:
        return None
    texts = [place for place, form in enumerate(forms) if form == "text"]
    times = [place for place, form in enumerate(forms) if form == "time"]
    rows: list[list[Any]] = frame.to_numpy(dtype=object).tolist()
    for row in rows:
        for place in texts:
            value = row[place]
            # What is missing in a column of text is None, NaN or NA; whatever else is no text is left to the reader.
            if type(value) is not str:
                if not (value is None or (type(value) is float and value != value) or type(value).__name__ == "NAType"):
                    return None
                row[place] = None
        for place in times:
            value = row[place]
            if value is not None and value == value and value.nanosecond:
                return None
            row[place] = None if value is None or value != value else value.to_pydatetime()
    return [dict(zip(names, row, strict=True)) for row in rows]


def _form(dtype: Any, is_date: bool) -> str | None:
    """Whether a column of that type holds plain numbers and flags, times, or may hold text; None for anything else."""
    if isinstance(dtype, np.dtype):
        if dtype.kind == "M":
            return "time" if is_date else None
        wide = (dtype.kind == "f" and dtype.itemsize == 8) or dtype.kind == "i"
        narrow = dtype.kind == "b" or (dtype.kind == "u" and dtype.itemsize < 8)
        return "plain" if wide or narrow else "text" if dtype.kind == "O" else None
    return "text" if getattr(dtype, "name", "") in ("str", "string", "category") else None
