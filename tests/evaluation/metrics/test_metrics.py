"""The metrics against scikit-learn, and their own bounds and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.metrics.catalogue import (
    ALIASES,
    METRICS,
    check_metric,
    default_metric,
    metric_for,
    metrics_for,
)
from sevenfold.evaluation.metrics.cost import Cost
from sevenfold.evaluation.metrics.fit import Pinball

NEAR = {"rtol": 1e-12, "atol": 1e-12}


def sample(seed: int, classes: int, rows: int = 300):
    stream = np.random.default_rng(seed)
    truth = stream.integers(0, classes, rows).astype(float)
    raw = stream.random((rows, classes)).round(2) + 0.01
    raw[np.arange(rows), truth.astype(int)] += stream.random(rows)
    return truth, raw / raw.sum(axis=1, keepdims=True), stream.random(rows) * 3


def score(name, truth, predicted, weights=None):
    return METRICS.get(name)()(truth, predicted, weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_probabilities_of_two_classes_agree_with_scikit_learn(seed, weighted):
    truth, predicted, weights = sample(seed, 2)
    w = weights if weighted else None
    positive = predicted[:, 1]
    pairs = {
        "roc_auc": reference.roc_auc_score(truth, positive, sample_weight=w),
        "average_precision": reference.average_precision_score(truth, positive, sample_weight=w),
        "log_loss": reference.log_loss(truth, predicted, sample_weight=w),
        "brier": reference.brier_score_loss(truth, positive, sample_weight=w),
    }
    for name, expected in pairs.items():
        np.testing.assert_allclose(score(name, truth, predicted, w), expected, err_msg=name, **NEAR)


@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_of_four_classes_agree_with_scikit_learn(weighted):
    truth, predicted, weights = sample(7, 4)
    w = weights if weighted else None
    area = reference.roc_auc_score(truth, predicted, multi_class="ovr", average="macro", sample_weight=w)
    np.testing.assert_allclose(score("roc_auc", truth, predicted, w), area, **NEAR)
    np.testing.assert_allclose(
        score("log_loss", truth, predicted, w), reference.log_loss(truth, predicted, sample_weight=w), **NEAR
    )
    one_hot = np.eye(4)[truth.astype(int)]
    np.testing.assert_allclose(
        score("average_precision", truth, predicted, w),
        reference.average_precision_score(one_hot, predicted, sample_weight=w),
        **NEAR,
    )
    np.testing.assert_allclose(
        score("brier", truth, predicted, w),
        np.average(((one_hot - predicted) ** 2).sum(axis=1), weights=w),
        **NEAR,
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [2, 5])
def test_labels_agree_with_scikit_learn(classes, weighted):
    truth, predicted, weights = sample(3, classes)
    decided = predicted.argmax(axis=1).astype(float)
    w = weights if weighted else None
    pairs = {
        "accuracy": reference.accuracy_score(truth, decided, sample_weight=w),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, decided, sample_weight=w),
        "f1_macro": reference.f1_score(truth, decided, average="macro", sample_weight=w),
        "mcc": reference.matthews_corrcoef(truth, decided, sample_weight=w),
        "cohen_kappa": reference.cohen_kappa_score(truth, decided, sample_weight=w),
        "quadratic_kappa": reference.cohen_kappa_score(truth, decided, weights="quadratic", sample_weight=w),
    }
    if classes == 2:
        pairs["f1"] = reference.f1_score(truth, decided, sample_weight=w)
        pairs["precision"] = reference.precision_score(truth, decided, sample_weight=w)
        pairs["recall"] = reference.recall_score(truth, decided, sample_weight=w)
    for name, expected in pairs.items():
        np.testing.assert_allclose(score(name, truth, decided, w), expected, err_msg=name, **NEAR)


@pytest.mark.parametrize("weighted", [False, True])
def test_values_agree_with_scikit_learn(weighted):
    stream = np.random.default_rng(0)
    truth = stream.gamma(2.0, 3.0, 500) + 0.1
    predicted = truth * stream.uniform(0.5, 1.5, 500)
    w = stream.random(500) + 0.1 if weighted else None
    pairs = {
        "rmse": reference.root_mean_squared_error(truth, predicted, sample_weight=w),
        "mse": reference.mean_squared_error(truth, predicted, sample_weight=w),
        "mae": reference.mean_absolute_error(truth, predicted, sample_weight=w),
        "median_absolute_error": reference.median_absolute_error(truth, predicted, sample_weight=w),
        "r2": reference.r2_score(truth, predicted, sample_weight=w),
        "mape": reference.mean_absolute_percentage_error(truth, predicted, sample_weight=w),
        "rmsle": reference.root_mean_squared_log_error(truth, predicted, sample_weight=w),
        "poisson_deviance": reference.mean_poisson_deviance(truth, predicted, sample_weight=w),
        "bias": float(np.average(predicted - truth, weights=w)),
    }
    for name, expected in pairs.items():
        np.testing.assert_allclose(score(name, truth, predicted, w), expected, err_msg=name, **NEAR)
    np.testing.assert_allclose(
        Pinball(0.8)(truth, predicted, w),
        reference.mean_pinball_loss(truth, predicted, alpha=0.8, sample_weight=w),
        **NEAR,
    )


def test_a_class_that_is_absent_from_the_truth_is_left_out():
    truth, predicted, _ = sample(1, 3)
    keep = truth < 2
    value = score("roc_auc", truth[keep], predicted[keep])
    first = reference.roc_auc_score(truth[keep] == 0, predicted[keep, 0])
    second = reference.roc_auc_score(truth[keep] == 1, predicted[keep, 1])
    assert value == pytest.approx((first + second) / 2, abs=1e-12)
    assert 0 < score("log_loss", truth[keep], predicted[keep]) < 3


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "top_decile_lift"])
def test_no_positive_row_is_undefined(name):
    with pytest.raises(DataError, match="undefined"):
        score(name, np.zeros(4), np.full((4, 2), 0.5))


def test_undefined_values_say_so():
    with pytest.raises(DataError, match="percentage"):
        score("mape", np.array([0.0, 1.0]), np.ones(2))
    with pytest.raises(DataError, match="RMSLE"):
        score("rmsle", np.array([-1.0, 1.0]), np.ones(2))
    with pytest.raises(DataError, match="Poisson"):
        score("poisson_deviance", np.array([-1.0, 1.0]), np.ones(2))


def test_edges_have_the_documented_values():
    assert score("rmsle", np.array([0.0]), np.array([-5.0])) == 0.0
    assert score("r2", np.ones(3), np.ones(3)) == 1.0
    assert score("r2", np.ones(3), np.zeros(3)) == 0.0
    assert score("mcc", np.zeros(3), np.array([0.0, 1.0, 0.0])) == 0.0
    assert score("cohen_kappa", np.zeros(3), np.zeros(3)) == 0.0
    assert score("precision", np.array([0.0, 1.0]), np.zeros(2)) == 0.0
    assert score("ndcg@10", np.zeros(3), np.array([0.0, 0.5, 1.0])) == 0.5
    assert score("recall@10", np.zeros(2), np.array([0.0, 1.0]), np.array([1.0, 3.0])) == 0.75
    assert METRICS.get("bias")().loss(-2.0) == 2.0


def test_lift_of_a_perfect_list_and_of_ties():
    truth = np.repeat([1.0, 0.0], [5, 95])
    perfect = np.column_stack([1 - truth, truth])
    assert score("top_decile_lift", truth, perfect) == pytest.approx(10.0)
    assert score("top_decile_lift", truth, np.full((100, 2), 0.5)) == pytest.approx(1.0)


def test_cost_by_matrix_and_without_one():
    truth, decided = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert Cost()(truth, decided) == 0.5
    assert Cost(np.array([[0.0, 1.0], [10.0, 0.0]]))(truth, decided) == pytest.approx(11 / 4)
    with pytest.raises(RequestError, match="square"):
        Cost(np.zeros((2, 3)))
    with pytest.raises(RequestError, match="too small"):
        Cost(np.zeros((1, 1)))(truth, decided)


def test_calibration_error_is_the_weighted_gap_of_bins():
    predicted = np.array([[0.8, 0.2], [0.8, 0.2], [0.1, 0.9], [0.1, 0.9]])
    assert score("expected_calibration_error", np.array([0.0, 1.0, 1.0, 1.0]), predicted) == pytest.approx(0.2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(8, 40))
def test_bounds_and_invariances(seed, classes, rows):
    truth, predicted, weights = sample(seed, classes, rows)
    truth[:classes] = np.arange(classes)
    decided = predicted.argmax(axis=1).astype(float)
    goal = Goal.BINARY if classes == 2 else Goal.MULTICLASS
    shuffled = np.random.default_rng(seed).permutation(rows)
    for name in metrics_for(goal):
        metric = METRICS.get(name)()
        given = predicted if metric.spec.needs == "probabilities" else decided
        value = metric(truth, given)
        low, high = sorted((metric.spec.best, metric.spec.worst))
        assert low <= value <= high, name
        assert metric(truth[shuffled], given[shuffled]) == pytest.approx(value, abs=1e-9), name
        assert metric(truth, given, np.full(rows, 2.5)) == pytest.approx(value, abs=1e-9), name
        doubled = np.repeat(np.arange(rows), 2)
        twice = metric(truth[doubled], given[doubled])
        assert twice == pytest.approx(value, abs=1e-9), name
        whole = np.round(weights) + 1
        repeated = np.repeat(np.arange(rows), whole.astype(int))
        assert metric(truth, given, whole) == pytest.approx(metric(truth[repeated], given[repeated]), abs=1e-9), name


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 1e6), min_size=2, max_size=30), st.integers(0, 1000))
def test_numbers_never_beat_an_exact_prediction(values, seed):
    truth = np.array(values)
    other = truth * np.random.default_rng(seed).uniform(0.2, 3, len(truth))
    for name in metrics_for(Goal.REGRESSION):
        metric = METRICS.get(name)()
        exact = metric(truth, truth)
        assert metric.loss(exact) == pytest.approx(metric.loss(metric.spec.best), abs=1e-6), name
        assert metric.loss(metric(truth, other)) >= metric.loss(exact) - 1e-9, name


def test_auc_is_unmoved_by_monotone_changes():
    truth, predicted, _ = sample(5, 2)
    bent = np.column_stack([1 - predicted[:, 1] ** 3, predicted[:, 1] ** 3])
    assert score("roc_auc", truth, bent) == score("roc_auc", truth, predicted)


def test_names_aliases_and_fit():
    assert all(name in METRICS.names() for name in ALIASES.values())
    assert METRICS.get("AUC").spec.name == "roc_auc"
    assert "log-loss" in METRICS
    assert check_metric("RMSE", Goal.REGRESSION) == "rmse"
    with pytest.raises(RequestError, match="Did you mean 'roc_auc'"):
        check_metric("roc_ac", Goal.BINARY)
    with pytest.raises(RequestError) as caught:
        check_metric("f1", Goal.MULTICLASS)
    assert "f1_macro" in caught.value.expected
    assert "f1_macro" in caught.value.advice


def test_default_metrics_fit_their_goals():
    for goal in (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION, Goal.RECOMMENDATION):
        assert check_metric(default_metric(goal), goal) == default_metric(goal)
    assert default_metric(Goal.REGRESSION, "quantile") == "pinball"
    with pytest.raises(RequestError):
        default_metric(Goal.CONTROL)


def test_metric_for_carries_quantile_and_costs():
    task = Task(Goal.REGRESSION, "y", "pinball", quantile=0.9)
    assert metric_for(task)(np.array([1.0]), np.array([0.0])) == pytest.approx(0.9)
    binary = Task(Goal.BINARY, "y", "roc_auc", classes=(0, 1))
    priced = metric_for(binary, "cost", np.array([[0.0, 3.0], [1.0, 0.0]]))
    assert priced(np.array([0.0]), np.array([1.0])) == 3.0
