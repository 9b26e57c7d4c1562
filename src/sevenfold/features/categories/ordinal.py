"""Categories as codes, for models that understand them."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


@final
class Ordinal(LearnedFeature):
    """Code 0 is the level most frequent in training; -1 stands for missing, rare and unseen."""

    spec = FeatureSpec(
        name="ordinal",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.CATEGORIES,
        summary="Category codes by falling frequency, for models that take categories as they are.",
        space=Space(
            minimum=Integer(1, 1, 10_000, log=True, help="Levels that occur less often in training have no code."),
            limit=Integer(100_000, 2, 10_000_000, log=True, help="Most codes for one column."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The levels of each column in the order of their codes."""
        found = [
            Levels.count(series, self.params["minimum"], self.params["limit"])[0]
            for _, series in read_categories(columns, self.inputs)
        ]
        return {"levels": stored(found)}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Same columns as int32 codes."""
        read = read_categories(columns, self.inputs)
        codes = np.empty((columns.rows, len(read)), dtype=np.int32)
        for i, ((_, series), levels) in enumerate(zip(read, self._levels, strict=True)):
            codes[:, i] = levels.codes(series)
        return Block(Form.CATEGORIES, tuple(name for name, _ in read), codes, tuple(map(len, self._levels)))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        codes = [{value: code for code, value in enumerate(levels.values)} for levels in self._levels]

        def convert(values: list[Any]) -> list[int]:
            return [known.get(value, -1) for value, known in zip(values, codes, strict=True)]

        return RowStep(Reads.STRINGS, convert)
