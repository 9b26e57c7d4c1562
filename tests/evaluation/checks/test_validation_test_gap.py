"""The check on validation against test."""

from __future__ import annotations

import numpy as np

from sevenfold.core.report import Score, Severity


def score(value, error):
    return Score(value, value - 1.96 * error, value + 1.96 * error, 1000)


def test_a_worse_test_is_a_warning_and_a_better_one_a_note(subject_of, findings_of):
    (worse,) = findings_of("validation-test-gap", subject_of(validation=score(0.9, 0.01), test=score(0.8, 0.01)))
    (better,) = findings_of("validation-test-gap", subject_of(validation=score(0.8, 0.01), test=score(0.9, 0.01)))
    assert worse.severity is Severity.WARNING and better.severity is Severity.NOTE
    assert "Believe the test" in worse.advice and "Count on what validation says" in better.advice


def test_losses_have_the_other_direction(subject_of, findings_of):
    subject = subject_of(validation=score(1.0, 0.02), test=score(2.0, 0.02), greater_is_better=False)
    (finding,) = findings_of("validation-test-gap", subject)
    assert finding.severity is Severity.WARNING and "worse" in finding.text


def test_chance_is_silent(subject_of, findings_of):
    stream = np.random.default_rng(0)
    found = sum(
        bool(
            findings_of(
                "validation-test-gap",
                subject_of(
                    rows=50,
                    validation=score(0.8 + stream.normal(0, 0.01), 0.01),
                    test=score(0.8 + stream.normal(0, 0.03), 0.03),
                ),
            )
        )
        for _ in range(300)
    )
    assert found <= 4, "three standard errors are passed in 0.3 % of the cases"
