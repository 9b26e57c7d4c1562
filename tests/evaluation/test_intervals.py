"""Intervals cover what they say, repeat, and cost little."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.core.report import Score
from sevenfold.evaluation.intervals import (
    delong_error,
    interval,
    mean_delong_error,
    standard_error,
    widened,
    wilson,
)
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.evaluation.resample import Sampler


def binary(seed: int, rows: int, shift: float = 1.0):
    stream = np.random.default_rng(seed)
    truth = (stream.random(rows) < 0.3).astype(float)
    truth[:2] = 0, 1
    score = 1 / (1 + np.exp(-(stream.normal(size=rows) + shift * truth - 0.8)))
    return truth, np.column_stack([1 - score, score])


def coverage(name, draw, expected, repeats=100):
    metric = METRICS.get(name)()
    hits = 0
    for seed in range(repeats):
        truth, predicted = draw(seed)
        found = interval(metric, truth, predicted, np.random.default_rng(seed))
        hits += found.low <= expected <= found.high
    return hits / repeats


def test_coverage_of_auc_is_close_to_95_percent():
    from statistics import NormalDist

    expected = NormalDist().cdf(1 / np.sqrt(2))  # of two unit normals one apart
    assert 0.91 <= coverage("roc_auc", lambda seed: binary(seed, 150), expected, 300) <= 0.99


def test_coverage_of_accuracy_and_mae():
    def coins(seed):
        stream = np.random.default_rng(seed)
        truth = stream.integers(0, 2, 120).astype(float)
        return truth, np.where(stream.random(120) < 0.8, truth, 1 - truth)

    def errors(seed):
        stream = np.random.default_rng(seed)
        truth = stream.normal(size=40)
        return truth, truth + stream.normal(size=40)

    assert 0.90 <= coverage("accuracy", coins, 0.8) <= 0.995
    assert 0.89 <= coverage("mae", errors, np.sqrt(2 / np.pi)) <= 0.995


def test_large_data_draws_fewer_rows_for_the_same_interval():
    truth, predicted = binary(0, 20_000)
    metric = METRICS.get("average_precision")()
    part = interval(metric, truth, predicted, np.random.default_rng(0))
    whole = Sampler.plan(len(truth), truth.astype(np.int64))
    assert whole.share == pytest.approx(0.25)
    full = Sampler(whole.rows, whole.strata, None, 200, 1.0)
    values = [metric(truth[r], predicted[r]) for r in full(np.random.default_rng(1))]
    assert (part.high - part.low) == pytest.approx(3.92 * np.std(values), rel=0.25)


def test_delong_of_several_classes_agrees_with_the_bootstrap():
    stream = np.random.default_rng(5)
    codes = stream.integers(0, 4, 400)
    scores = stream.normal(size=(400, 4)) + 1.5 * np.eye(4)[codes]
    predicted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    metric, strata = METRICS.get("roc_auc")(), codes
    sampler = Sampler.plan(400, strata)
    values = [metric(codes[rows].astype(float), predicted[rows]) for rows in sampler(stream)]
    assert mean_delong_error(codes, predicted) == pytest.approx(np.std(values), rel=0.1)


def test_delong_of_two_classes_is_the_mean_over_both():
    truth, predicted = binary(3, 300)
    error = delong_error(truth == 1, predicted[:, 1])
    assert mean_delong_error(truth.astype(np.int64), predicted) == pytest.approx(error)


def test_a_class_of_one_row_leaves_the_area_to_the_bootstrap():
    codes = np.array([0] * 20 + [1] * 20 + [2])
    assert mean_delong_error(codes, np.full((41, 3), 1 / 3)) is None


def test_delong_agrees_with_the_bootstrap():
    truth, predicted = binary(3, 600)
    sampler = Sampler.plan(600, truth.astype(np.int64))
    values = [METRICS.get("roc_auc")()(truth[r], predicted[r]) for r in sampler(np.random.default_rng(0))]
    assert delong_error(truth == 1, predicted[:, 1]) == pytest.approx(np.std(values), rel=0.15)


def test_the_same_stream_gives_the_same_interval():
    truth, predicted = binary(1, 400)
    metric = METRICS.get("log_loss")()
    first = interval(metric, truth, predicted, np.random.default_rng(5))
    assert interval(metric, truth, predicted, np.random.default_rng(5)) == first
    assert interval(metric, truth, predicted, np.random.default_rng(6)) != first


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 60), st.sampled_from(["accuracy", "log_loss", "f1", "roc_auc", "brier"]))
def test_limits_are_ordered_and_within_range(seed, rows, name):
    truth, predicted = binary(seed, rows)
    metric = METRICS.get(name)()
    given = predicted if metric.spec.needs == "probabilities" else predicted.argmax(axis=1).astype(float)
    found = interval(metric, truth, given, np.random.default_rng(0))
    least, most = sorted((metric.spec.best, metric.spec.worst))
    assert least <= found.low <= found.value <= found.high <= most
    assert found.rows == rows


def test_a_perfect_score_on_few_rows_is_not_certain():
    truth = np.tile([0.0, 1.0], 25)
    accuracy = interval(METRICS.get("accuracy")(), truth, truth, np.random.default_rng(0))
    assert (accuracy.value, accuracy.low, accuracy.high) == (1.0, pytest.approx(1 - 3 / 50), 1.0)
    area = interval(METRICS.get("roc_auc")(), truth, np.column_stack([1 - truth, truth]), np.random.default_rng(0))
    assert (area.value, area.low) == (1.0, pytest.approx(1 - 3 / 25))


def test_calibration_error_is_inside_its_interval():
    truth, predicted = binary(0, 500)
    found = interval(METRICS.get("expected_calibration_error")(), truth, predicted, np.random.default_rng(0))
    assert found.low < found.value < found.high


def test_groups_widen_the_interval():
    stream = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 20)
    offsets = stream.normal(size=20)[groups]
    truth = stream.normal(size=400)
    predicted = truth + offsets
    metric = METRICS.get("bias")()
    alone = interval(metric, truth, predicted, np.random.default_rng(0))
    together = interval(metric, truth, predicted, np.random.default_rng(0), groups=groups)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_weights_count():
    truth, predicted = binary(2, 300)
    weights = np.where(truth == 1, 5.0, 1.0)
    metric = METRICS.get("accuracy")()
    decided = predicted.argmax(axis=1).astype(float)
    found = interval(metric, truth, decided, np.random.default_rng(0), weights)
    assert found.low < metric(truth, decided, weights) < found.high
    assert standard_error(metric, truth, decided, np.random.default_rng(0), weights) > 0


def test_fifty_thousand_rows_take_less_than_a_second():
    truth, predicted = binary(0, 50_000)
    decided = (predicted[:, 1] > 0.5).astype(float)
    for name in ("roc_auc", "log_loss", "f1", "average_precision"):
        metric = METRICS.get(name)()
        given = decided if metric.spec.needs == "labels" else predicted
        before = time.process_time()
        interval(metric, truth, given, np.random.default_rng(0))
        assert time.process_time() - before < 1.5, name


def test_each_look_widens():
    score = Score(0.8, 0.7, 0.85, 100)
    assert widened(score, 1) == score
    twice = widened(score, 2)
    assert twice.low == pytest.approx(0.8 - 0.1 * 2.2414 / 1.96, rel=1e-3)
    assert widened(score, 10).high > twice.high > score.high


def test_wilson_agrees_with_its_known_values():
    low, high = wilson(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 10)[0] == 0.0
