"""What validation tells holds for what comes: new rows, new groups, a later time."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.core.report import Score
from sevenfold.evaluation.intervals import interval
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.evaluation.validation import Rows, drift, fold_interval, validation_score


def binary(seed: int, rows: int, shift: float = 1.0):
    stream = np.random.default_rng(seed)
    truth = (stream.random(rows) < 0.3).astype(float)
    truth[:2] = 0, 1
    score = 1 / (1 + np.exp(-(stream.normal(size=rows) + shift * truth - 0.8)))
    return truth, np.column_stack([1 - score, score])


def test_folds_are_corrected():
    values = [0.8, 0.82, 0.78, 0.81, 0.79]
    found = fold_interval(values, [10] * 5)
    plain = 2.776 * np.std(values, ddof=1) / np.sqrt(5)
    assert found.value == pytest.approx(0.8)
    assert found.high - found.value == pytest.approx(plain * np.sqrt(1 + 5 / 4), rel=1e-3)
    assert fold_interval([0.5]) == Score(0.5, 0.5, 0.5, 0)


def test_validation_is_wider_than_plain_sampling_and_skips_undefined_folds():
    truth, predicted = binary(4, 500)
    folds = [np.arange(i, 500, 5) for i in range(5)]
    metric = METRICS.get("roc_auc")()
    found = validation_score(metric, truth, predicted, Rows(folds), np.random.default_rng(0))
    plain = interval(metric, truth, predicted, np.random.default_rng(0))
    assert found.rows == 500
    assert found.low < found.value < found.high
    assert found.high - found.low > plain.high - plain.low
    negatives = np.flatnonzero(truth == 0)[:50]
    with_empty = validation_score(metric, truth, predicted, Rows([*folds, negatives]), np.random.default_rng(0))
    assert with_empty.value == pytest.approx(found.value)
    with pytest.raises(DataError, match="every fold"):
        validation_score(metric, truth, predicted, Rows([negatives, negatives]), np.random.default_rng(0))


def test_one_fold_is_measured_by_bootstrap():
    truth, predicted = binary(4, 300)
    rows = np.arange(100, 300)
    metric = METRICS.get("log_loss")()
    found = validation_score(metric, truth, predicted, Rows([rows]), np.random.default_rng(0))
    assert found.value == metric(truth[rows], predicted[rows])
    assert found.low < found.value < found.high


def moving(seed: int, rows: int, change: float, stretches: int = 12):
    """Truth of a regression whose errors grow and shrink from one stretch of time to the next."""
    stream = np.random.default_rng(seed)
    scales = np.repeat(np.exp(stream.normal(0, change, stretches)), -(-rows // stretches))[:rows]
    truth = stream.normal(size=rows)
    return truth, truth + scales * stream.normal(size=rows)


def held(change: float, over_time: bool, repeats: int = 60) -> float:
    """How often the interval told from the first ten stretches holds the score of the last two."""
    metric = METRICS.get("mae")()
    hits = 0
    for seed in range(repeats):
        truth, predicted = moving(seed, 2_400, change)
        rows = Rows(np.array_split(np.arange(2_000), 2), over_time=over_time)
        told = validation_score(metric, truth, predicted, rows, np.random.default_rng(seed))
        hits += told.low <= metric(truth[2_000:], predicted[2_000:]) <= told.high
    return hits / repeats


def test_a_later_time_lies_within_the_interval_where_the_score_moves():
    assert held(0.3, over_time=True) >= 0.9
    assert held(0.3, over_time=False) < 0.8


def test_a_score_that_does_not_move_keeps_its_interval():
    metric = METRICS.get("mae")()
    ratios = []
    for seed in range(20):
        truth, predicted = moving(seed, 2_000, 0.0)
        folds = np.array_split(np.arange(2_000), 4)
        plain, later = (
            validation_score(metric, truth, predicted, Rows(folds, over_time=over), np.random.default_rng(0))
            for over in (False, True)
        )
        assert later.value == plain.value
        ratios.append((later.high - later.low) / (plain.high - plain.low))
    assert min(ratios) >= 1.0
    assert np.median(ratios) < 2  # ten stretches cannot rule a small change out


def test_drift_is_read_from_stretches_in_the_order_given():
    metric = METRICS.get("mae")()
    truth, predicted = moving(1, 2_000, 0.5)
    told, stretches = drift(metric, truth, predicted, [np.arange(2_000)], np.random.default_rng(0))
    mixed, _ = drift(metric, truth, predicted, [np.random.default_rng(0).permutation(2_000)], np.random.default_rng(0))
    assert stretches == 10
    assert told > 5 * mixed
    assert drift(metric, truth, predicted, [np.arange(50)], np.random.default_rng(0)) == (0.0, 0)


def test_folds_that_nothing_predicted_take_no_stretches():
    metric = METRICS.get("mae")()
    truth, predicted = moving(1, 2_000, 0.5)
    folds = [np.arange(1_000), np.arange(1_000, 2_000)]
    alone = drift(metric, truth, predicted, folds[:1], np.random.default_rng(0))
    predicted[folds[1]] = np.nan
    assert drift(metric, truth, predicted, folds, np.random.default_rng(0)) == alone
    assert alone[1] == 10


def test_a_single_fold_over_time_is_wider_than_its_rows_alone():
    metric = METRICS.get("rmse")()
    truth, predicted = moving(2, 2_000, 0.4)
    rows = np.arange(500, 2_000)
    told = validation_score(metric, truth, predicted, Rows([rows], over_time=True), np.random.default_rng(0))
    plain = interval(metric, truth[rows], predicted[rows], np.random.default_rng(0))
    assert told.value == plain.value
    assert told.high - told.low > 2 * (plain.high - plain.low)
    assert told.low >= 0


def test_whole_groups_widen_the_interval_of_the_folds():
    stream = np.random.default_rng(3)
    groups = np.repeat(np.arange(40), 25)
    truth = stream.normal(size=1_000)
    predicted = truth + np.exp(stream.normal(0, 0.8, 40))[groups] * stream.normal(size=1_000)
    metric = METRICS.get("mae")()
    folds = [np.flatnonzero(groups % 5 == fold) for fold in range(5)]
    alone = validation_score(metric, truth, predicted, Rows(folds), np.random.default_rng(0))
    whole = validation_score(metric, truth, predicted, Rows(folds, groups), np.random.default_rng(0))
    assert whole.value == alone.value
    assert whole.high - whole.low > alone.high - alone.low
