"""How common a row's category is."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


@final
class Frequency(LearnedFeature):
    """Share of training rows that hold the same value; 0 for an unseen one. Missing counts as a value."""

    spec = FeatureSpec(
        name="frequency",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID, Kind.TEXT}),
        gives=Form.NUMBERS,
        summary="Share of training rows with the same value: tells rare from common without a column a level.",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Levels and their shares; the last share of a column is that of missing values."""
        found: list[Levels] = []
        shares: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
        for _, series in read_categories(columns, self.inputs):
            # A value held by a single row has the share of one row: no need to remember which it was, but telling it
            # from an unseen one would teach the model what only training rows can show.
            levels, counts = Levels.count(series, minimum=2)
            found.append(levels)
            shares.append(np.append(counts, series.null_count()) / max(1, len(series)))
        return {"levels": stored(found), "shares": shares}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:share"; a value that training rows held once counts as unseen."""
        read = read_categories(columns, self.inputs)
        values = np.zeros((columns.rows, len(read)))
        for i, ((_, series), levels, shares) in enumerate(zip(read, self._levels, self.learned["shares"], strict=True)):
            codes = levels.codes(series, missing=len(levels))
            values[:, i] = np.where(codes >= 0, shares[codes], 0.0)
        return Block(Form.NUMBERS, tuple(f"{name}:share" for name, _ in read), values)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        tables: list[dict[str | None, float]] = [
            dict(zip((*levels.values, None), shares.tolist(), strict=True))
            for levels, shares in zip(self._levels, self.learned["shares"], strict=True)
        ]

        def convert(values: list[str | None]) -> list[float]:
            return [table.get(value, 0.0) for value, table in zip(values, tables, strict=True)]

        return RowStep(Reads.STRINGS, convert)
