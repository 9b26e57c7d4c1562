"""The check on class imbalance: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


@pytest.mark.parametrize(("every", "severity"), [(20, Severity.NOTE), (150, Severity.WARNING)])
def test_an_uneven_target(clean, subject_of, findings_of, every, severity):
    table = clean().with_columns(y=pl.Series(["yes" if i % every == 0 else "no" for i in range(1200)]))
    (finding,) = findings_of("class-imbalance", subject_of(table))
    assert finding.severity is severity and finding.evidence["counts"]["yes"] == 1200 // every


def test_an_even_target_is_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("class-imbalance", subject_of(clean(seed)))


def test_of_several_classes_the_rare_ones_are_told_once(clean, subject_of, findings_of):
    labels = ["tiny"] * 5 + ["small"] * 25 + ["a", "b"] * 585
    table = clean().with_columns(y=pl.Series(labels))
    (rare,) = findings_of("rare-classes", subject_of(table, Goal.MULTICLASS))
    assert rare.text == "1 class with fewer than 20 rows: 'tiny' (5 rows)."
    (uneven,) = findings_of("class-imbalance", subject_of(table, Goal.MULTICLASS))
    assert "'small'" in uneven.text and "accuracy" not in uneven.why
