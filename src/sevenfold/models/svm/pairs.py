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
from sevenfold.models.svm.kernel import CHUNK_CELLS, Blocks, Kernel, squared_distances, widest_block

_STEEP = 4.0  # of the sigmoid that turns a pair's margin into its doubt
_MOST_PAIR_ROWS = 6_000  # of two classes: the time of their machine grows with the square
_MOST_WORK = 1e9  # the sum of those squares
_WIDEST = 128  # of a class's blocks of points: narrow ones leave fewer places empty


@dataclass(frozen=True)
class _Places:
    """Where pairs of classes find their sums, and classes their pairs.

    Args:
        first, second: (pairs,) sums of the points of either class, among (classes, classes - 1).
        losses: (classes, classes - 1) what each class loses to each other, among those of the first and then of the
            second classes of all pairs.
    """

    first: Ints
    second: Ints
    losses: Ints

    @classmethod
    def of(cls, classes: int) -> _Places:
        """Those of so many classes."""
        first, second = np.triu_indices(classes, 1)
        losses = np.zeros((classes, classes - 1), np.int64)
        losses[first, second - 1] = np.arange(len(first))
        losses[second, first] = len(first) + np.arange(len(first))
        return cls(first * (classes - 1) + second - 1, second * (classes - 1) + first, losses)


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
        kernel = self._kernel(gamma)
        step = max(1, CHUNK_CELLS // (self._blocks.count * self._blocks.width))
        for start in range(0, len(values), step):
            part = np.ascontiguousarray(values[start : start + step])
            if kernel is None:
                near = self._blocks.spread(np.exp(-gamma * squared_distances(part, self.points)))
            else:
                near = kernel.near(part)
            for offset, row in enumerate(near):
                result[start + offset] = self._total(row)
        return result * self.slope + self.shifts

    def _total(self, near: Floats) -> Floats:
        """(classes,) scores of one row's kernels."""
        blocks, places = self._blocks, self._places
        by_block = np.matmul(self._weights, near.reshape(blocks.count, blocks.width, 1))[:, :, 0]
        sums = by_block.take(blocks.starts, axis=0)
        for classes, others in self._more_blocks:
            sums[classes] += by_block.take(others, axis=0)
        sums = sums.ravel()
        margins = sums.take(places.first)
        margins += sums.take(places.second)
        margins += self.intercept
        margins *= _STEEP
        # The logarithm of 1 + exp(-margin) for the one class, of 1 + exp(margin) for the other.
        lost = np.log1p(np.exp(-np.abs(margins)))
        both = np.concatenate([np.minimum(margins, 0.0) - lost, -np.maximum(margins, 0.0) - lost])
        total: Floats = np.add.reduce(both.take(places.losses), axis=1)
        return total

    def _kernel(self, gamma: float) -> Kernel | None:
        if gamma not in self._kernels:
            self._kernels[gamma] = Kernel.of(self.points, gamma, self._blocks)
        return self._kernels[gamma]

    @cached_property
    def _kernels(self) -> dict[float, Kernel | None]:
        """By gamma."""
        return {}

    @cached_property
    def _blocks(self) -> Blocks:
        rows = max(self.points.shape[1], len(self.dual))
        return Blocks.of(self.counts.tolist(), min(_WIDEST, widest_block(rows)))

    @cached_property
    def _more_blocks(self) -> list[tuple[Ints, Ints]]:
        """Classes that have a second block, and these; those that have a third, ..."""
        starts = self._blocks.starts
        sizes = np.diff(starts, append=self._blocks.count)
        return [(found := np.flatnonzero(sizes > n), starts[found] + n) for n in range(1, int(sizes.max(initial=1)))]

    @cached_property
    def _weights(self) -> Floats:
        """(blocks, classes - 1, width) of `dual`."""
        spread = self._blocks.spread(self.dual)
        weights = spread.reshape(len(self.dual), self._blocks.count, self._blocks.width).transpose(1, 0, 2)
        return np.ascontiguousarray(weights)

    @cached_property
    def _places(self) -> _Places:
        return _Places.of(len(self.counts))

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
