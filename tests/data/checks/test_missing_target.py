"""The check on missing target: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl

from sevenfold.core.report import Severity


def test_rows_without_target_are_listed(clean, subject_of, findings_of, seed):
    gone = [3 + seed, 77, 500]
    table = clean(seed).with_row_index().with_columns(
        y=pl.when(pl.col("index").is_in(gone)).then(None).otherwise(pl.col("y"))
    )  # fmt: skip
    (finding,) = findings_of("missing-target", subject_of(table.drop("index")))
    assert finding.rows == tuple(gone) and finding.columns == ("y",) and finding.severity is Severity.NOTE


def test_many_are_a_warning(clean, subject_of, findings_of):
    table = clean().with_row_index().with_columns(y=pl.when(pl.col("index") % 5 == 0).then(None).otherwise("y"))
    (finding,) = findings_of("missing-target", subject_of(table.drop("index")))
    assert finding.severity is Severity.WARNING and len(finding.rows) == 240


def test_complete_targets_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("missing-target", subject_of(clean(seed)))
