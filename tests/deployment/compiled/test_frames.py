"""Few rows of a frame become records, where these say the same."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sevenfold.deployment.compiled.frames import records_of

ROWS = {"a": [1.5, None], "b": ["x", None], "c": [1, 2], "d": [True, False], "e": [datetime.datetime(2022, 1, 2)] * 2}


def test_a_polars_frame():
    assert records_of(pl.DataFrame(ROWS), 9) == pl.DataFrame(ROWS).to_dicts()


def test_a_pandas_frame():
    frame = pd.DataFrame({name: values for name, values in ROWS.items() if name != "e"})
    found = records_of(frame, 9)
    assert found[0] == {"a": 1.5, "b": "x", "c": 1, "d": True}
    assert found[1]["b"] is None
    assert np.isnan(found[1]["a"])


@pytest.mark.parametrize(
    "rows",
    [
        pl.DataFrame({"a": pl.Series([1.0], dtype=pl.Float32)}),
        pl.DataFrame({"a": [None]}),
        pl.DataFrame({"a": []}),
        pl.DataFrame(ROWS).lazy(),
        pd.DataFrame({"a": [datetime.datetime(2022, 1, 2)]}),
        pd.DataFrame({"a": pd.Categorical([1])}),
        pl.DataFrame({"a": pl.Series([datetime.date(2022, 1, 2)])}),
        pd.DataFrame({"a": [np.float32(1)]}),
        pd.DataFrame({"a": [{}]}),
        pd.DataFrame({1: ["x"]}),
        pd.DataFrame([["x", "y"]], columns=["a", "a"]),
        pd.DataFrame({" a": ["x"]}),
        [],
        [{"a": 1}, {"b": 1}],
        [{"a": 1}] * 10,
        [1],
        3,
    ],
)
def test_all_else_is_left_to_the_readers(rows):
    assert records_of(rows, 9) is None


def test_records_that_name_the_same_columns():
    rows = [{"a": 1, "b": 2}, {"a": None, "b": "x"}]
    assert records_of(rows, 9) is rows


def test_labels_and_narrow_numbers():
    frame = pd.DataFrame({"a": pd.Categorical(["x", None]), "b": np.array([3, 4], np.int16)})
    assert records_of(frame, 9) == [{"a": "x", "b": 3}, {"a": None, "b": 4}]
    narrow = pl.DataFrame({"a": pl.Series(["x", None], dtype=pl.Categorical), "b": pl.Series([3, 4], dtype=pl.Int16)})
    assert records_of(narrow, 9) == [{"a": "x", "b": 3}, {"a": None, "b": 4}]


def test_times_of_columns_that_are_dates():
    moment = datetime.datetime(2022, 1, 2, 3, 4, 5, 6000)
    for unit in ("s", "ms", "us", "ns"):
        frame = pd.DataFrame({"a": pd.Series([moment, None]).astype(f"datetime64[{unit}]")})
        shown = moment.replace(microsecond=0) if unit == "s" else moment
        assert records_of(frame, 9, {"a"}) == [{"a": shown}, {"a": None}]
    fine = pd.DataFrame({"a": pd.Series(pd.to_datetime([7], unit="ns"))})
    assert records_of(fine, 9, {"a"}) is None
    days = pl.DataFrame({"a": [datetime.date(2022, 1, 2)]})
    assert records_of(days, 9, {"a"}) == [{"a": datetime.date(2022, 1, 2)}]
