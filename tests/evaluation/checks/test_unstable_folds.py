"""The check on folds that disagree."""

from __future__ import annotations

import pytest


def test_folds_that_spread_like_the_gain(subject_of, findings_of):
    (finding,) = findings_of("unstable-folds", subject_of(fold_losses=(0.1, 0.2, 0.9, 0.15, 0.1)))
    assert "fold 2 is the worst" in finding.text


def test_without_scores_the_spread_is_compared_with_the_mean(subject_of, findings_of):
    assert findings_of("unstable-folds", subject_of(fold_losses=(1.0, 2.0, 0.4), validation=None))
    assert not findings_of("unstable-folds", subject_of(fold_losses=(1.0, 1.1, 0.9), validation=None))


@pytest.mark.parametrize("losses", [(), (0.1, 9.0), (0.1, 0.11, 0.12), (0.1, float("nan"), 0.2)])
def test_steady_or_too_few_folds_are_silent(subject_of, findings_of, losses):
    assert not findings_of("unstable-folds", subject_of(fold_losses=losses))
