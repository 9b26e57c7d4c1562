"""The check on label errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sevenfold.core.task import Goal, Target
from sevenfold.evaluation.checks.label_errors import doubtful


def witness(seed, classes, rows=1000, sure=0.95):
    """A good model and true labels."""
    stream = np.random.default_rng(seed)
    codes = stream.integers(0, classes, rows)
    confidence = np.clip(stream.normal(sure, 0.03, rows), 0.85, 0.999)
    probabilities = np.tile(((1 - confidence) / (classes - 1))[:, None], (1, classes))
    probabilities[np.arange(rows), codes] = confidence
    return probabilities, codes


@pytest.mark.parametrize(("goal", "classes"), [(Goal.BINARY, 2), (Goal.MULTICLASS, 5)])
def test_planted_mistakes_are_found_exactly(subject_of, findings_of, goal, classes, seed):
    probabilities, codes = witness(seed, classes)
    wrong = np.arange(3, 1000, 50)
    given = codes.copy()
    given[wrong] = (given[wrong] + 1) % classes
    subject = subject_of(
        seed, goal, 1000, target=Target(goal, given.astype(float), classes), predictions=probabilities
    )  # fmt: skip
    (finding,) = findings_of("label-errors", subject)
    found = set(finding.rows)
    # A class counts as confident from its own average on, which about half of its rows reach.
    assert found <= set(wrong.tolist()) and len(found) >= 5
    order = finding.evidence["most_doubtful_first"]
    lead = [probabilities[row].max() - probabilities[row, given[row]] for row in order]
    assert lead == sorted(lead, reverse=True)


def test_row_numbers_are_those_of_the_table(subject_of, findings_of):
    probabilities, codes = witness(0, 2)
    codes[:40] = 1 - codes[:40]
    table = subject_of(0, rows=3000).table
    target = Target(Goal.BINARY, codes.astype(float), 2)
    subject = replace(
        subject_of(0, rows=1000, target=target, predictions=probabilities), rows=np.arange(2000, 3000), table=table
    )
    (finding,) = findings_of("label-errors", subject)
    assert min(finding.rows) >= 2000 and max(finding.rows) < 2040


@pytest.mark.parametrize("classes", [2, 4])
def test_true_labels_are_silent(subject_of, findings_of, classes, seed):
    probabilities, codes = witness(seed, classes)
    goal = Goal.BINARY if classes == 2 else Goal.MULTICLASS
    subject = subject_of(seed, goal, 1000, target=Target(goal, codes.astype(float), classes), predictions=probabilities)
    assert not findings_of("label-errors", subject)


def test_a_model_that_guesses_is_no_witness(subject_of, findings_of, seed):
    stream = np.random.default_rng(seed)
    probabilities = stream.dirichlet([0.2, 0.2], 1000)
    subject = subject_of(seed, rows=1000, predictions=probabilities)
    assert not findings_of("label-errors", subject)


def test_a_class_without_rows_breaks_nothing():
    probabilities = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]] * 5)
    assert len(doubtful(probabilities, np.array([0, 1] * 5))) == 0
