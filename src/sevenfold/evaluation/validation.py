"""The score that validation tells, with an interval for rows still to come: other rows, other groups, a later time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError
from sevenfold.core.metric import Metric
from sevenfold.core.report import Score
from sevenfold.evaluation.intervals import LEVEL, Z, interval, standard_error, value_or_nan

STRETCHES = 10  # consecutive parts of the validation rows, from which the change over time is read
_LEAST_STRETCHES = 4  # fewer say too little of a variance
_LEAST_ROWS = 20  # of a stretch


@dataclass(frozen=True)
class Rows:
    """Which rows validated, and what binds them.

    Args:
        folds: validation rows of each fold; in the order of time where `over_time`.
        groups: (rows of the table,) group of each row where whole groups were held out, or None.
        over_time: later rows validated; the score is then for a time still later.
        test_share: validation rows over training rows; 1 / (folds - 1) by default.
    """

    folds: Sequence[Ints]
    groups: Ints | None = None
    over_time: bool = False
    test_share: float | None = None


def fold_interval(values: Sequence[float], rows: Sequence[int] | None = None, test_share: float | None = None) -> Score:
    """The mean of the folds' values, with the corrected interval of Nadeau and Bengio 2003.

    Folds share most of their training rows, so their plain standard error is too small; the variance between
    folds is multiplied by 1 / k + test / train instead of 1 / k. A single fold has no interval of this kind.

    Args:
        values: the metric on each fold.
        rows: rows of each fold, its weight in the mean; equal by default.
        test_share: validation rows over training rows; 1 / (k - 1) by default.
    """
    scores = np.asarray(values, dtype=np.float64)
    sizes = np.ones(len(scores)) if rows is None else np.asarray(rows, dtype=np.float64)
    value = float(np.average(scores, weights=sizes))
    count = len(scores)
    total = 0 if rows is None else int(sizes.sum())
    if count < 2:
        return Score(value, value, value, total)
    share = 1 / (count - 1) if test_share is None else test_share
    reach = _quantile(count - 1) * float(np.sqrt((1 / count + share) * scores.var(ddof=1)))
    return Score(value, value - reach, value + reach, total)


def validation_score(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    rows: Rows,
    stream: np.random.Generator,
    weights: Floats | None = None,
) -> Score:
    """The metric over folds with an interval for how it does on new rows: sampling of rows and of training sets.

    The value is the mean of the folds' values by their rows. The variance of one fold's value is estimated twice,
    by bootstrap within the folds (of whole groups where they were held out) and from the differences between the
    folds; the larger one is multiplied by 1 / k + test / train (Nadeau and Bengio 2003). A single fold gets its
    bootstrap interval. Over time the score itself moves, and what comes is not drawn from what was: there the stretches
    of `drift` stand for the folds.

    Args:
        truth: (rows,) of all rows.
        predicted: out-of-fold predictions of all rows; rows in no fold are not looked at.
        rows: the folds, and what binds their rows.
    Raises:
        DataError: the metric is undefined on every fold.
    """
    if len(rows.folds) == 1:
        (only,) = rows.folds
        groups = None if rows.groups is None else rows.groups[only]
        told = interval(metric, truth[only], predicted[only], stream, _of(weights, only), groups)
        sampling = (told.high - told.low) / (2 * Z)
    else:
        told, sampling = _over_folds(metric, truth, predicted, rows, stream, weights)
    middle, low, high = told.value, told.low, told.high
    if rows.over_time:
        change, stretches = drift(metric, truth, predicted, rows.folds, stream, weights)
        if stretches:
            scale = _Scale.of(metric, middle)
            error = sampling * scale.slope
            reach = _quantile(stretches - 2) * float(np.sqrt(change * (1 + 1 / stretches) + error**2))
            low, high = scale.back(scale.at - reach), scale.back(scale.at + reach)
    least, most = sorted((metric.spec.best, metric.spec.worst))
    if metric.spec.name != "bias":
        low, high = max(low, min(least, middle)), min(high, max(most, middle))
    return Score(middle, low, high, told.rows)


@dataclass(frozen=True)
class _Scale:
    """A score on the scale on which it changes over time: the logarithm of an error without an upper end."""

    at: float
    slope: float
    logarithm: bool

    @classmethod
    def of(cls, metric: Metric, value: float) -> _Scale:
        by_factors = metric.spec.best == 0 and metric.spec.worst == float("inf") and value > 0
        return cls(float(np.log(value)), 1 / value, True) if by_factors else cls(value, 1.0, False)

    def back(self, at: float) -> float:
        return float(np.exp(at)) if self.logarithm else at


def drift(
    metric: Metric,
    truth: Floats,
    predicted: Floats,
    folds: Sequence[Ints],
    stream: np.random.Generator,
    weights: Floats | None = None,
) -> tuple[float, int]:
    """The variance of the score from one stretch of time to the next beyond chance, and the stretches it was read from.

    Errors without an upper end (RMSE, log loss, ...) change by factors: theirs is the variance of the logarithm.

    Consecutive stretches of the validation rows are studies of one quantity that changes between them: their
    variance less the mean variance by sampling is the random effect (Hedges and Olkin 1985), and the score of a
    further stretch lies within t(k - 2) * sqrt(effect * (1 + 1 / k) + error^2) of their mean (Higgins, Thompson and
    Spiegelhalter 2009). Too few stretches on which the metric is defined give (0, 0).
    """
    values, errors = [], []
    known = [fold for fold in folds if np.isfinite(predicted[fold]).all()]
    for stretch in _stretches(known):
        part = _of(weights, stretch)
        value = value_or_nan(metric, truth[stretch], predicted[stretch], part)
        if np.isfinite(value):
            scale = _Scale.of(metric, value)
            values.append(scale.at)
            errors.append(scale.slope * standard_error(metric, truth[stretch], predicted[stretch], stream, part))
    if len(values) < _LEAST_STRETCHES:
        return 0.0, 0
    return max(0.0, float(np.var(values, ddof=1)) - float(np.mean(np.square(errors)))), len(values)


def _stretches(folds: Sequence[Ints]) -> Iterator[Ints]:
    rows = sum(len(fold) for fold in folds)
    length = max(_LEAST_ROWS, rows / STRETCHES)
    for fold in folds:
        yield from np.array_split(fold, max(1, round(len(fold) / length)))


def _over_folds(
    metric: Metric, truth: Floats, predicted: Floats, rows: Rows, stream: np.random.Generator, weights: Floats | None
) -> tuple[Score, float]:
    """Mean of the folds with its interval for new rows, and the part of its standard error that is sampling."""
    values, sizes, within = [], [], []
    for fold in rows.folds:
        part = _of(weights, fold)
        value = value_or_nan(metric, truth[fold], predicted[fold], part)
        if not np.isfinite(value):
            continue
        values.append(value)
        sizes.append(len(fold))
        groups = None if rows.groups is None else rows.groups[fold]
        within.append(standard_error(metric, truth[fold], predicted[fold], stream, part, groups) ** 2)
    if not values:
        raise DataError(
            f"{metric.spec.title} is undefined on every fold.", "rows of each class in a fold", "folds without them"
        )
    count = len(values)
    share = 1 / max(1, count - 1) if rows.test_share is None else rows.test_share
    between = float(np.var(values, ddof=1)) if count > 1 else 0.0
    sampling = float(np.mean(within))
    factor = 1 / count + share
    middle = float(np.average(values, weights=sizes))
    reach = Z * float(np.sqrt(factor * max(between, sampling)))
    return Score(middle, middle - reach, middle + reach, sum(sizes)), float(np.sqrt(factor * sampling))


def _of(weights: Floats | None, rows: Ints) -> Floats | None:
    return None if weights is None else weights[rows]


def _quantile(freedom: int) -> float:
    """Of Student's t at the upper end of the interval."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + LEVEL / 2))
