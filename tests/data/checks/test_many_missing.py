"""The check on many missing: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.core.report import Severity


def thinned(table, name, keep_every):
    return table.with_columns(
        pl.when(pl.int_range(pl.len()) % keep_every == 0).then(pl.col(name)).otherwise(None).alias(name)
    )


@pytest.mark.parametrize(("keep_every", "severity"), [(3, Severity.NOTE), (40, Severity.WARNING)])
def test_a_mostly_missing_column(clean, subject_of, findings_of, keep_every, severity):
    (finding,) = findings_of("many-missing", subject_of(thinned(clean(), "income", keep_every)))
    assert finding.columns == ("income",) and finding.severity is severity
    assert finding.evidence["share"] == round(1 - 1 / keep_every, 6)


def test_missing_more_often_in_the_test_file(clean, subject_of, findings_of, seed):
    test = thinned(clean(seed + 9), "city", 2)
    (finding,) = findings_of("many-missing", subject_of(clean(seed), test_table=test))
    assert finding.columns == ("city",) and finding.severity is Severity.WARNING


def test_some_missing_are_silent(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(income=pl.when(pl.int_range(pl.len()) % 9 == 0).then(None).otherwise("income"))
    assert not findings_of("many-missing", subject_of(table, test_table=table[:300]))
