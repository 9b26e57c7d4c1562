"""pandas frames, column by column: mixed objects and odd names must not stop the reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.data.readers.names import tidy
from sevenfold.data.readers.series import column_of

if TYPE_CHECKING:
    import polars as pl


def from_pandas(source: Any) -> tuple[pl.DataFrame, list[str]]:
    """A pandas DataFrame or Series as polars, and notes.

    Numbers, flags, times and durations keep their types; NaN, NaT and NA become null. Categoricals stay
    categorical, with their levels as text. Objects keep a type if they share one, and become text if not.
    The index is left out.
    """
    import pandas as pd
    import polars as pl

    frame = source.to_frame() if isinstance(source, pd.Series) else pd.DataFrame(source)
    names, notes = tidy(_name(label) for label in frame.columns.tolist())
    if any(not isinstance(name, str) for name in frame.columns):
        notes.append("column names that are not text were made text")
    if any(name is not None for name in frame.index.names):
        notes.append(f"the index ({', '.join(map(str, frame.index.names))}) is no column and was left out")
    return pl.DataFrame([_column(name, frame.iloc[:, i]) for i, name in enumerate(names)]), notes


def _name(label: Any) -> str:
    return ".".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _column(name: str, values: Any) -> pl.Series:
    import pandas as pd
    import polars as pl

    dtype = values.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _column(name, values.sparse.to_dense())
    if isinstance(dtype, pd.CategoricalDtype):
        levels = [str(level) for level in dtype.categories]
        texts = [None if code < 0 else levels[code] for code in values.cat.codes.tolist()]
        return pl.Series(name, texts, dtype=pl.String).cast(pl.Categorical)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _column(name, values.dt.tz_convert("UTC").dt.tz_localize(None))
    kind = getattr(dtype, "kind", "O")
    plain = isinstance(dtype, np.dtype)
    if plain and kind in "biu":
        return pl.Series(name, np.ascontiguousarray(values.to_numpy()))
    if plain and kind == "f":
        floats = values.to_numpy().astype(np.float64 if dtype.itemsize != 4 else np.float32)
        return pl.Series(name, np.ascontiguousarray(floats), nan_to_null=True)
    if plain and kind in "mM":
        unit = "datetime64[us]" if kind == "M" else "timedelta64[us]"
        return pl.Series(name, values.to_numpy().astype(unit))
    if not plain and kind in "biuf":
        empty = values.isna().to_numpy()
        filled = values.fillna(False if kind == "b" else 0).to_numpy(dtype={"b": bool, "f": np.float64}.get(kind))
        column = pl.Series(name, np.ascontiguousarray(filled.astype(dtype.numpy_dtype)))
        return pl.select(pl.when(pl.lit(pl.Series(~empty))).then(column).alias(name)).to_series()
    if plain:  # objects of any kind
        return column_of(name, values.tolist())
    missing = values.isna().to_numpy()
    return column_of(name, [None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)])
