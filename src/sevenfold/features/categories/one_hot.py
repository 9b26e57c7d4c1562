"""One 0/1 column for each level of a category."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.compiled import Reads, RowStep, SparseRow
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored

_TAKES = frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID})
_SPACE = Space(
    minimum=Integer(2, 1, 10_000, log=True, help="Levels that occur less often in training get no column."),
    limit=Integer(1000, 2, 1_000_000, log=True, help="Most columns for one category: its most frequent levels."),
)


class _Levelled(LearnedFeature):
    """What the dense and the sparse form share: levels by falling count, and a mark of missing values."""

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The levels of each column, and whether training rows missed some of it."""
        vocabularies: list[Levels] = []
        marked: list[bool] = []
        for _, series in read_categories(columns, self.inputs):
            levels, _ = Levels.count(series, self.params["minimum"], self.params["limit"])
            vocabularies.append(levels)
            marked.append(series.null_count() > 0)
        return {"levels": stored(vocabularies), "marked": marked}

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])
        self._known_names: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    def _names(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the output, made once: with many levels they take longer than to convert one row."""
        if self._known_names is None or self._known_names[0] != columns:
            made: list[str] = []
            for name, levels, marked in zip(columns, self._levels, self.learned["marked"], strict=True):
                made.extend(f"{name}={value}" for value in levels.values)
                made.extend([f"{name}:missing"] * marked)
            self._known_names = (columns, tuple(made))
        return self._known_names[1]

    def _places(self, columns: Columns) -> tuple[Ints, Ints, tuple[str, ...]]:
        """Rows and columns of the ones, rows in order for each source column, and the columns' names."""
        rows: list[Ints] = [np.empty(0, np.int64)]
        places: list[Ints] = [np.empty(0, np.int64)]
        read = read_categories(columns, self.inputs)
        before = 0
        for (_, series), levels, marked in zip(read, self._levels, self.learned["marked"], strict=True):
            codes = levels.codes(series, missing=len(levels) if marked else -1)
            known = np.flatnonzero(codes >= 0)
            rows.append(known)
            places.append(codes[known].astype(np.int64) + before)
            before += len(levels) + marked
        return np.concatenate(rows), np.concatenate(places), self._names(tuple(name for name, _ in read))

    def _row_places(self) -> list[dict[str | None, int]]:
        """For each source column the place of the one by value; of None where missing values are marked."""
        found: list[dict[str | None, int]] = []
        before = 0
        for levels, marked in zip(self._levels, self.learned["marked"], strict=True):
            places: dict[str | None, int] = {value: before + code for code, value in enumerate(levels.values)}
            if marked:
                places[None] = before + len(levels)
            found.append(places)
            before += len(levels) + marked
        return found


@final
class OneHot(_Levelled):
    """Dense: for few levels. A level that is rare or was never seen gives zeros."""

    spec = FeatureSpec(
        name="one_hot",
        takes=_TAKES,
        gives=Form.NUMBERS,
        summary="One 0/1 column for each level, for categories with few.",
        space=_SPACE,
    )

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME=LEVEL", and "NAME:missing" where training rows missed some."""
        rows, places, names = self._places(columns)
        values = np.zeros((columns.rows, len(names)))
        values[rows, places] = 1.0
        return Block(Form.NUMBERS, names, values)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        places = self._row_places()
        width = sum(map(len, places))

        def convert(values: list[str | None]) -> list[float]:
            result = [0.0] * width
            for value, known in zip(values, places, strict=True):
                if value in known:
                    result[known[value]] = 1.0
            return result

        return RowStep(Reads.STRINGS, convert)


@final
class OneHotSparse(_Levelled):
    """Sparse: for many levels. A level that is rare or was never seen gives no entry."""

    spec = FeatureSpec(
        name="one_hot_sparse",
        takes=_TAKES,
        gives=Form.SPARSE,
        summary="One 0/1 column for each level, stored sparsely, for categories with many.",
        space=_SPACE,
    )

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME=LEVEL", and "NAME:missing" where training rows missed some."""
        from scipy import sparse

        rows, places, names = self._places(columns)
        matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, places)), shape=(columns.rows, len(names)))
        matrix.sort_indices()
        return Block(Form.SPARSE, names, matrix)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        places = self._row_places()

        def convert(values: list[str | None]) -> SparseRow:
            ones = [known[value] for value, known in zip(values, places, strict=True) if value in known]
            return SparseRow(ones, [1.0] * len(ones))

        return RowStep(Reads.STRINGS, convert)
