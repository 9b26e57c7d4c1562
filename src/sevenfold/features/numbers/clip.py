"""Extreme numbers pulled in to what training rows hold (winsorising)."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_quantiles, read_numbers


@final
class Clip(LearnedFeature):
    """Keeps values between two training quantiles. NaN stays."""

    spec = FeatureSpec(
        name="clip",
        takes=frozenset({Kind.NUMBER, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Numbers pulled in to a low and a high training quantile.",
        space=Space(share=Real(0.005, 0.0, 0.25, help="Share of training rows beyond each limit.")),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Limits, (columns,) each; an empty column has none."""
        values, _ = read_numbers(columns, self.inputs)
        share = self.params["share"]
        low, high = column_quantiles(values, np.array([share, 1 - share]))
        return {"low": np.where(np.isnan(low), -np.inf, low), "high": np.where(np.isnan(high), np.inf, high)}

    def transform(self, columns: Columns) -> Block:
        """Same columns, clipped."""
        values, names = read_numbers(columns, self.inputs)
        return Block(Form.NUMBERS, names, np.clip(values, self.learned["low"], self.learned["high"]))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        limits = list(zip(self.learned["low"].tolist(), self.learned["high"].tolist(), strict=True))

        def convert(values: list[float]) -> list[float]:
            return [low if v < low else high if v > high else v for v, (low, high) in zip(values, limits, strict=True)]

        return RowStep(Reads.NUMBERS, convert)
