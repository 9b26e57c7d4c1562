from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.data.infer.evidence import Evidence, percent, spread


def test_the_sample_is_spread_in_order_and_always_the_same() -> None:
    rows = spread(1_000_003, 5_000)
    assert len(rows) == 5_000
    assert (np.diff(rows) > 0).all()
    assert rows[0] < 200
    assert rows[-1] > 999_700
    assert (rows == spread(1_000_003, 5_000)).all()
    assert spread(7).tolist() == list(range(7))


def test_a_sample_without_values_is_taken_where_there_are_some() -> None:
    values = [None] * 60_000
    values[100:110] = ["1.5"] * 10  # type: ignore[list-item]
    assert Evidence(pl.Series("x", values, dtype=pl.String)).present == 10


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.5, "50 %"), (0.973, "97.3 %"), (1.0, "100 %"), (0.0, "0 %"), (0.0001, "under 0.1 %"), (0.9999, "over 99.9 %")],
)
def test_shares_for_people(share: float, text: str) -> None:
    assert percent(share) == text


def test_few_strings_and_many_are_told_apart_alike() -> None:
    few = ["a", "", "b", None, "n/a", "a", "unknown", "NA"]
    quick, careful = Evidence(pl.Series("x", few)), Evidence(pl.Series("x", [*few, " a"]))
    assert quick.distinct.rows() == [("a", 2), ("b", 1), ("unknown", 1)]
    assert careful.distinct.rows() == [("a", 3), ("b", 1), ("unknown", 1)]
    assert quick.values.rows() == [("a", 2), ("b", 1)]
    assert quick.missing_note(words=False).startswith("; 50 % missing (written ")
    assert Evidence(pl.Series("x", ["a", None])).missing_note(words=True) == "; 50 % missing"
    assert Evidence(pl.Series("x", [1.0, None])).missing_note(words=True) == "; 50 % missing"
    assert Evidence(pl.Series("x", ["a", "b"])).missing_note(words=True) == ""
