"""A paired difference is real only where it is."""

from __future__ import annotations

import numpy as np
import pytest

from sevenfold.core.errors import DataError
from sevenfold.evaluation.compare import compare
from sevenfold.evaluation.metrics.catalogue import METRICS


def predictions(rows: int, gain: float):
    stream = np.random.default_rng(0)
    truth = (stream.random(rows) < 0.4).astype(float)
    base = stream.normal(size=rows) + truth
    better = base + gain * truth + 0.05 * stream.normal(size=rows)
    return truth, *(np.column_stack([1 - p, p]) for p in (1 / (1 + np.exp(-base)), 1 / (1 + np.exp(-better))))


def test_a_real_gain_is_seen_and_its_direction_turns():
    truth, first, second = predictions(2000, 0.5)
    for name in ("roc_auc", "log_loss"):
        metric = METRICS.get(name)()
        gain = compare(metric, truth, first, second, np.random.default_rng(0))
        assert gain.real and gain.low < gain.value < gain.high
        assert gain.chance > 0.99
        back = compare(metric, truth, second, first, np.random.default_rng(0))
        assert back.value == pytest.approx(-gain.value)
        assert not back.real


def test_noise_is_not_real():
    truth, first, second = predictions(300, 0.0)
    gain = compare(METRICS.get("roc_auc")(), truth, first, second, np.random.default_rng(0))
    assert gain.low < 0 < gain.high
    assert gain.to_json()["real"] is False


def test_equal_predictions_tie():
    truth, first, _ = predictions(200, 0.0)
    gain = compare(METRICS.get("brier")(), truth, first, first, np.random.default_rng(0))
    assert (gain.value, gain.low, gain.high, gain.chance, gain.real) == (0.0, 0.0, 0.0, 0.5, False)


def test_the_pairing_makes_the_interval_narrow():
    stream = np.random.default_rng(0)
    truth = stream.normal(size=500) * 100
    first = truth + stream.normal(size=500) * 30
    second = first + np.sign(truth - first)  # one unit closer, every time
    gain = compare(METRICS.get("mae")(), truth, first, second, np.random.default_rng(0))
    assert gain.real
    assert gain.high - gain.low < 0.3


def test_labels_by_cells_with_and_without_weights():
    truth, first, second = predictions(800, 1.0)
    one, two = (p[:, 1].round() for p in (first, second))
    metric = METRICS.get("f1")()
    gain = compare(metric, truth, one, two, np.random.default_rng(0))
    weighted = compare(metric, truth, one, two, np.random.default_rng(0), weights=np.ones(800))
    assert gain.value == pytest.approx(weighted.value)
    assert gain.high - gain.low == pytest.approx(weighted.high - weighted.low, rel=0.2)


def test_undefined_everywhere_is_an_error():
    with pytest.raises(DataError):
        compare(METRICS.get("mape")(), np.zeros(5), np.ones(5), np.ones(5), np.random.default_rng(0))
