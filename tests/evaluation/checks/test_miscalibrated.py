"""The check on calibration."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.task import Goal


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS])
def test_sharpened_probabilities(subject_of, findings_of, goal, seed):
    stream = np.random.default_rng(seed)
    classes = 2 if goal is Goal.BINARY else 3
    chances = stream.dirichlet(np.full(classes, 2.0), 2000)
    honest = subject_of(seed, goal)
    values = np.minimum((chances.cumsum(axis=1) < stream.random(2000)[:, None]).sum(axis=1), classes - 1)
    target = type(honest.target)(goal, values.astype(float), classes)
    sharp = chances**3 / (chances**3).sum(axis=1, keepdims=True)
    assert findings_of("miscalibrated", subject_of(seed, goal, target=target, predictions=sharp))
    assert not findings_of("miscalibrated", subject_of(seed, goal, target=target, predictions=chances))


@pytest.mark.parametrize("rows", [120, 2000])
@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS])
def test_right_probabilities_are_silent(subject_of, findings_of, rows, goal, seed):
    assert not findings_of("miscalibrated", subject_of(seed, goal, rows))
