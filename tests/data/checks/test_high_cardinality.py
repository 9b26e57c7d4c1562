"""The check on high cardinality: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl


def test_many_levels(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    table = clean(seed).with_columns(street=pl.Series([f"s{i}" for i in stream.integers(0, 500, 1200)]))
    (finding,) = findings_of("high-cardinality", subject_of(table))
    assert finding.columns == ("street",) and finding.evidence["street"] == table["street"].n_unique()


def test_few_levels_are_silent(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(state=pl.Series([f"s{i % 50}" for i in range(1200)]))
    assert not findings_of("high-cardinality", subject_of(table))
