from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.core.model import FitContext
from sevenfold.core.task import Goal, Target
from sevenfold.models.networks.outputs import Outputs


def regression(values: list[float], weights: list[float] | None = None) -> Target:
    return Target(Goal.REGRESSION, np.array(values), 0, None if weights is None else np.array(weights))


def test_values_go_through_their_own_scale_and_back() -> None:
    target = regression([100.0, 200.0, 600.0])
    outputs = Outputs.learn(target)
    labels = outputs.labels(target)
    assert labels.mean() == pytest.approx(0, abs=1e-6)
    assert outputs.predictions(labels[:, None]) == pytest.approx(target.values, rel=1e-6)


def test_predictions_stay_near_the_training_range() -> None:
    outputs = Outputs.learn(regression([0.0, 10.0]))
    assert outputs.predictions(np.array([[-1e9], [1e9]])).tolist() == [-1.0, 11.0]


def test_weights_move_the_centre() -> None:
    assert Outputs.learn(regression([0.0, 10.0], [1.0, 3.0])).center == 7.5
    assert Outputs.learn(regression([0.0, 10.0], [0.0, 0.0])).center == 5.0


def test_probabilities_sum_to_one_for_any_logits() -> None:
    outputs = Outputs.learn(Target(Goal.MULTICLASS, np.array([0.0, 1.0, 2.0]), 3))
    probabilities = outputs.predictions(np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], np.float32))
    assert probabilities.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert probabilities[0].tolist() == [1.0, 0.0, 0.0]


def test_the_objective_decides_the_loss() -> None:
    outputs = Outputs.learn(regression([1.0, 2.0]))
    stream = np.random.default_rng(0)
    assert outputs.loss(FitContext(stream)) == ("squared", 0.5)
    assert outputs.loss(FitContext(stream, objective="median")) == ("quantile", 0.5)
    assert outputs.loss(FitContext(stream, objective="quantile", quantile=0.9)) == ("quantile", 0.9)


def test_one_class_cannot_be_learned() -> None:
    with pytest.raises(DataError, match="one class"):
        Outputs.learn(Target(Goal.BINARY, np.ones(3), 2))
