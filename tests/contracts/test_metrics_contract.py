"""What every metric of the catalogue promises."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.core.metric import Needs
from sevenfold.evaluation.metrics.catalogue import METRICS

NAMES = METRICS.names()


def arrays(needs: Needs):
    stream = np.random.default_rng(0)
    if needs is Needs.PROBABILITIES:
        positive = stream.random(60)
        return np.tile([0.0, 1.0], 30), np.column_stack([1 - positive, positive])
    if needs is Needs.LABELS:
        return np.tile([0.0, 1.0], 30), stream.integers(0, 2, 60).astype(float)
    return stream.random(60) + 0.5, stream.random(60)


@pytest.mark.parametrize("name", NAMES)
def test_the_statement_is_complete(name):
    spec = METRICS.get(name).spec
    assert spec.name == name
    assert spec.title and spec.summary.endswith(".") and spec.goals
    assert (spec.best > spec.worst) == spec.greater_is_better or math.isinf(spec.best)


@pytest.mark.parametrize("name", NAMES)
def test_the_value_is_a_plain_float_within_range_and_repeats(name):
    metric = METRICS.get(name)()
    truth, predicted = arrays(metric.spec.needs)
    before = truth.copy(), predicted.copy()
    value = metric(truth, predicted)
    assert type(value) is float
    low, high = sorted((metric.spec.best, metric.spec.worst))
    assert name == "bias" or low <= value <= high
    assert metric(truth, predicted) == value
    assert metric(truth, predicted, np.ones(60)) == pytest.approx(value, abs=1e-12)
    np.testing.assert_array_equal(truth, before[0])
    np.testing.assert_array_equal(predicted, before[1])


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arrays_are_refused(name):
    metric = METRICS.get(name)()
    truth, predicted = arrays(metric.spec.needs)
    with pytest.raises(DataError):
        metric(truth[:-1], predicted)
    with pytest.raises(DataError):
        metric(truth[:0], predicted[:0])
    with pytest.raises(DataError):
        metric(truth, predicted, np.ones(3))
    with pytest.raises(DataError):
        metric(truth, predicted, np.zeros(60))
    with pytest.raises(DataError):
        metric(truth, predicted * np.nan)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_weight_nothing_counts_for_nothing(name):
    metric = METRICS.get(name)()
    truth, predicted = arrays(metric.spec.needs)
    weights = np.append(np.ones(59), 0.0)
    assert metric(truth, predicted, weights) == pytest.approx(metric(truth[:59], predicted[:59]), abs=1e-12)
