"""Curves of predictions against the truth, as plain data of at most 200 points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.task import Task
from sevenfold.evaluation.intervals import wilson
from sevenfold.evaluation.metrics.arrays import confusion
from sevenfold.evaluation.metrics.ranks import Thresholds

POINTS = 200
MOST_CLASSES = 30
Curve = dict[str, Any]


def curves(task: Task, truth: Floats, predicted: Floats, decided: Floats, weights: Floats | None = None) -> Curve:
    """Every curve that suits the task.

    Args:
        truth: (rows,) class indices or numbers.
        predicted: (rows, classes) probabilities or (rows,) numbers.
        decided: (rows,) class indices that were decided for; not looked at for numbers.
    Returns:
        roc, precision_recall, lift, calibration, scores and confusion for two classes; calibration and confusion
        for more; residuals, errors and calibration for numbers.
    """
    if not task.goal.is_classification:
        return {"residuals": residuals(truth, predicted), "errors": error_quantiles(truth, predicted)}
    found: Curve = {"confusion": confusion_matrix(truth, decided, [str(c) for c in task.classes], weights)}
    if predicted.shape[1] != 2:
        top = predicted.argmax(axis=1)
        found["calibration"] = calibration(top == truth, predicted[np.arange(len(truth)), top])
        return found
    positive, scores = truth == 1, predicted[:, 1]
    found["calibration"] = calibration(positive, scores)
    found["scores"] = score_histogram(positive, scores)
    if 0 < positive.sum() < len(positive):
        found["roc"] = roc(positive, scores, weights)
        found["precision_recall"] = precision_recall(positive, scores, weights)
        found["lift"] = lift(positive, scores, weights)
    return found


def roc(positive: Flags, scores: Floats, weights: Floats | None = None) -> Curve:
    """False and true positive rate along a falling threshold, from (0, 0) to (1, 1)."""
    counts = Thresholds.of(positive, scores, weights)
    alarms = np.concatenate(([0.0], counts.alarms / counts.alarms[-1]))
    hits = np.concatenate(([0.0], counts.hits / counts.hits[-1]))
    kept = _thinned(alarms, hits)
    return {"false_positive_rate": plain(alarms[kept]), "true_positive_rate": plain(hits[kept])}


def precision_recall(positive: Flags, scores: Floats, weights: Floats | None = None) -> Curve:
    """Precision and recall at falling thresholds; `base` is the share of positives."""
    counts = Thresholds.of(positive, scores, weights)
    flagged = counts.hits + counts.alarms
    counted = flagged > 0
    recall = counts.hits[counted] / counts.hits[-1]
    precision = counts.hits[counted] / flagged[counted]
    kept = _thinned(recall, precision)
    return {
        "recall": plain(recall[kept]),
        "precision": plain(precision[kept]),
        "threshold": plain(counts.scores[counted][kept]),
        "base": float(counts.hits[-1] / flagged[-1]),
    }


def lift(positive: Flags, scores: Floats, weights: Floats | None = None) -> Curve:
    """Share of all positives found in the top 5, 10, ... 100 % of the list."""
    counts = Thresholds.of(positive, scores, weights)
    flagged = np.concatenate(([0.0], counts.hits + counts.alarms))
    hits = np.concatenate(([0.0], counts.hits))
    shares = np.linspace(0.0, 1.0, 21)
    return {"share": plain(shares), "found": plain(np.interp(shares * flagged[-1], flagged, hits) / hits[-1])}


def calibration(happened: Flags, said: Floats, bins: int = 10) -> Curve:
    """Frequency against stated probability, over bins of nearly equal numbers of rows, with Wilson intervals."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    found: Curve = {"said": [], "happened": [], "low": [], "high": [], "rows": []}
    for part in parts:
        hits, rows = float(happened[part].sum()), len(part)
        low, high = wilson(hits, rows)
        for key, value in (("said", said[part].mean()), ("happened", hits / rows), ("low", low), ("high", high)):
            found[key].append(tidy(value))
        found["rows"].append(rows)
    return found


def score_histogram(positive: Flags, scores: Floats, bins: int = 20) -> Curve:
    """Rows of each class in equal bins of the positive class's probability."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return {
        "edges": plain(edges),
        "positive": np.histogram(scores[positive], edges)[0].tolist(),
        "negative": np.histogram(scores[~positive], edges)[0].tolist(),
    }


def confusion_matrix(truth: Floats, decided: Floats, classes: Sequence[str], weights: Floats | None = None) -> Curve:
    """Rows of each true class (outer list) decided for each class (inner list).

    Beyond 30 classes the most frequent 29 stay and the rest are joined as "other".
    """
    counts = confusion(truth, decided, weights, classes=len(classes))
    names = list(classes) + [str(i) for i in range(len(classes), len(counts))]
    if len(counts) > MOST_CLASSES:
        order = np.argsort(-counts.sum(axis=1), kind="stable")
        keep, rest = np.sort(order[: MOST_CLASSES - 1]), order[MOST_CLASSES - 1 :]
        side = np.concatenate([counts[keep], counts[rest].sum(axis=0, keepdims=True)])
        counts = np.concatenate([side[:, keep], side[:, rest].sum(axis=1, keepdims=True)], axis=1)
        names = [names[i] for i in keep] + ["other"]
    return {"classes": names, "counts": [[tidy(v) for v in row] for row in counts]}


def residuals(truth: Floats, predicted: Floats, bins: int = 20) -> Curve:
    """Truth less prediction over bins of the prediction: 10 %, 50 % and 90 % of each, and up to 200 single rows."""
    order = np.argsort(predicted, kind="stable")
    gaps = truth - predicted
    found: Curve = {"predicted": [], "low": [], "middle": [], "high": [], "rows": []}
    for part in np.array_split(order, min(bins, max(1, len(order) // 5))):
        low, middle, high = np.quantile(gaps[part], (0.1, 0.5, 0.9))
        for key, value in (("predicted", predicted[part].mean()), ("low", low), ("middle", middle), ("high", high)):
            found[key].append(tidy(value))
        found["rows"].append(len(part))
    chosen = np.unique(np.linspace(0, len(order) - 1, min(POINTS, len(order))).astype(np.int64))
    found["points"] = {"truth": plain(truth[order[chosen]]), "predicted": plain(predicted[order[chosen]])}
    return found


def error_quantiles(truth: Floats, predicted: Floats) -> Curve:
    """Absolute errors that 10 %, 25 %, ... of the rows stay below, and a histogram of the signed errors."""
    shares = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
    gaps = truth - predicted
    low, high = np.quantile(gaps, (0.005, 0.995))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(gaps, low, high), bins=30, range=(low, high))
    return {
        "share": list(shares),
        "error": plain(np.quantile(np.abs(gaps), shares)),
        "edges": plain(edges),
        "counts": counts.tolist(),
    }


def tidy(value: float) -> float:
    """The value with six significant digits, as a plain number."""
    return float(f"{float(value):.6g}")


def plain(values: Floats) -> list[float]:
    """A list of tidy numbers."""
    return [tidy(value) for value in values]


def _thinned(x: Floats, y: Floats) -> np.ndarray[Any, np.dtype[np.int64]]:
    """At most 200 points, evenly along the length of the line, both ends among them."""
    if len(x) <= POINTS:
        return np.arange(len(x))
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))))
    wanted = np.linspace(0.0, length[-1], POINTS)
    kept = np.unique(np.searchsorted(length, wanted).clip(0, len(x) - 1))
    kept[0], kept[-1] = 0, len(x) - 1
    return kept.astype(np.int64)
