"""Numbers as a basis of curves, so that a linear model can bend."""

from __future__ import annotations

from bisect import bisect_right
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


@final
class Splines(LearnedFeature):
    """Hinges max(0, x - knot) or a cubic B-spline basis, knots at training quantiles.

    Values are first mapped so that the training range is [0, 1], and held within it; missing ones take the median.
    """

    spec = FeatureSpec(
        name="splines",
        takes=frozenset({Kind.NUMBER, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Piecewise linear or cubic curves with knots at training quantiles.",
        space=Space(
            shape=Choice("hinge", ("hinge", "cubic"), "Straight pieces, or smooth ones."),
            knots=Integer(5, 1, 20, help="Inner knots for each column; ties make them fewer."),
        ),
        source="de Boor 1978; Friedman 1991 (hinges)",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Least value, range, median and knots of each column."""
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values = values[chosen]
        shares = np.linspace(0.0, 1.0, self.params["knots"] + 2)
        low, high, median = column_quantiles(values, np.array([0.0, 1.0, 0.5]))
        low, high = np.nan_to_num(low), np.nan_to_num(high)
        half = np.where(high > low, high / 2 - low / 2, 1.0)
        inner: list[Floats] = []
        for i, quantiles in enumerate(column_quantiles(values, shares[1:-1]).T):
            scaled = (quantiles[~np.isnan(quantiles)] / 2 - low[i] / 2) / half[i]
            inner.append(np.unique(scaled[(scaled > 0) & (scaled < 1)]))
        return {
            "low": low,
            "half": half,
            "median": np.where(np.isnan(median), low, median),
            "knots": np.concatenate([*inner, np.empty(0)]),
            "starts": np.cumsum([0, *(len(part) for part in inner)]).astype(np.int64),
        }

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:curve1", ...: for hinges the value itself first, then one a knot; for cubics the basis."""
        values, names = read_numbers(columns, self.inputs)
        values = np.where(np.isnan(values), self.learned["median"], values)
        with np.errstate(over="ignore"):
            units = np.clip((values / 2 - self.learned["low"] / 2) / self.learned["half"], 0.0, 1.0)
        parts: list[Floats] = []
        made: list[str] = []
        starts = self.learned["starts"]
        basis = _hinges if self.params["shape"] == "hinge" else _cubics
        for i, name in enumerate(names):
            part = basis(units[:, i], self.learned["knots"][starts[i] : starts[i + 1]])
            parts.append(part)
            made.extend(f"{name}:curve{j + 1}" for j in range(part.shape[1]))
        return Block(Form.NUMBERS, tuple(made), np.concatenate([np.empty((len(values), 0)), *parts], axis=1))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        knots, starts = self.learned["knots"].tolist(), self.learned["starts"].tolist()
        parts = [knots[a:b] for a, b in pairwise(starts)]
        of_column = [self.learned[name].tolist() for name in ("median", "low", "half")]
        hinge = self.params["shape"] == "hinge"
        curves = [part if hinge else [0.0] * 4 + part + [1.0] * 4 for part in parts]

        def convert(values: list[float]) -> list[float]:
            result: list[float] = []
            for value, median, low, half, curve in zip(values, *of_column, curves, strict=True):
                unit = ((median if value != value else value) / 2 - low / 2) / half
                unit = min(max(unit, 0.0), 1.0)
                if hinge:
                    result.append(unit)
                    result += [max(0.0, unit - knot) for knot in curve]
                else:
                    result += _cubic(unit, curve)
            return result

        return RowStep(Reads.NUMBERS, convert)


def _cubic(unit: float, knots: list[float]) -> list[float]:
    """`_cubics` of one value: only the four curves of its piece are not 0."""
    degree = 3
    place = min(max(bisect_right(knots, unit) - 1, degree), len(knots) - degree - 2)
    basis = [0.0] * (len(knots) - 1)
    basis[place] = 1.0
    for order in range(1, degree + 1):
        for i in range(place - order, place + 1):
            left, right = knots[i + order] - knots[i], knots[i + order + 1] - knots[i + 1]
            rising = (unit - knots[i]) / left if left > 0 else 0.0
            falling = (knots[i + order + 1] - unit) / right if right > 0 else 0.0
            basis[i] = rising * basis[i] + falling * basis[i + 1]
    return basis[1 : len(knots) - degree - 1]


def _hinges(units: Floats, knots: Floats) -> Floats:
    return np.concatenate([units[:, None], np.maximum(0.0, units[:, None] - knots[None, :])], axis=1)


def _cubics(units: Floats, inner: Floats) -> Floats:
    """The cubic B-spline basis less its first curve (the curves sum to 1), by the Cox-de Boor recursion."""
    degree = 3
    knots = np.concatenate([np.zeros(degree + 1), inner, np.ones(degree + 1)])
    # The basis is right-continuous: the last value belongs to the last piece that has a width.
    place = np.clip(np.searchsorted(knots, units, side="right") - 1, degree, len(knots) - degree - 2)
    basis = (place[:, None] == np.arange(len(knots) - 1)[None, :]).astype(np.float64)
    for order in range(1, degree + 1):
        count = len(knots) - order - 1
        left = knots[order : order + count] - knots[:count]
        right = knots[order + 1 : order + 1 + count] - knots[1 : 1 + count]
        rising = (units[:, None] - knots[:count]) / np.where(left > 0, left, 1.0) * (left > 0)
        falling = (
            (knots[order + 1 : order + 1 + count] - units[:, None]) / np.where(right > 0, right, 1.0) * (right > 0)
        )
        basis = rising * basis[:, :count] + falling * basis[:, 1 : count + 1]
    return np.asarray(basis[:, 1:])
