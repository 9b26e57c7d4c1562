"""Support vector machines of several classes: one for each pair of classes, and what they say together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import BundleError
from sevenfold.core.state import State
from sevenfold.models.svm.kernel import squared_distances

_STEEP = 4.0  # of the sigmoid that turns a pair's margin into its doubt
_MOST_PAIR_ROWS = 6_000  # of two classes: the time of their machine grows with the square
_MOST_WORK = 1e9  # the sum of those squares
_CHUNK_CELLS = 1 << 17


@dataclass(frozen=True)
class Pairs:
    """Machines of all pairs of classes, as scores of the classes.

    A class scores the sum, over its pairs, of the logarithm of a sigmoid of the margin: what it would be worth if the
    pairs were independent witnesses. Slope and shifts, learned on other rows, make log-odds of it.

    Args:
        points: (points, columns) support vectors, sorted by class.
        dual: (classes - 1, points) weights, as libsvm has them: row j - 1 against a later class j, row i against an
            earlier class i.
        intercept: (pairs,) of (0, 1), (0, 2), ..., (1, 2), ...
        counts: (classes,) points of each class.
        slope, shifts: applied to the scores; (classes,) shifts.
        truncated: never; the clock cannot stop it.
    """

    points: Floats
    dual: Floats
    intercept: Floats
    counts: Ints
    slope: float
    shifts: Floats
    truncated: bool = False

    @classmethod
    def learned(cls, values: Floats, codes: Ints, weights: Floats, params: dict[str, Any], classes: int) -> Pairs:
        """Solve every pair exactly.

        Args:
            values: (rows, columns).
            codes: (rows,) 0, 1, ... all of which occur.
            params: of `sklearn.svm.SVC`.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import SVC

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = SVC(decision_function_shape="ovo", **params).fit(values, codes, sample_weight=weights)
        return cls(
            np.ascontiguousarray(values[found.support_]),
            np.ascontiguousarray(found.dual_coef_),
            found.intercept_.astype(np.float64),
            found.n_support_.astype(np.int64),
            1.0,
            np.zeros(classes),
        )

    def raised(self, slope: float, shifts: Floats) -> Pairs:
        """The same with its scores multiplied and shifted."""
        return replace(self, slope=self.slope * slope, shifts=self.shifts * slope + shifts)

    def scores(self, values: Floats, gamma: float) -> Floats:
        """(rows, classes); a row's do not depend on the others."""
        result = np.empty((len(values), len(self.counts)))
        step = max(1, _CHUNK_CELLS // max(1, len(self.points)))
        starts, first, second, first_row, second_row = self._places
        # A class without a support vector adds nothing; it has no place to start from.
        there = self.counts > 0
        sums = np.zeros((len(self.dual), len(self.counts)))
        weighted = np.empty_like(self.dual)  # a megabyte and more, which a system may take some time to hand out
        for start in range(0, len(values), step):
            near = squared_distances(values[start : start + step], self.points)
            near *= -gamma
            np.exp(near, out=near)
            for offset, kernel in enumerate(near):
                np.multiply(self.dual, kernel, out=weighted)
                sums[:, there] = np.add.reduceat(weighted, starts[there], axis=1)
                margins = sums[first_row, first] + sums[second_row, second] + self.intercept
                total = np.zeros(len(self.counts))
                np.add.at(total, first, -np.logaddexp(0.0, -_STEEP * margins))
                np.add.at(total, second, -np.logaddexp(0.0, _STEEP * margins))
                result[start + offset] = total
        return result * self.slope + self.shifts

    @cached_property
    def _places(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """(classes,) first points; (pairs,) both classes; (pairs,) rows of `dual` for the points of either."""
        first, second = np.triu_indices(len(self.counts), 1)
        return np.cumsum(self.counts) - self.counts, first, second, second - 1, first

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "points": self.points,
            "dual": self.dual,
            "pair_intercept": self.intercept,
            "counts": self.counts,
            "slope": self.slope,
            "shifts": self.shifts,
        }

    @classmethod
    def restored(cls, state: State, classes: int) -> Pairs:
        """What `state` gave.

        Raises:
            BundleError: parts that do not fit each other.
        """
        points, dual, intercept, shifts = (
            np.asarray(state[name], np.float64) for name in ("points", "dual", "pair_intercept", "shifts")
        )
        counts = np.asarray(state["counts"], np.int64)
        sound = (
            points.ndim == 2
            and counts.shape == shifts.shape == (classes,)
            and bool((counts >= 0).all())
            and int(counts.sum()) == len(points)
            and dual.shape == (classes - 1, len(points))
            and intercept.shape == (classes * (classes - 1) // 2,)
        )
        if not sound:
            raise BundleError("A stored SVM is damaged.", f"weights of {classes} classes", str(dual.shape))
        return cls(points, dual, intercept, counts, float(state["slope"]), shifts)


def solvable(counts: Ints) -> bool:
    """Whether all pairs of classes with so many rows can be solved exactly in moderate time."""
    rows = np.sort(counts)[::-1].astype(np.float64)
    if len(rows) < 3 or rows[0] + rows[1] > _MOST_PAIR_ROWS:
        return False
    first, second = np.triu_indices(len(rows), 1)
    return float(((rows[first] + rows[second]) ** 2).sum()) <= _MOST_WORK


def usually_solvable(rows: int, classes: int) -> bool:
    """The same before the classes' sizes are known, as if they were alike."""
    return solvable(np.full(classes, rows // max(1, classes)))
