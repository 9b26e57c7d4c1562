"""Skewed numbers on a logarithmic scale."""

from __future__ import annotations

import math
from typing import final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, column_moments, read_numbers


@final
class Log(LearnedFeature):
    """sign(x) log(1 + |x|) for columns that are skewed in training rows; others pass. NaN stays."""

    spec = FeatureSpec(
        name="log",
        takes=frozenset({Kind.NUMBER}),
        gives=Form.NUMBERS,
        summary="Signed logarithm of columns that are skewed in training rows.",
        space=Space(skew=Real(1.0, 0.0, 100.0, help="Least absolute skewness; 0 bends every column.")),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Which columns are bent, (columns,)."""
        values, _ = read_numbers(columns, self.inputs)
        return {"bent": np.abs(skewness(values)) >= self.params["skew"]}

    def transform(self, columns: Columns) -> Block:
        """Same columns; bent ones on the logarithmic scale."""
        values, names = read_numbers(columns, self.inputs)
        bent = np.copysign(np.log1p(np.abs(values)), values)
        return Block(Form.NUMBERS, names, np.where(self.learned["bent"], bent, values))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        places = np.flatnonzero(self.learned["bent"]).tolist()

        def convert(values: list[float]) -> list[float]:
            result = list(values)
            # numpy's own logarithm: the standard library's may differ in its last bit.
            bent = np.log1p(np.abs(np.array([values[place] for place in places]))).tolist()
            for place, value in zip(places, bent, strict=True):
                result[place] = math.copysign(value, values[place])
            return result

        return RowStep(Reads.NUMBERS, convert)


def skewness(values: Floats) -> Floats:
    """Third standardised moment of each column without its NaN, (columns,); 0 where there is no spread."""
    mean, deviation = column_moments(values)
    present = ~np.isnan(values)
    spread = np.where(deviation > 0, deviation, 1.0)
    scores = np.where(present & (deviation > 0), values / spread - mean / spread, 0.0)
    return np.asarray((scores**3).sum(axis=0) / np.maximum(present.sum(axis=0), 1))
