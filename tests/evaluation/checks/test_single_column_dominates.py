"""The check on a dominating column."""

from __future__ import annotations

import pytest

from sevenfold.core.report import Severity


@pytest.mark.parametrize(("value", "severity"), [(0.8, Severity.NOTE), (9.0, Severity.WARNING)])
def test_one_column_that_carries_all(subject_of, findings_of, value, severity):
    subject = subject_of(importances={"a": 0.05, "leak": value, "b": 0.05, "c": -0.3})
    (finding,) = findings_of("single-column-dominates", subject)
    assert finding.columns == ("leak",) and finding.severity is severity


@pytest.mark.parametrize(
    "importances",
    [{}, {"a": 1.0, "b": 0.5}, {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}, {"a": 0.0, "b": -0.1, "c": 0.0, "d": 0.0}],
)
def test_shared_importance_is_silent(subject_of, findings_of, importances):
    assert not findings_of("single-column-dominates", subject_of(importances=importances))
