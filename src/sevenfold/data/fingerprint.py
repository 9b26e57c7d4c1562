"""A digest of a typed table: equal content, equal fingerprint, on any machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl


FEW_STRINGS = 10_000
"""Up to so many different strings in a column are listed once each."""


def fingerprint(table: pl.DataFrame) -> str:
    """32 hexadecimal digits of names, types and values, in order; 0.0 and -0.0 are equal."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{table.height}x{table.width}".encode())
    for series in table.iter_columns():
        digest.update(f"\0{len(series.name.encode())}:{series.name}\0{_type_name(series)}\0".encode())
        _add(digest, series)
    return digest.hexdigest()


def _type_name(series: pl.Series) -> str:
    """Our own names, so that another polars version changes no fingerprint."""
    import polars as pl

    if isinstance(series.dtype, pl.Datetime):
        return "datetime"
    if isinstance(series.dtype, pl.List):
        return "list"
    names: dict[Any, str] = {pl.Float64: "number", pl.String: "string", pl.Boolean: "flag", pl.Binary: "bytes"}
    return names.get(series.dtype, "other")


def _add(digest: Any, series: pl.Series) -> None:
    import polars as pl

    whole = not series.null_count()
    digest.update(np.packbits(np.zeros(len(series), np.bool_) if whole else series.is_null().to_numpy()).tobytes())
    if isinstance(series.dtype, pl.List):
        digest.update(series.list.len().fill_null(0).cast(pl.Int64).to_numpy().astype("<i8").tobytes())
        _add(digest, series.filter(series.list.len().fill_null(0) > 0).explode())
    elif series.dtype == pl.Float64:
        digest.update(((series if whole else series.fill_null(0.0)).to_numpy() + 0.0).astype("<f8").tobytes())
    elif isinstance(series.dtype, pl.Datetime):
        digest.update(series.dt.epoch("us").fill_null(0).to_numpy().astype("<i8").tobytes())
    elif series.dtype == pl.Boolean:
        digest.update(np.packbits(series.fill_null(False).to_numpy()).tobytes())
    elif series.dtype == pl.Binary:
        digest.update(series.bin.size().fill_null(0).cast(pl.Int64).to_numpy().astype("<i8").tobytes())
        for value in series.drop_nulls():
            digest.update(value)
    else:
        _add_text(digest, series.cast(pl.String))


def _add_text(digest: Any, text: pl.Series) -> None:
    """Few different strings as a sorted list and their places in it, many as they stand."""
    import polars as pl

    different = text.drop_nulls().unique()
    if len(different) <= FEW_STRINGS:
        different = different.sort()
        places = text.cast(pl.Enum(different)).to_physical().cast(pl.Int64).fill_null(-1)
        digest.update(places.to_numpy().astype("<i2").tobytes())
        text = different
    digest.update(text.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy().astype("<i8").tobytes())
    for start in range(0, len(text), 1_000_000):
        digest.update("".join(text.slice(start, 1_000_000).drop_nulls().to_list()).encode("utf-8"))
