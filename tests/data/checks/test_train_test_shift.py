"""The check on train test shift: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl


def test_shifted_columns_are_named_worst_first(clean, subject_of, findings_of, seed):
    test = clean(seed + 30, rows=600).with_columns(
        height=pl.col("height") + 25,
        city=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("Oslo")).otherwise("city"),
    )
    (finding,) = findings_of("train-test-shift", subject_of(clean(seed), test_table=test))
    assert finding.columns == ("height", "city")


def test_a_shifted_target_counts(clean, subject_of, findings_of):
    test = clean(30, rows=900).filter((pl.col("y") == "class 1") | (pl.int_range(pl.len()) % 4 == 0))
    (finding,) = findings_of("train-test-shift", subject_of(clean(), test_table=test))
    assert "y" in finding.columns


def test_drawn_alike_is_silent(clean, subject_of, findings_of, seed):
    many = clean(seed).with_columns(street=pl.Series([f"s{i % 400}" for i in range(1200)]))
    assert not findings_of("train-test-shift", subject_of(many, test_table=many.sample(300, seed=seed)))
    assert not findings_of("train-test-shift", subject_of(clean(seed), test_table=clean(seed + 30, rows=200)))


def test_the_advice_follows_the_split(clean, subject_of, findings_of):
    from dataclasses import replace

    import numpy as np

    from sevenfold.data.split.base import Split

    test = clean(40, rows=600).with_columns(height=pl.col("height") + 25)
    subject = subject_of(clean(), test_table=test)
    (finding,) = findings_of("train-test-shift", subject)
    assert "split by time;" in finding.advice
    none = np.arange(0)
    (finding,) = findings_of("train-test-shift", replace(subject, split=Split(none, none, (), "time")))
    assert "follows time already" in finding.advice and "split by time" not in finding.advice
