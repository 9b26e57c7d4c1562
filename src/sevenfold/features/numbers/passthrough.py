"""Numbers as they are."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_numbers


@final
class Passthrough(LearnedFeature):
    """For models that take missing values and care for no scale. Learns nothing."""

    spec = FeatureSpec(
        name="passthrough",
        takes=frozenset({Kind.NUMBER, Kind.FLAG, Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Numbers as they are; missing and infinite values become NaN.",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Nothing."""
        return {}

    def transform(self, columns: Columns) -> Block:
        """(rows, columns) in the order of the inputs."""
        values, names = read_numbers(columns, self.inputs)
        return Block(Form.NUMBERS, names, values)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        return RowStep(Reads.NUMBERS, lambda values: values)
