"""The check on time order: planted faults are found, clean data are silent."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


def days(order):
    return pl.Series([datetime(2024, 1, 1) + timedelta(hours=int(i)) for i in order], dtype=pl.Datetime("us"))


def test_a_target_that_moves_along_the_date(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    order = stream.permutation(1200)
    table = clean(seed).with_columns(when=days(order), y=pl.Series(np.sin(order / 100) + stream.normal(0, 0.5, 1200)))
    (finding,) = findings_of("time-order", subject_of(table, Goal.REGRESSION))
    assert finding.columns == ("when",) and finding.severity is Severity.WARNING
    assert "--time when" in finding.advice


def test_rows_in_order_without_a_trend_are_a_note(clean, subject_of, findings_of):
    (finding,) = findings_of("time-order", subject_of(clean().with_columns(when=days(range(1200)))))
    assert finding.severity is Severity.NOTE


def test_a_named_time_settles_it(clean, subject_of, findings_of):
    assert not findings_of("time-order", subject_of(clean().with_columns(when=days(range(1200))), time="when"))


def test_a_birthday_is_silent(clean, subject_of, findings_of, seed):
    order = np.random.default_rng(seed).integers(0, 9000, 1200)
    assert not findings_of("time-order", subject_of(clean(seed).with_columns(birthday=days(order))))
