"""Numbers as membership in bins of equal training counts."""

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
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_quantiles, read_numbers, sample_rows

_SAMPLE_ROWS = 200_000


@final
class Bins(LearnedFeature):
    """One 0/1 column a bin, so that a linear model can follow any curve. A missing value is in no bin."""

    spec = FeatureSpec(
        name="bins",
        takes=frozenset({Kind.NUMBER, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Membership in quantile bins, one 0/1 column a bin.",
        space=Space(count=Integer(8, 2, 64, log=True, help="Bins for each column; ties make them fewer.")),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Inner limits of all columns end to end, and where each column begins."""
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values = values[chosen]
        shares = np.linspace(0.0, 1.0, self.params["count"] + 1)[1:-1]
        inner: list[Floats] = []
        for column, quantiles in zip(values.T, column_quantiles(values, shares).T, strict=True):
            present = column[~np.isnan(column)]
            limits = np.unique(quantiles[~np.isnan(quantiles)])
            # A limit at the least value would leave the bin below it empty.
            inner.append(limits[limits > present.min()] if len(present) else limits)
        starts = np.cumsum([0, *(len(part) for part in inner)])
        return {"limits": np.concatenate([*inner, np.empty(0)]), "starts": starts.astype(np.int64)}

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:bin1", "NAME:bin2", ...; a value on a limit belongs above it."""
        values, names = read_numbers(columns, self.inputs)
        starts = self.learned["starts"]
        widths = np.diff(starts) + 1
        offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
        result = np.zeros((len(values), int(offsets[-1])))
        rows = np.arange(len(values))
        made: list[str] = []
        for i, name in enumerate(names):
            present = ~np.isnan(values[:, i])
            limits = self.learned["limits"][starts[i] : starts[i + 1]]
            places = np.searchsorted(limits, values[present, i], side="right")
            result[rows[present], offsets[i] + places] = 1.0
            made.extend(f"{name}:bin{j + 1}" for j in range(int(widths[i])))
        return Block(Form.NUMBERS, tuple(made), result)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        limits, starts = self.learned["limits"].tolist(), self.learned["starts"].tolist()
        inner = [limits[a:b] for a, b in pairwise(starts)]
        before = np.cumsum([0, *(len(part) + 1 for part in inner)]).tolist()

        def convert(values: list[float]) -> list[float]:
            result = [0.0] * before[-1]
            for value, start, part in zip(values, before, inner, strict=False):
                if value == value:
                    result[start + bisect_right(part, value)] = 1.0
            return result

        return RowStep(Reads.NUMBERS, convert)
