"""The check on rare classes: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl

from sevenfold.core.task import Goal


def test_a_rare_class_is_listed_with_its_rows(clean, subject_of, findings_of, seed):
    labels = clean(seed)["y"].to_list()
    for row in (5, 50, 500):
        labels[row] = "rare"
    table = clean(seed).with_columns(y=pl.Series(labels))
    (finding,) = findings_of("rare-classes", subject_of(table, Goal.MULTICLASS))
    assert finding.rows == (5, 50, 500) and finding.evidence["counts"] == {"rare": 3}


def test_frequent_classes_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("rare-classes", subject_of(clean(seed, Goal.MULTICLASS), Goal.MULTICLASS))


def test_a_regression_has_none(clean, subject_of, findings_of):
    assert not findings_of("rare-classes", subject_of(clean(goal=Goal.REGRESSION), Goal.REGRESSION))
