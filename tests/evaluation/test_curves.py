"""Curves are plain, small and right."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sevenfold.core.task import Goal, Task
from sevenfold.evaluation.curves import (
    calibration,
    confusion_matrix,
    curves,
    error_quantiles,
    precision_recall,
    residuals,
    roc,
)

BINARY = Task(Goal.BINARY, "y", "roc_auc", classes=("no", "yes"))


def scores(rows: int):
    stream = np.random.default_rng(0)
    truth = (stream.random(rows) < 0.3).astype(float)
    return truth, 1 / (1 + np.exp(-(stream.normal(size=rows) + truth)))


def test_the_area_under_the_thinned_curve_is_the_auc():
    from sklearn.metrics import roc_auc_score

    truth, said = scores(5000)
    line = roc(truth == 1, said)
    x, y = np.array(line["false_positive_rate"]), np.array(line["true_positive_rate"])
    assert len(x) <= 200 and (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(truth, said), abs=2e-3)


def test_precision_and_recall_at_a_threshold():
    truth, said = scores(400)
    line = precision_recall(truth == 1, said)
    for point in (0, len(line["recall"]) // 2, -1):
        chosen = said >= line["threshold"][point] - 1e-6
        assert truth[chosen].mean() == pytest.approx(line["precision"][point], abs=1e-2)
        assert truth[chosen].sum() / truth.sum() == pytest.approx(line["recall"][point], abs=1e-2)
    assert line["base"] == pytest.approx(truth.mean())


def test_calibration_bins_hold_the_frequency_within_limits():
    truth, said = scores(1000)
    found = calibration(truth == 1, said)
    assert sum(found["rows"]) == 1000 and len(found["rows"]) == 10
    for low, happened, high in zip(found["low"], found["happened"], found["high"], strict=True):
        assert low <= happened <= high
    assert len(calibration(np.array([True]), np.array([0.5]))["rows"]) == 1


def test_confusion_counts_rows_and_joins_rare_classes():
    found = confusion_matrix(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0]), ["no", "yes"])
    assert found == {"classes": ["no", "yes"], "counts": [[1.0, 0.0], [1.0, 1.0]]}
    stream = np.random.default_rng(0)
    truth, decided = stream.integers(0, 100, (2, 5000)).astype(float)
    many = confusion_matrix(truth, decided, [str(i) for i in range(100)])
    assert len(many["classes"]) == 30 and many["classes"][-1] == "other"
    assert np.sum(many["counts"]) == 5000


def test_residuals_and_errors_of_numbers():
    stream = np.random.default_rng(0)
    predicted = stream.normal(size=3000)
    truth = predicted + stream.normal(size=3000)
    found = residuals(truth, predicted)
    assert len(found["points"]["truth"]) <= 200
    assert all(a < b < c for a, b, c in zip(found["low"], found["middle"], found["high"], strict=True))
    errors = error_quantiles(truth, predicted)
    assert errors["error"][2] == pytest.approx(0.6745, abs=0.05)
    assert sum(errors["counts"]) == 3000
    assert sum(error_quantiles(truth, truth)["counts"]) == 3000


def test_everything_is_json_for_every_goal():
    truth, said = scores(300)
    two = np.column_stack([1 - said, said])
    made = curves(BINARY, truth, two, said.round())
    assert set(made) == {"confusion", "calibration", "scores", "roc", "precision_recall", "lift"}
    one_class = curves(BINARY, np.zeros(300), two, said.round())
    assert "roc" not in one_class
    three = np.column_stack([two / 2, np.full(300, 0.5)])
    task = Task(Goal.MULTICLASS, "y", "log_loss", classes=("a", "b", "c"))
    many = curves(task, truth, three, three.argmax(axis=1).astype(float))
    numbers = curves(Task(Goal.REGRESSION, "y", "rmse"), truth, said, said)
    for found in (made, one_class, many, numbers):
        assert len(json.dumps(found, allow_nan=False)) < 100_000
