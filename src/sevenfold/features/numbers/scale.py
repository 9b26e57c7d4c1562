"""Numbers on a common scale."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_moments, column_quantiles, read_numbers, sample_rows

_SAMPLE_ROWS = 500_000
# Beyond a million training spreads a value says no more than "huge", and sums of its squares lose all else.
_LIMIT = 1e6


@final
class Scale(LearnedFeature):
    """Centre and divide; a column without spread in training becomes 0 there. NaN stays."""

    spec = FeatureSpec(
        name="scale",
        takes=frozenset({Kind.NUMBER, Kind.FLAG, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Numbers centred and divided by their spread in training rows.",
        space=Space(
            method=Choice(
                "standard",
                ("standard", "robust", "minmax"),
                "Mean and standard deviation; median and quartiles; or least and greatest value.",
            ),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Centre and spread of each column, (columns,) each."""
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values = values[chosen]
        mean, deviation = column_moments(values)
        if self.params["method"] == "standard":
            centre, spread = mean, deviation
        elif self.params["method"] == "robust":
            low, centre, high = column_quantiles(values, np.array([0.25, 0.5, 0.75]))
            # 1.349 quartile distances are one standard deviation of a normal column. Half of the distance first: no
            # overflow. A column that is nearly always the same has no quartile distance; it keeps its deviation.
            spread = (high / 2 - low / 2) * (2 / 1.349)
            spread = np.where(spread > 0, spread, deviation)
        else:
            centre, high = column_quantiles(values, np.array([0.0, 1.0]))
            with np.errstate(over="ignore"):
                spread = np.minimum(high - centre, np.finfo(np.float64).max)
        usable = np.isfinite(centre) & (spread > 0)
        return {"centre": np.where(np.isfinite(centre), centre, 0.0), "spread": np.where(usable, spread, 1.0)}

    def transform(self, columns: Columns) -> Block:
        """Same columns, scaled."""
        values, names = read_numbers(columns, self.inputs)
        with np.errstate(over="ignore"):
            scaled = values - self.learned["centre"]
            scaled /= self.learned["spread"]
        return Block(Form.NUMBERS, names, np.clip(scaled, -_LIMIT, _LIMIT, out=scaled))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        by_column = list(zip(self.learned["centre"].tolist(), self.learned["spread"].tolist(), strict=True))

        def convert(values: list[float]) -> list[float]:
            return [
                scaled if -_LIMIT <= (scaled := (v - centre) / spread) <= _LIMIT else _held(scaled)
                for v, (centre, spread) in zip(values, by_column, strict=True)
            ]

        return RowStep(Reads.NUMBERS, convert)


def _held(scaled: float) -> float:
    """A value within the limits; NaN stays."""
    return _LIMIT if scaled > _LIMIT else -_LIMIT if scaled < 0 else scaled
