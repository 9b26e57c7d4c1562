from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.errors import BundleError
from sevenfold.data.clean import conform
from sevenfold.data.infer import infer
from sevenfold.data.profile import Profile, bin_counts, bin_edges, profile

FRAME = pl.DataFrame(
    {
        "number": [1.0 + (i * 37) % 99 for i in range(99)] + [None],
        "word": ["a"] * 60 + ["b"] * 30 + [None] * 10,
        "flag": [True, False] * 50,
        "day": [dt.datetime(1970, 1, 1) + dt.timedelta(seconds=i) for i in range(100)],
        "text": [f"word {i} of many words here {i * 7}" for i in range(100)],
        "list": [[1.0] * (i % 3) for i in range(100)],
        "image": [b"\x89PNG\r\n\x1a\n"] * 100,
    }
)


def made() -> Profile:
    schema = infer(FRAME, kinds={"number": "number"})
    return profile(conform(FRAME, schema).table, schema)


def test_figures() -> None:
    found = made()
    number = found.columns["number"]
    assert (number.rows, number.missing, number.distinct) == (100, 1, 99)
    assert (number.low, number.high, number.mean) == (1.0, 99.0, 50.0)
    assert number.deviation == pytest.approx(np.arange(1, 100).std())
    assert number.quantiles[3] == 50.0
    assert (len(number.edges), sum(number.counts)) == (21, 99)
    word = found.columns["word"]
    assert word.top == (("a", 60), ("b", 30))
    assert (word.missing, word.rest) == (10, 0)
    assert dict(found.columns["flag"].top) == {"true": 50, "false": 50}
    assert found.columns["day"].high == 99.0
    assert found.columns["text"].low == float(min(len(t) for t in FRAME["text"]))
    assert found.columns["list"].high == 2.0
    assert found.columns["image"].distinct is None


def test_round_trip_through_json() -> None:
    found = made()
    assert Profile.from_json(json.loads(json.dumps(found.to_json()))) == found
    with pytest.raises(BundleError):
        Profile.from_json({"rows": 1, "columns": [{"name": "x"}]})


def test_rare_labels_are_the_rest() -> None:
    frame = pl.DataFrame({"x": [f"level {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(80)] * 3})
    schema = infer(frame, kinds={"x": "category"})
    found = profile(conform(frame, schema).table, schema).columns["x"]
    assert (len(found.top), found.rest) == (50, 90)


def test_empty_columns() -> None:
    frame = pl.DataFrame({"x": [None, None], "n": pl.Series([None, None], dtype=pl.Float64)})
    schema = infer(frame, kinds={"n": "number"})
    found = profile(conform(frame, schema).table, schema)
    assert found.columns["n"].edges == ()
    assert found.columns["x"].missing == 2


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=100), st.lists(st.floats(), max_size=30))
def test_every_value_falls_into_one_bin(values: list[float], others: list[float]) -> None:
    edges = bin_edges(np.array(values))
    inside = bin_counts(np.array(values), edges)
    assert inside[0] == inside[-1] == 0
    assert inside.sum() == len(values)
    given_others = np.array(others, dtype=np.float64)
    counts = bin_counts(given_others, edges)
    assert counts.sum() == (~np.isnan(given_others)).sum()
    assert counts[0] == (given_others < edges[0]).sum()
    assert counts[-1] == (given_others > edges[-1]).sum()


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_quantiles_of_sorted_values_are_numpys_to_the_bit(rows: int) -> None:
    from sevenfold.data.profile import _SHARES, _quantiles

    values = np.sort(np.random.default_rng(rows).normal(size=rows) * 10.0 ** np.arange(rows % 5 + 1)[0])
    np.testing.assert_array_equal(_quantiles(values, _SHARES), np.quantile(values, _SHARES))
