"""The check on overfitting."""

from __future__ import annotations

import pytest

from sevenfold.core.report import Score, Severity


def score(value, wide=0.02):
    return Score(value, value - wide, value + wide, 1000)


@pytest.mark.parametrize(
    ("train", "validation", "severity"),
    [(0.99, 0.7, Severity.NOTE), (0.99, 0.52, Severity.WARNING), (0.99, 0.49, Severity.WARNING)],
)
def test_a_gain_that_is_lost(subject_of, findings_of, train, validation, severity):
    subject = subject_of(train=score(train), validation=score(validation), baseline=score(0.5, 0))
    (finding,) = findings_of("overfit", subject)
    assert finding.severity is severity


@pytest.mark.parametrize(("train", "validation"), [(0.99, 0.9), (0.9, 0.91), (0.6, 0.54)])
def test_a_gain_that_is_kept_or_lost_in_noise(subject_of, findings_of, train, validation):
    subject = subject_of(train=score(train), validation=score(validation, 0.04), baseline=score(0.5, 0))
    assert not findings_of("overfit", subject)


def test_losses_have_the_other_direction(subject_of, findings_of):
    subject = subject_of(
        train=score(0.1), validation=score(0.9), baseline=score(1.0, 0), greater_is_better=False
    )  # fmt: skip
    assert findings_of("overfit", subject)
