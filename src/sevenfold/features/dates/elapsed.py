"""Time that passed: since the beginning of the training rows, and from one date column to another."""

from __future__ import annotations

from itertools import combinations
from typing import final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_numbers

_DAY_SECONDS = 86400.0


@final
class Elapsed(LearnedFeature):
    """In days, with fractions. A missing date gives NaN."""

    spec = FeatureSpec(
        name="elapsed",
        takes=frozenset({Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Days since the first training date, and days between pairs of date columns.",
        space=Space(
            since=Choice(True, (True, False), "Give days since the column's first training date."),
            pairs=Integer(45, 0, 1000, help="Most pairs of date columns."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The first date of each column, in seconds since 1970, (columns,)."""
        seconds, _ = read_numbers(columns, self.inputs)
        first = np.min(np.where(np.isnan(seconds), np.inf, seconds), axis=0, initial=np.inf)
        return {"first": np.where(np.isfinite(first), first, 0.0)}

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:since", then "LATER-EARLIER" for each pair in the order of the inputs."""
        seconds, names = read_numbers(columns, self.inputs)
        pairs = list(combinations(range(len(names)), 2))[: self.params["pairs"]]
        made: list[str] = []
        parts = [np.empty((len(seconds), 0))]
        if self.params["since"]:
            parts.append((seconds - self.learned["first"]) / _DAY_SECONDS)
            made.extend(f"{name}:since" for name in names)
        if pairs:
            earlier, later = np.array(pairs).T
            parts.append((seconds[:, later] - seconds[:, earlier]) / _DAY_SECONDS)
            made.extend(f"{names[b]}-{names[a]}" for a, b in pairs)
        return Block(Form.NUMBERS, tuple(made), np.concatenate(parts, axis=1))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        first: list[float] = self.learned["first"].tolist() if self.params["since"] else []
        pairs = list(combinations(range(len(self.learned["first"])), 2))[: self.params["pairs"]]

        def convert(seconds: list[float]) -> list[float]:
            since = [(s - start) / _DAY_SECONDS for s, start in zip(seconds, first, strict=False)]
            return since + [(seconds[later] - seconds[earlier]) / _DAY_SECONDS for earlier, later in pairs]

        return RowStep(Reads.NUMBERS, convert)
