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
