"""The check against the baselines."""

from __future__ import annotations

import pytest

from sevenfold.core.report import Score, Severity


def score(value, wide=0.02):
    return Score(value, value - wide, value + wide, 1000)


@pytest.mark.parametrize(
    ("value", "severity"), [(0.49, Severity.ERROR), (0.51, Severity.WARNING), (0.9, None)]
)  # fmt: skip
def test_against_the_constant(subject_of, findings_of, value, severity):
    subject = subject_of(test=score(value), baseline_test=score(0.5, 0))
    assert [f.severity for f in findings_of("no-better-than-baseline", subject)] == ([severity] if severity else [])


def test_against_the_line(subject_of, findings_of):
    (finding,) = findings_of(
        "no-better-than-baseline", subject_of(test=score(0.8), baseline_test=score(0.5, 0), linear_test=score(0.85))
    )
    assert finding.severity is Severity.NOTE and "linear" in finding.text


def test_validation_is_compared_with_validation_where_the_test_has_no_baseline(subject_of, findings_of):
    (finding,) = findings_of(
        "no-better-than-baseline",
        subject_of(test=score(0.8), validation=score(0.4), baseline=score(0.5, 0), baseline_test=None),
    )
    assert "On validation" in finding.text


def test_losses_have_the_other_direction(subject_of, findings_of):
    worse = subject_of(test=score(2.0), baseline_test=score(1.0, 0), greater_is_better=False)
    better = subject_of(test=score(0.5), baseline_test=score(1.0, 0), greater_is_better=False)
    assert findings_of("no-better-than-baseline", worse) and not findings_of("no-better-than-baseline", better)
