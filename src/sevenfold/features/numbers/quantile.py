"""Numbers by their rank in training rows, spread like a normal variable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_quantiles, read_numbers, sample_rows

_SAMPLE_ROWS = 200_000
# The normal quantile of 1e-7: what lies outside the training range is not pushed further out.
_EDGE = 1e-7
_MANY_COLUMNS = 12  # from here on one row's columns are looked up together


@final
class Quantile(LearnedFeature):
    """Ties share the middle of their ranks; between known values the rank is interpolated. NaN stays."""

    spec = FeatureSpec(
        name="quantile",
        takes=frozenset({Kind.NUMBER, Kind.FLAG, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Numbers mapped by their rank in training rows to a normal or uniform variable.",
        space=Space(
            points=Integer(500, 10, 2000, log=True, help="Quantiles remembered for each column."),
            shape=Choice("normal", ("normal", "uniform"), "Distribution of the output."),
        ),
        source="rank-based inverse normal transformation, Blom 1958",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Distinct quantiles of all columns end to end, their outputs, and where each column begins."""
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values = values[chosen]
        points = max(2, min(self.params["points"], len(values)))
        ranks = np.linspace(0.0, 1.0, points)
        grid = column_quantiles(values, ranks)
        known: list[Floats] = []
        outputs: list[Floats] = []
        for column in grid.T:
            distinct, first, count = np.unique(column[~np.isnan(column)], return_index=True, return_counts=True)
            known.append(distinct)
            outputs.append(self._shape((ranks[first] + ranks[first + count - 1]) / 2))
        starts = np.cumsum([0, *(len(part) for part in known)])
        return {
            "known": np.concatenate([*known, np.empty(0)]),
            "outputs": np.concatenate([*outputs, np.empty(0)]),
            "starts": starts.astype(np.int64),
        }

    def _shape(self, ranks: Floats) -> Floats:
        if self.params["shape"] == "uniform":
            return ranks
        from scipy.special import ndtri

        return np.asarray(ndtri(np.clip(ranks, _EDGE, 1 - _EDGE)), dtype=np.float64)

    def transform(self, columns: Columns) -> Block:
        """Same columns; values outside the training range take the nearest known output."""
        values, names = read_numbers(columns, self.inputs)
        result = np.empty_like(values)
        starts = self.learned["starts"]
        for i in range(values.shape[1]):
            known = self.learned["known"][starts[i] : starts[i + 1]]
            outputs = self.learned["outputs"][starts[i] : starts[i + 1]]
            result[:, i] = _interpolate(values[:, i], known, outputs)
        return Block(Form.NUMBERS, names, result)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        known, outputs = self.learned["known"].tolist(), self.learned["outputs"].tolist()
        starts = self.learned["starts"].tolist()
        curves = [(known[a:b], outputs[a:b]) for a, b in pairwise(starts)]
        if len(curves) >= _MANY_COLUMNS:
            return RowStep(Reads.NUMBERS, _together(curves))

        def convert(values: list[float]) -> list[float]:
            return [v if v != v else _interpolated(v, *curve) for v, curve in zip(values, curves, strict=True)]

        return RowStep(Reads.NUMBERS, convert)


def _together(curves: Sequence[tuple[list[float], list[float]]]) -> Callable[[list[float]], list[float]]:
    """`_interpolated` of all columns at once.

    All known values stand in one array of complex numbers, the column's place as the real part: they are ordered by
    column, then by value, and one search finds the places of all columns.
    """
    # A column of one known value or none is a curve of two equal points.
    known = [np.array(x if len(x) > 1 else (x or [0.0]) * 2) for x, _ in curves]
    outputs = np.concatenate([y if len(y) > 1 else (y or [0.0]) * 2 for _, y in curves])
    table = np.concatenate([place + 1j * x for place, x in enumerate(known)])
    low, high = np.array([x[0] for x in known]), np.array([x[-1] for x in known])
    last = np.cumsum([len(x) for x in known]) - 1
    half = table.imag / 2
    gap = np.maximum(np.diff(half, append=half[-1]), 5e-324)
    asked, search = np.arange(len(curves)).astype(np.complex128), table.searchsorted
    array, least, most = np.array, np.minimum, np.maximum

    def convert(values: list[float]) -> list[float]:
        value = array(values)
        most(value, low, out=value)
        least(value, high, out=value)
        own = asked.copy()
        own.imag = value
        right = search(own, "right")
        least(right, last, out=right)  # NaN is found behind all others, and stays NaN below
        left = right - 1
        value /= 2
        value -= half.take(left)
        value /= gap.take(left)
        made: list[float] = (outputs.take(left) * (1 - value) + outputs.take(right) * value).tolist()
        return made

    return convert


def _interpolated(value: float, known: list[float], outputs: list[float]) -> float:
    """`_interpolate` of one value that is there."""
    if len(known) < 2:
        return outputs[0] if known else 0.0
    right = min(max(bisect_right(known, value), 1), len(known) - 1)
    low = known[right - 1] / 2
    share = (value / 2 - low) / max(known[right] / 2 - low, 5e-324)
    share = min(max(share, 0.0), 1.0)
    return outputs[right - 1] * (1 - share) + outputs[right] * share


def _interpolate(values: Floats, known: Floats, outputs: Floats) -> Floats:
    missing = np.isnan(values)
    if not len(known):
        return np.where(missing, np.nan, 0.0)
    if len(known) == 1:
        return np.where(missing, np.nan, outputs[0])
    right = np.clip(np.searchsorted(known, values, side="right"), 1, len(known) - 1)
    left = right - 1
    with np.errstate(over="ignore"):
        share = (values / 2 - known[left] / 2) / np.maximum(known[right] / 2 - known[left] / 2, 5e-324)
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(outputs[left] * (1 - share) + outputs[right] * share)
