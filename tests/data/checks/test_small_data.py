"""The check on small data: planted faults are found, clean data are silent."""

from __future__ import annotations

from sevenfold.core.report import Severity


def test_few_rows_are_noted(clean, subject_of, findings_of):
    (finding,) = findings_of("small-data", subject_of(clean(rows=300)))
    assert finding.severity is Severity.NOTE and finding.evidence["rows"] == 300
    (finding,) = findings_of("small-data", subject_of(clean(rows=80)))
    assert finding.severity is Severity.WARNING


def test_enough_rows_are_not(clean, subject_of, findings_of):
    assert not findings_of("small-data", subject_of(clean(rows=600)))
