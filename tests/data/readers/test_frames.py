"""Tables in memory: every package's frames, with odd names and mixed columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings

from sevenfold.core.errors import DataError, RequestError
from sevenfold.data.readers.read import describe, read


def test_polars_frames_are_taken_as_they_are() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", ""], "c": [1.5, float("nan")]})
    for source in (frame, frame.lazy()):
        raw = read(source)
        assert raw.frame.equals(frame.fill_nan(None))
        assert describe(raw.source).startswith("polars")
    assert read(frame["a"]).frame.columns == ["a"]


def test_pandas_columns_keep_their_kinds() -> None:
    frame = pd.DataFrame(
        {
            "i": [1, 2, 3],
            "f": [1.5, np.nan, np.inf],
            "b": [True, False, True],
            "s": ["x", None, "007"],
            "o": [1, "two", None],
            "n": pd.array([1, None, 3], dtype="Int64"),
            "m": pd.array([True, None, False], dtype="boolean"),
            "e": pd.array([1.5, None, 2.5], dtype="Float64"),
            "t": pd.to_datetime(["2024-01-01", None, "2024-01-03 12:30"], format="mixed"),
            "z": pd.to_datetime(["2024-01-01 12:00", None, "2024-01-03"], format="mixed").tz_localize("Europe/Berlin"),
            "d": pd.to_timedelta([1, None, 3], unit="s"),
            "c": pd.Categorical([1, 2, None]),
            "p": pd.PeriodIndex(["2024-01", "2024-02", None], freq="M"),
            "y": [b"1", b"2", None],
            "u": pd.array([1, 2, 3], dtype="uint8"),
        }
    )
    raw = read(frame)
    assert dict(raw.frame.schema) == {
        "i": pl.Int64, "f": pl.Float64, "b": pl.Boolean, "s": pl.String, "o": pl.String, "n": pl.Int64,
        "m": pl.Boolean, "e": pl.Float64, "t": pl.Datetime("us"), "z": pl.Datetime("us"), "d": pl.Duration("us"),
        "c": pl.Categorical, "p": pl.String, "y": pl.Binary, "u": pl.UInt8,
    }  # fmt: skip
    got = raw.frame.to_dict(as_series=False)
    assert got["f"] == [1.5, None, float("inf")]
    assert got["o"] == ["1", "two", None]
    assert got["n"] == [1, None, 3]
    assert got["m"] == [True, None, False]
    assert got["e"] == [1.5, None, 2.5]
    assert got["t"] == [datetime(2024, 1, 1), None, datetime(2024, 1, 3, 12, 30)]
    assert got["z"] == [datetime(2024, 1, 1, 11), None, datetime(2024, 1, 2, 23)]
    assert got["c"] == ["1", "2", None]
    assert got["p"] == ["2024-01", "2024-02", None]


def test_odd_names_and_the_index() -> None:
    frame = pd.DataFrame([[1, 2, 3, 4]], columns=[0, "a", "a", ("x", 1)])
    raw = read(frame.rename_axis("key"))
    assert raw.frame.columns == ["0", "a", "a_2", "x.1"]
    assert any("index" in note for note in raw.source["notes"])
    assert read(pd.Series([1, 2], name="s")).frame.columns == ["s"]
    assert read(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))).frame.columns == [
        "a.b",
        "a.c",
    ]


_ANYTHING = st.one_of(
    st.none(), st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.datetimes(), st.dates(), st.times(),
    st.timedeltas(), st.decimals(), st.binary(max_size=3), st.lists(st.integers() | st.text(max_size=2), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2), st.complex_numbers(), st.uuids(), st.fractions(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_ANYTHING, min_size=1, max_size=8))
def test_no_mixture_of_objects_stops_the_reading(values: list[Any]) -> None:
    column = pd.Series(values, dtype=object)
    frame = read(pd.DataFrame({"mixed": column})).frame
    assert frame.height == len(values)
    assert not frame["mixed"].dtype.is_(pl.Object)
    text = [value for value in values if isinstance(value, str)]
    if text and len({type(value) for value in values}) > 1:
        assert set(text) <= set(frame["mixed"].to_list())


def test_arrow_tables_and_numpy_arrays() -> None:
    table = pa.table([pa.array([1, 2]), pa.array(["x", None])], names=["a", "a"])
    assert read(table).frame.to_dict(as_series=False) == {"a": [1, 2], "a_2": ["x", None]}
    assert read(table.to_batches()[0]).frame.height == 2
    assert read(table.to_reader()).frame.height == 2
    assert read(np.array([[1.0, 2.0], [3.0, 4.0]])).frame.columns == ["0", "1"]
    assert read(np.array([1, 2])).frame.shape == (2, 1)
    assert read(np.array([["a", "b"]], dtype=object)).frame.rows() == [("a", "b")]
    assert read(np.array([(1, "x")], dtype=[("n", "i4"), ("s", "U2")])).frame.rows() == [(1, "x")]


def test_what_holds_no_table_is_an_error() -> None:
    for empty in (pl.DataFrame(), pd.DataFrame({"a": []}), np.zeros((0, 2)), pa.table({})):
        with pytest.raises(DataError, match="no rows"):
            read(empty)
    for wrong in (np.zeros((2, 2, 2)), pa.array([1]), pl.col("a")):
        with pytest.raises(RequestError):
            read(wrong)


def test_subclasses_and_tables_of_other_packages() -> None:
    class Special(pd.DataFrame):
        pass

    class Foreign:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert read(Special({"a": [1]})).frame.rows() == [(1,)]
    assert read(Foreign()).frame.rows() == [(1,), (2,)]
