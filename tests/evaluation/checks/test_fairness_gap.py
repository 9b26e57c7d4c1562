"""The check on sensitive groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.core.task import Goal


def test_a_group_that_is_chosen_less(subject_of, findings_of, seed):
    honest = subject_of(seed)
    women = (honest.table["sex"] == "f").to_numpy()
    spoiled = honest.predictions.copy()
    spoiled[women, 1] *= 0.3
    spoiled[women, 0] = 1 - spoiled[women, 1]
    findings = findings_of("fairness-gap", subject_of(seed, predictions=spoiled))
    measures = {finding.evidence["measure"] for finding in findings}
    assert {"share decided positive", "share of positives found"} <= measures
    assert all(finding.columns == ("sex",) for finding in findings)


@pytest.mark.parametrize("goal", [Goal.MULTICLASS, Goal.REGRESSION])
def test_a_group_that_is_served_worse(subject_of, findings_of, goal, seed):
    honest = subject_of(seed, goal)
    women = (honest.table["sex"] == "f").to_numpy()
    if goal is Goal.REGRESSION:
        spoiled = honest.predictions + np.where(women, 2.0, 0.0)
    else:
        spoiled = np.where(women[:, None], 1 / 3, honest.predictions)
    (finding,) = findings_of("fairness-gap", subject_of(seed, goal, predictions=spoiled))
    assert finding.columns == ("sex",)


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_equal_treatment_is_silent(subject_of, findings_of, goal, seed):
    assert not findings_of("fairness-gap", subject_of(seed, goal))


def test_unasked_it_does_not_apply(subject_of, findings_of):
    subject = subject_of()
    assert not findings_of("fairness-gap", replace(subject, task=replace(subject.task, sensitive=())))
