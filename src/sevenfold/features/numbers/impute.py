"""Missing numbers filled, and marked where training rows missed some, too."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_moments, column_quantiles, read_numbers, sample_rows

_SAMPLE_ROWS = 200_000


@final
class Impute(LearnedFeature):
    """Fills with a column's median, mean or a constant. A column that training rows never hold becomes the constant."""

    spec = FeatureSpec(
        name="impute",
        takes=frozenset({Kind.NUMBER, Kind.FLAG, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Missing numbers filled; a 0/1 column marks them where training rows missed some.",
        space=Space(
            strategy=Choice("median", ("median", "mean", "constant"), "What stands in for a missing value."),
            constant=Real(0.0, -1e9, 1e9, help="The constant."),
            flags=Choice(True, (True, False), "Add a column that marks missing values."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Fill values (columns,), and the positions of columns that get a mark."""
        values, _ = read_numbers(columns, self.inputs)
        missing = np.isnan(values)
        constant = np.full(values.shape[1], self.params["constant"])
        if self.params["strategy"] == "median":
            chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
            part = values if chosen is None else values[chosen]
            fill = column_quantiles(part, np.array([0.5]))[0]
            # A column may be missing in all of the sample and present elsewhere.
            fill = np.where(np.isnan(fill), column_moments(values)[0], fill) if np.isnan(fill).any() else fill
        elif self.params["strategy"] == "mean":
            fill = column_moments(values)[0]
        else:
            fill = constant
        empty = missing.all(axis=0)
        marked = (
            _distinct(missing, np.flatnonzero(missing.any(axis=0) & ~empty).tolist()) if self.params["flags"] else []
        )
        return {"fill": np.where(empty, constant, fill), "marked": marked}

    def transform(self, columns: Columns) -> Block:
        """Filled columns, then marks named "NAME:missing"; columns missing together in training share the first's."""
        values, names = read_numbers(columns, self.inputs)
        missing = np.isnan(values)
        filled = np.where(missing, self.learned["fill"], values)
        marked = self.learned["marked"]
        if len(marked):
            filled = np.concatenate([filled, missing[:, marked].astype(np.float64)], axis=1)
        return Block(Form.NUMBERS, (*names, *(f"{names[i]}:missing" for i in marked)), filled)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        fill: list[float] = self.learned["fill"].tolist()
        marked = [int(place) for place in self.learned["marked"]]

        def convert(values: list[float]) -> list[float]:
            filled = [f if v != v else v for v, f in zip(values, fill, strict=True)]
            if marked:
                filled += [1.0 if values[place] != values[place] else 0.0 for place in marked]
            return filled

        return RowStep(Reads.NUMBERS, convert)


def _distinct(missing: Flags, candidates: list[int]) -> list[int]:
    """The first column of each pattern of missing rows."""
    first: dict[bytes, int] = {}
    for column in candidates:
        first.setdefault(np.packbits(missing[:, column]).tobytes(), column)
    return list(first.values())
