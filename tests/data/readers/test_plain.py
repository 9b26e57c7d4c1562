"""Records and lists of plain values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import read


def test_records() -> None:
    raw = read([{"a": 1, "b": {"c": "x"}}, {"a": 2.5, 3: None}])
    assert raw.frame.to_dict(as_series=False) == {"a": [1.0, 2.5], "b.c": ["x", None], "3": [None, None]}
    assert read({"a": 1, "b": "x", "v": [1, 2]}).frame.rows() == [(1, "x", [1.0, 2.0])]


def test_columns() -> None:
    raw = read({"a": [1, None], 1: ("x", "y"), "n": np.array([1.5, np.nan])})
    assert raw.frame.to_dict(as_series=False) == {"a": [1, None], "1": ["x", "y"], "n": [1.5, None]}
    assert raw.frame.schema["a"] == pl.Int64
    with pytest.raises(DataError, match="differ in length") as caught:
        read({"a": [1], "b": [1, 2]})
    assert "b: 2" in caught.value.received


def test_what_is_no_table_is_an_error() -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        read([1, 2])
    for empty in ([], {}, [{}], {"a": []}):
        with pytest.raises(DataError, match="no rows"):
            read(empty)
