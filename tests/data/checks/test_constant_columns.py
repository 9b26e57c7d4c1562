"""The check on constant columns: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl


def test_constant_and_all_missing_columns(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(one=pl.lit(7.0), none=pl.lit(None, dtype=pl.String))
    (finding,) = findings_of("constant-columns", subject_of(table))
    assert finding.columns == ("one", "none")


def test_a_nearly_constant_column(clean, subject_of, findings_of, seed):
    flags = np.zeros(1200, dtype=bool)
    flags[[100, 900]] = True
    (finding,) = findings_of("constant-columns", subject_of(clean(seed).with_columns(rare=pl.Series(flags))))
    assert finding.columns == ("rare",) and finding.evidence == {"rare": round(1198 / 1200, 6)}


def test_rare_values_that_tell_the_target_are_kept(clean, subject_of, findings_of):
    table = clean(rows=6000)
    ones = np.flatnonzero((table["y"] == "class 1").to_numpy())[:25]
    flags = np.zeros(6000, dtype=bool)
    flags[ones] = True
    assert not findings_of("constant-columns", subject_of(table.with_columns(rare=pl.Series(flags))))


def test_honest_columns_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("constant-columns", subject_of(clean(seed)))
