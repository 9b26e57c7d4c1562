"""What every metric does first: check its arrays."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError


def checked(
    truth: Floats, predicted: Floats, weights: Floats | None, dimensions: int = 1
) -> tuple[Floats, Floats, Floats | None]:
    """The arrays as float64, or a DataError that says which one is wrong.

    Args:
        truth: (rows,).
        predicted: (rows,) or (rows, classes), as `dimensions` says.
        weights: (rows,), not negative, with a positive sum, or None.
        dimensions: 1 or 2, of `predicted`.
    """
    truth = np.asarray(truth, dtype=np.float64)
    predicted = np.asarray(predicted, dtype=np.float64)
    if truth.ndim != 1 or predicted.ndim != dimensions:
        raise DataError(
            "Truth or prediction has the wrong shape.",
            "truth (rows,) and prediction " + ("(rows,)" if dimensions == 1 else "(rows, classes)"),
            f"{truth.shape} and {predicted.shape}",
        )
    if len(truth) == 0:
        raise DataError("There are no rows to measure.", "at least one row", "0 rows", "Check the data.")
    if len(truth) != len(predicted):
        raise DataError("Truth and prediction differ in length.", f"{len(truth)} rows", f"{len(predicted)} rows")
    if not (np.isfinite(truth).all() and np.isfinite(predicted).all()):
        raise DataError("Truth or prediction holds values that are not finite.", "finite numbers", "NaN or infinity")
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape != truth.shape:
            raise DataError("Weights and truth differ in shape.", str(truth.shape), str(weights.shape))
        if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
            raise DataError("Weights are not usable.", "finite, none negative, not all 0", "others")
    return truth, predicted, weights


def checked_probabilities(
    truth: Floats, predicted: Floats, weights: Floats | None
) -> tuple[Ints, Floats, Floats | None]:
    """Class indices, (rows, classes) probabilities and weights; indices must have a column each."""
    truth, predicted, weights = checked(truth, predicted, weights, dimensions=2)
    codes = truth.astype(np.int64)
    if codes.min() < 0 or codes.max() >= predicted.shape[1]:
        raise DataError(
            "The truth names a class that has no probability.",
            f"class indices from 0 to {predicted.shape[1] - 1}",
            f"{codes.min()} to {codes.max()}",
        )
    return codes, predicted, weights


def confusion(truth: Floats, predicted: Floats, weights: Floats | None, classes: int = 0) -> Floats:
    """(classes, classes) weight of the rows of each true class (first axis) decided for each class (second).

    `classes` is the least number of classes; more are found in the arrays.
    """
    truth, predicted, weights = checked(truth, predicted, weights)
    rows, columns = truth.astype(np.int64), predicted.astype(np.int64)
    if rows.min() < 0 or columns.min() < 0:
        raise DataError("A class index is negative.", "indices from 0", str(min(rows.min(), columns.min())))
    size = max(classes, int(rows.max()) + 1, int(columns.max()) + 1)
    counts = np.bincount(rows * size + columns, weights=weights, minlength=size * size)
    return counts.astype(np.float64).reshape(size, size)


def mean(values: Floats, weights: Floats | None) -> float:
    """The weighted mean."""
    return float(values.mean() if weights is None else (values * weights).sum() / weights.sum())
