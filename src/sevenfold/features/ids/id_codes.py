"""Users and items as codes, for recommenders."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


@final
class IdCodes(LearnedFeature):
    """Every user or item of the training rows has a code, by falling number of events; -1 is unseen or missing."""

    spec = FeatureSpec(
        name="id_codes",
        takes=frozenset({Kind.ID, Kind.CATEGORY, Kind.NUMBER, Kind.FLAG, Kind.TEXT}),
        gives=Form.IDS,
        summary="Codes of users and items; the inputs are the user column, then the item column.",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The values of each column in the order of their codes."""
        return {"levels": stored([Levels.count(series)[0] for _, series in read_categories(columns, self.inputs)])}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Same columns as int32 codes; `levels` gives the number of known users and items."""
        read = read_categories(columns, self.inputs)
        codes = np.empty((columns.rows, len(read)), dtype=np.int32)
        for i, ((_, series), levels) in enumerate(zip(read, self._levels, strict=True)):
            codes[:, i] = levels.codes(series)
        return Block(Form.IDS, tuple(name for name, _ in read), codes, tuple(map(len, self._levels)))
