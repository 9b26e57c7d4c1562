"""The check on outliers: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest


def test_a_slip_of_the_decimal_point(clean, subject_of, findings_of, seed):
    heights = clean(seed)["height"].to_numpy().copy()
    heights[[31, 7]] *= 100
    (finding,) = findings_of("outliers", subject_of(clean(seed).with_columns(height=pl.Series(heights))))
    assert finding.columns == ("height",) and finding.rows == (7, 31)


@pytest.mark.parametrize(
    "draw",
    [
        lambda stream: stream.lognormal(0, 3, 3000),
        lambda stream: stream.standard_t(2, 3000),
        lambda stream: stream.exponential(1, 3000),
        lambda stream: np.where(stream.random(3000) < 0.9, 0.0, stream.lognormal(5, 2, 3000)),
        lambda stream: stream.pareto(1.5, 3000) + 1,
    ],
)
def test_heavy_tails_are_silent(subject_of, findings_of, draw, seed):
    stream = np.random.default_rng(seed)
    table = pl.DataFrame({"x": draw(stream), "y": stream.choice(["a", "b"], 3000)})
    assert not findings_of("outliers", subject_of(table))
