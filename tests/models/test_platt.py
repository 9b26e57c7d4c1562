from __future__ import annotations

import numpy as np

from sevenfold.core.task import Goal, Target
from sevenfold.models.platt import fit_sigmoids, inner_split
from sevenfold.models.probabilities import sigmoid, softmax


def test_a_known_sigmoid_is_found() -> None:
    stream = np.random.default_rng(0)
    scores = stream.normal(size=(20_000, 1)) * 1000
    codes = (stream.random(20_000) < sigmoid(0.003 * scores[:, 0] - 1.0)).astype(float)
    slope, shifts = fit_sigmoids(scores, Target(Goal.BINARY, codes, 2))
    assert abs(slope - 0.003) < 2e-4 and abs(shifts[0] + 1.0) < 0.1


def test_a_known_softmax_is_found() -> None:
    stream = np.random.default_rng(0)
    scores = stream.normal(size=(20_000, 3))
    shares = softmax(2.0 * scores + [0.0, 1.0, -1.0])
    codes = (stream.random(20_000)[:, None] > shares.cumsum(axis=1)).sum(axis=1).astype(float)
    slope, shifts = fit_sigmoids(scores, Target(Goal.MULTICLASS, codes, 3))
    assert abs(slope - 2.0) < 0.1 and np.allclose(shifts - shifts.mean(), [0.0, 1.0, -1.0], atol=0.1)


def test_scores_that_tell_nothing_give_the_shares() -> None:
    scores = np.zeros((1000, 1))
    codes = (np.arange(1000) < 300).astype(float)
    slope, shifts = fit_sigmoids(scores, Target(Goal.BINARY, codes, 2))
    assert abs(sigmoid(slope * scores[:1, 0] + shifts)[0] - 0.3) < 0.01


def test_a_split_holds_some_of_each_class_or_is_none() -> None:
    stream = np.random.default_rng(0)
    target = Target(Goal.MULTICLASS, np.repeat([0.0, 1.0, 2.0], [50, 3, 20]), 3)
    split = inner_split(target, stream)
    assert split is not None
    learning, held = split
    assert sorted([*learning, *held]) == list(range(73))
    assert set(target.codes[held]) == set(target.codes[learning]) == {0, 1, 2}
    assert inner_split(Target(Goal.BINARY, np.array([0.0, 0, 0, 1, 1]), 2), stream) is None
