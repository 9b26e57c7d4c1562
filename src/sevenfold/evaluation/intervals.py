"""95 % intervals of scores: bootstrap, DeLong, and repeated looks."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.report import Score
from sevenfold.data.statistics import midranks
from sevenfold.evaluation.resample import MOST_DRAWS, Sampler, cell_draws, cells

_NORMAL = NormalDist()
LEVEL = 0.95
Z = _NORMAL.inv_cdf(0.5 + LEVEL / 2)


def interval(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    stream: np.random.Generator,
    weights: Floats | None = None,
    groups: Ints | None = None,
    draws: int | None = None,
) -> Score:
    """The metric's value with its 95 % interval. Same stream, same interval.

    The ROC AUC takes DeLong's formula, everything else the bootstrap (stratified by class; see `resample` for large
    data). Percentiles are widened for small samples (Hesterberg 2015), and taken around the
    draws' own median, so that a metric which draws shift (calibration error) is not shifted twice. A value at
    the end of its range, where every draw agrees, still gets room by the rule of three (Hanley and Lippman-Hand
    1983): no mistake in n rows is compatible with 3 / n.

    Args:
        truth: (rows,).
        predicted: what the metric needs, rows first.
        weights: (rows,) or None.
        groups: (rows,) group of each row; whole groups are then drawn.
        draws: at most so many draws; by default as many as the size of the data allows, up to 1000.
    Raises:
        DataError: the metric is undefined for the rows.
    """
    value = metric(truth, predicted, weights)
    rows = len(truth)
    error = None
    if metric.spec.name == "roc_auc" and weights is None and groups is None:
        codes = truth.astype(np.int64)
        two = predicted.shape[1] == 2
        error = delong_error(codes == 1, predicted[:, 1]) if two else mean_delong_error(codes, predicted)
    if error is not None:
        low, high = _delong_interval(value, error)
    else:
        deviations = bootstrap(metric, truth, predicted, stream, weights, groups, draws)
        independent = rows if groups is None else len(np.unique(groups))
        tail = _tail(independent)
        low, high = value, value
        if len(deviations):
            low = value + min(0.0, float(np.quantile(deviations, tail)))
            high = value + max(0.0, float(np.quantile(deviations, 1 - tail)))
    low, high = _room_at_the_end(metric, value, low, high, truth)
    least, most = sorted((metric.spec.best, metric.spec.worst))
    if metric.spec.name == "bias":
        least = -most
    return Score(value, max(low, min(least, value)), min(high, max(most, value)), rows)


def bootstrap(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    stream: np.random.Generator,
    weights: Floats | None = None,
    groups: Ints | None = None,
    draws: int | None = None,
) -> Floats:
    """(draws,) deviations of the metric around the draws' median, at the scale of all rows.

    Draws for which the metric is undefined are left out; fewer than 20 defined ones give an empty array.
    """
    needs = metric.spec.needs
    if needs is Needs.LABELS and weights is None and groups is None:
        (true, decided), counts = cells(truth, predicted)
        drawn = cell_draws(true, counts, draws or MOST_DRAWS, stream)
        return _centred([value_or_nan(metric, true, decided, row) for row in drawn], 1.0)
    stratified = needs in (Needs.LABELS, Needs.PROBABILITIES)
    sampler = Sampler.plan(len(truth), truth.astype(np.int64) if stratified else None, groups, draws)
    values = [
        value_or_nan(metric, truth[rows], predicted[rows], None if weights is None else weights[rows])
        for rows in sampler(stream)
    ]
    return _centred(values, sampler.scale)


def value_or_nan(metric: Metric, truth: Floats, predicted: Floats, weights: Floats | None) -> float:
    """The metric, or NaN where these rows do not define it."""
    try:
        return metric(truth, predicted, weights)
    except DataError:
        return float("nan")


def _centred(values: Sequence[float], scale: float) -> Floats:
    drawn = np.array(values, dtype=np.float64)
    drawn = drawn[np.isfinite(drawn)]
    return (drawn - np.median(drawn)) * scale if len(drawn) >= 20 else np.empty(0)


def _tail(rows: int) -> float:
    """Share of draws beyond each limit: 2.5 % for many rows, less for few (Hesterberg 2015, section 5.3)."""
    if rows < 3:
        return 0.0
    from scipy.special import stdtrit

    return _NORMAL.cdf(float(stdtrit(rows - 1, (1 - LEVEL) / 2)) * float(np.sqrt(rows / (rows - 1))))


def _room_at_the_end(metric: Metric, value: float, low: float, high: float, truth: Floats) -> tuple[float, float]:
    least, most = sorted((metric.spec.best, metric.spec.worst))
    if high > low or not np.isfinite(most - least) or value not in (least, most):
        return low, high
    count = len(truth)
    if metric.spec.needs is Needs.PROBABILITIES:
        count = int(np.unique(truth, return_counts=True)[1].min())
    room = (most - least) * min(1.0, 3.0 / count)
    return (value - room, value) if value == most else (value, value + room)


def delong_error(positive: Flags, scores: Floats) -> float:
    """Standard error of the ROC AUC, in O(n log n). Source: DeLong et al. 1988; Sun and Xu 2014."""
    ups, downs = scores[positive], scores[~positive]
    m, n = len(ups), len(downs)
    if m < 2 or n < 2:
        return float("inf")
    everywhere = midranks(np.concatenate((ups, downs)))
    above = (everywhere[:m] - midranks(ups)) / n
    below = 1.0 - (everywhere[m:] - midranks(downs)) / m
    return float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))


def mean_delong_error(codes: Ints, scores: Floats) -> float | None:
    """Standard error of the mean over classes of the ROC AUC of each against the rest; None where a class has one row.

    DeLong's components are what a row adds to the area of a class: as a positive to its own, as a negative to all
    others. Their sum over classes is a row's part in the mean, and rows are independent.
    """
    counts = np.bincount(codes, minlength=scores.shape[1])
    present = np.flatnonzero(counts)
    if len(present) < 2 or counts[present].min() < 2:
        return None
    parts = np.zeros(len(codes))
    for label in present:
        positive = codes == label
        ups, downs = scores[positive, label], scores[~positive, label]
        everywhere = midranks(np.concatenate((ups, downs)))
        parts[positive] += (everywhere[: len(ups)] - midranks(ups)) / len(downs) / len(ups)
        parts[~positive] += (1.0 - (everywhere[len(ups) :] - midranks(downs)) / len(ups)) / len(downs)
    variance = sum(int(counts[label]) * float(parts[codes == label].var(ddof=1)) for label in present)
    return float(np.sqrt(variance)) / len(present)


def _delong_interval(value: float, error: float) -> tuple[float, float]:
    """Limits on the logit scale, which keeps them within 0 and 1 and covers better near 1 (Pepe 2003)."""
    if not np.isfinite(error):
        return 0.0, 1.0
    if error == 0.0 or value in (0.0, 1.0):
        return value, value
    middle = float(np.log(value / (1 - value)))
    reach = Z * error / (value * (1 - value))
    return float(1 / (1 + np.exp(reach - middle))), float(1 / (1 + np.exp(-reach - middle)))


def standard_error(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    stream: np.random.Generator,
    weights: Floats | None = None,
    groups: Ints | None = None,
) -> float:
    """Standard error of the metric, quickly: DeLong or 100 draws; 0 where the draws say nothing."""
    if metric.spec.name == "roc_auc" and predicted.shape[1] == 2 and weights is None and groups is None:
        error = delong_error(truth == 1, predicted[:, 1])
        return error if np.isfinite(error) else 0.0
    deviations = bootstrap(metric, truth, predicted, stream, weights, groups, draws=100)
    return float(deviations.std()) if len(deviations) else 0.0


def widened(score: Score, looks: int) -> Score:
    """The score after `looks` looks at the same sealed rows: each look spends a share of the 5 % (Bonferroni).

    The distance of each limit grows by the ratio of the normal quantiles at 1 - 0.025 / looks and at 0.975.
    """
    if looks <= 1:
        return score
    factor = _NORMAL.inv_cdf(1 - (1 - LEVEL) / 2 / looks) / Z
    return Score(
        score.value,
        score.value - (score.value - score.low) * factor,
        score.value + (score.high - score.value) * factor,
        score.rows,
    )


def wilson(hits: float, rows: float) -> tuple[float, float]:
    """95 % limits of a share of `rows`; (0, 1) where there are none. Source: Wilson 1927."""
    if rows <= 0:
        return 0.0, 1.0
    share, square = hits / rows, Z * Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = Z / (1 + square / rows) * float(np.sqrt(share * (1 - share) / rows + square / (4 * rows * rows)))
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))
