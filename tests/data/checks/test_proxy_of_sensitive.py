"""The check on proxy of sensitive: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl


def test_a_proxy_is_named(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    origin = stream.choice(["a", "b", "c"], 1200)
    district = np.where(stream.random(1200) < 0.9, np.char.add("d", origin), "other")
    table = clean(seed).with_columns(origin=pl.Series(origin), district=pl.Series(district))
    (finding,) = findings_of("proxy-of-sensitive", subject_of(table, sensitive=("origin",)))
    assert finding.columns == ("origin", "district")


def test_columns_that_know_nothing_are_silent(clean, subject_of, findings_of, seed):
    table = clean(seed)
    assert not findings_of("proxy-of-sensitive", subject_of(table, sensitive=("city", "member")))
