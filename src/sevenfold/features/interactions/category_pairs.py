"""Pairs of categories as one category, where the pair tells more than both."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, need_target, read_categories, sample_rows
from sevenfold.features.categories.levels import Levels, restored, stored
from sevenfold.features.interactions.gain import answers, gain, judges, residual

if TYPE_CHECKING:
    import polars as pl

_SAMPLE_ROWS = 20_000
# Between the two values of a pair: a character that no text file holds.
_BETWEEN = "\x1f"


@final
class CategoryPairs(LearnedFeature):
    """Codes of pairs, kept where all judging folds agree; -1 where a part is missing, the pair rare or unseen."""

    spec = FeatureSpec(
        name="category_pairs",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.CATEGORIES,
        summary="Two categories crossed into one, kept where held-out rows agree that it helps.",
        space=Space(
            columns=Integer(10, 2, 100, help="Columns that pairs are made of: the most telling ones."),
            keep=Integer(8, 1, 100, help="Most pairs."),
            gain=Real(0.003, 0.0, 1.0, help="Least share of the target's variance explained beyond both parts."),
            minimum=Integer(2, 1, 10_000, log=True, help="Pairs that occur less often in training have no code."),
        ),
        uses_target=True,
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The kept pairs, as places among the inputs, and their levels."""
        target = need_target(target, self.spec.name)
        read = read_categories(columns, self.inputs)
        chosen = sample_rows(columns.rows, _SAMPLE_ROWS, stream)
        if chosen is not None:
            target = target.take(chosen)
        wanted, folds = answers(target), judges(len(target), stream)
        codes = {}
        for i, (_, series) in enumerate(read):
            part = series if chosen is None else series.gather(chosen)
            codes[i] = Levels.count(part)[0].codes(part).astype(np.int64) + 1
        alone = {i: gain(groups, wanted, folds) for i, groups in codes.items()}
        best = sorted(sorted(alone, key=lambda i: -alone[i])[: self.params["columns"]])
        found: list[tuple[float, int, int]] = []
        for a, b in combinations(best, 2):
            _, joined = np.unique(codes[a] * (int(codes[b].max(initial=0)) + 1) + codes[b], return_inverse=True)
            found.append((gain(joined, residual(wanted, [codes[a], codes[b]]), folds), a, b))
        found.sort(key=lambda item: -item[0])
        kept = [(a, b) for score, a, b in found if score >= self.params["gain"]][: self.params["keep"]]
        levels = [Levels.count(_paired(read[a][1], read[b][1]), self.params["minimum"])[0] for a, b in kept]
        return {"pairs": [list(pair) for pair in kept], "levels": stored(levels)}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Columns "A&B" as int32 codes."""
        read = read_categories(columns, self.inputs)
        pairs = self.learned["pairs"]
        codes = np.empty((columns.rows, len(pairs)), dtype=np.int32)
        for i, ((a, b), levels) in enumerate(zip(pairs, self._levels, strict=True)):
            codes[:, i] = levels.codes(_paired(read[a][1], read[b][1]))
        names = tuple(f"{read[a][0]}&{read[b][0]}" for a, b in pairs)
        return Block(Form.CATEGORIES, names, codes, tuple(map(len, self._levels)))

    def row_step(self) -> RowStep | None:
        """See `Feature.row_step`; an earlier step's columns are not known by place here."""
        if any(name.startswith("@") for name in self.inputs):
            return None
        known = [{value: code for code, value in enumerate(levels.values)} for levels in self._levels]
        pairs = [(int(a), int(b), codes) for (a, b), codes in zip(self.learned["pairs"], known, strict=True)]

        def convert(values: list[Any]) -> list[int]:
            return [
                -1 if values[a] is None or values[b] is None else codes.get(values[a] + _BETWEEN + values[b], -1)
                for a, b, codes in pairs
            ]

        return RowStep(Reads.STRINGS, convert)


def _paired(a: pl.Series, b: pl.Series) -> pl.Series:
    import polars as pl

    both = pl.DataFrame([a.alias("a"), b.alias("b")])
    return both.select(pl.concat_str("a", "b", separator=_BETWEEN)).to_series()
