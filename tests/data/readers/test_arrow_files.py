"""Parquet and Arrow: types kept, structs flattened."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from sevenfold.core.errors import DataError
from sevenfold.data.readers.read import read


def test_types_are_kept_and_odd_ones_made_plain(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "i": [1, None],
            "s": ["00123", ""],
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "p": [{"bytes": b"x", "path": "p"}, None],
            "v": [[1, 2], None],
            "w": [["a"], ["b", "c"]],
            "d": [Decimal("1.50"), None],
            "t": pl.Series([datetime(2024, 1, 1, 12), None]).dt.replace_time_zone("Europe/Berlin"),
            "n": [None, None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    raw = read(tmp_path / "a.parquet")
    assert dict(raw.frame.schema) == {
        "i": pl.Int64, "s": pl.String, "c": pl.Categorical, "p.bytes": pl.Binary, "p.path": pl.String,
        "v": pl.List(pl.Float64), "w": pl.String, "d": pl.Float64, "t": pl.Datetime("us"), "n": pl.String,
    }  # fmt: skip
    assert raw.frame["s"].to_list() == ["00123", ""]
    assert raw.frame["w"].to_list() == ['["a"]', '["b", "c"]']
    assert raw.frame["t"][0] == datetime(2024, 1, 1, 11)


def test_the_stream_form_of_arrow(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": ["x", None]})
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    (tmp_path / "a.arrows").write_bytes(buffer.getvalue())
    assert read(tmp_path / "a.arrows").frame.rows() == [(1, "x"), (2, None)]


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no rows"):
        read(tmp_path / "a.parquet")
