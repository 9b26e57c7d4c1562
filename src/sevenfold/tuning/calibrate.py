"""Calibration: make probabilities mean what they say, kept only where it helps on rows it has not seen."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.predictor import Calibrator
from sevenfold.core.registry import Catalogue
from sevenfold.core.state import State

FEWEST_ROWS = 100
"""Rows below which nothing is calibrated."""
_SHARPENED_ROWS = 1_000
_TINY = 1e-15


class TemperatureCalibrator(Calibrator):
    """One temperature (and for binary tasks a shift) on the log odds.

    Source: Platt 1999 for two classes; Guo et al. 2017 for more.
    """

    name = "temperature"

    def __init__(self) -> None:
        self.slope = 1.0
        self.shift = 0.0

    def fit(self, probabilities: Floats, codes: Ints, weights: Floats | None) -> None:
        """Minimise log loss by Newton's or a bounded search; at least one row of two classes is needed."""
        from scipy.optimize import minimize, minimize_scalar

        share = np.ones(len(codes)) if weights is None else weights
        logits = np.log(np.clip(probabilities, _TINY, 1.0))
        if probabilities.shape[1] == 2:
            odds = logits[:, 1] - logits[:, 0]
            truth = codes.astype(np.float64)

            def loss(point: Floats) -> float:
                z = point[0] * odds + point[1]
                return float((share * (np.logaddexp(0.0, z) - truth * z)).sum() / share.sum())

            found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9})
            slope, shift = (float(v) for v in found.x)
            self.slope, self.shift = (slope, shift) if slope > 0 else (1.0, 0.0)
            return

        def multiclass_loss(log_slope: float) -> float:
            z = logits * np.exp(log_slope)
            peak = z.max(axis=1, keepdims=True)
            log_sum = peak[:, 0] + np.log(np.exp(z - peak).sum(axis=1))
            return float((share * (log_sum - z[np.arange(len(codes)), codes])).sum() / share.sum())

        found = minimize_scalar(multiclass_loss, bounds=(-2.0, 2.0), method="bounded")
        self.slope = float(np.exp(found.x))

    def apply(self, probabilities: Floats) -> Floats:
        """(rows, classes) calibrated probabilities."""
        logits = np.log(np.clip(probabilities, _TINY, 1.0))
        if probabilities.shape[1] == 2:
            z = self.slope * (logits[:, 1] - logits[:, 0]) + self.shift
            positive = 1.0 / (1.0 + np.exp(-np.clip(z, -700.0, 700.0)))
            return np.stack([1.0 - positive, positive], axis=1)
        z = logits * self.slope
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return z / z.sum(axis=1, keepdims=True)

    def state(self) -> State:
        """Slope and shift."""
        return {"slope": self.slope, "shift": self.shift}

    def restore(self, state: State) -> None:
        """Take over slope and shift."""
        self.slope, self.shift = float(state["slope"]), float(state["shift"])


CALIBRATORS: Catalogue[type[Calibrator]] = Catalogue(
    "Calibrator", "sevenfold.calibrators", {"temperature": "sevenfold.tuning.calibrate:TemperatureCalibrator"}
)


def sharpened(probabilities: Floats, codes: Ints) -> Floats:
    """(rows, classes) probabilities at the temperature that suits them best, found on some of the rows.

    For telling apart what will be calibrated later: averages of forests are too cautious, and two of them together more
    so, which calibration mends; by their plain log loss they would lose against a model that is worse.
    """
    from scipy.optimize import minimize_scalar

    logits = np.log(np.clip(probabilities, _TINY, 1.0))
    some = slice(None, None, max(1, len(codes) // _SHARPENED_ROWS))
    seen, truth = logits[some], codes[some]
    rows = np.arange(len(truth))

    def loss(log_slope: float) -> float:
        z = seen * np.exp(log_slope)
        peak = z.max(axis=1)
        return float((peak + np.log(np.exp(z - peak[:, None]).sum(axis=1)) - z[rows, truth]).mean())

    found = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded", options={"xatol": 0.02})
    z = logits * float(np.exp(found.x))
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


def log_loss(probabilities: Floats, codes: Ints, weights: Floats | None) -> Floats:
    """(rows,) log loss of each row, times its weight."""
    chosen = np.clip(probabilities[np.arange(len(codes)), codes], _TINY, 1.0)
    return -np.log(chosen) * (1.0 if weights is None else weights)


def calibrate(
    probabilities: Floats, codes: Ints, weights: Floats | None, stream: np.random.Generator
) -> tuple[Calibrator | None, str]:
    """A calibrator fitted on out-of-fold probabilities, or None where it earns nothing, and the reason.

    It is judged on rows it has not seen (five folds): the gain in log loss must be over twice its standard error.
    """
    rows = len(codes)
    if rows < FEWEST_ROWS or len(np.unique(codes)) < 2:
        return None, f"too few rows to calibrate on ({rows})"
    part = stream.permutation(rows) % 5
    gain = np.zeros(rows)
    for number in range(5):
        seen, unseen = np.flatnonzero(part != number), np.flatnonzero(part == number)
        fold = TemperatureCalibrator()
        fold.fit(probabilities[seen], codes[seen], None if weights is None else weights[seen])
        share = None if weights is None else weights[unseen]
        before = log_loss(probabilities[unseen], codes[unseen], share)
        gain[unseen] = before - log_loss(fold.apply(probabilities[unseen]), codes[unseen], share)
    mean, error = float(gain.mean()), float(gain.std() / np.sqrt(rows))
    if mean <= 2 * error:
        return None, f"log loss gain {mean:.2g} +- {error:.2g} on unseen rows: not real"
    calibrator = TemperatureCalibrator()
    calibrator.fit(probabilities, codes, weights)
    return calibrator, f"log loss gain {mean:.2g} +- {error:.2g} on unseen rows"
