"""Categories with a natural order as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.errors import RequestError
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


class Orders(Choice):
    """A parameter that holds the order of levels for some columns: {column: [lowest, ..., highest]}."""

    def check(self, name: str, value: Any) -> dict[str, list[str]]:
        """The mapping with plain lists, or a RequestError."""
        if isinstance(value, Mapping) and all(isinstance(levels, list | tuple) for levels in value.values()):
            return {str(column): [str(level) for level in levels] for column, levels in value.items()}
        raise RequestError(
            f"Parameter '{name}' is no mapping of orders.", "{column: [lowest, ..., highest]}", repr(value), "Fix it."
        )


@final
class Ordered(LearnedFeature):
    """A level's place in its column's order, which the schema holds; without one, by falling frequency.

    Missing and unseen levels are NaN.
    """

    spec = FeatureSpec(
        name="ordered",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.NUMBERS,
        summary="Levels as 0, 1, 2, ... in their given order, or by frequency where there is none.",
        space=Space(orders=Orders({}, ({},), "Known orders, from lowest to highest, by column.")),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The levels of each column in order."""
        found: list[Levels] = []
        for name, series in read_categories(columns, self.inputs):
            levels, _ = Levels.count(series)
            order = self.params["orders"].get(name)
            found.append(Levels(tuple(order)) if order else levels)
        return {"levels": stored(found)}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Same columns as places from 0."""
        read = read_categories(columns, self.inputs)
        values = np.empty((columns.rows, len(read)))
        for i, ((_, series), levels) in enumerate(zip(read, self._levels, strict=True)):
            codes = levels.codes(series)
            values[:, i] = np.where(codes >= 0, codes, np.nan)
        return Block(Form.NUMBERS, tuple(name for name, _ in read), values)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        places = [{value: float(code) for code, value in enumerate(levels.values)} for levels in self._levels]

        def convert(values: list[Any]) -> list[float]:
            return [known.get(value, np.nan) for value, known in zip(values, places, strict=True)]

        return RowStep(Reads.STRINGS, convert)
