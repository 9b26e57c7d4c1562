"""Categories as the mean target of their training rows."""

from __future__ import annotations

from typing import final

import numpy as np

from sevenfold.core.arrays import Codes, Floats, Ints
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.features.base import LearnedFeature, need_target, read_categories
from sevenfold.features.categories.levels import Levels, restored, stored


@final
class TargetEncode(LearnedFeature):
    """A level's mean target, drawn towards the overall mean as if `smoothing` more rows had that.

    Training rows are encoded by the other folds, so a level of one row tells nothing about that row. Missing
    counts as a level; unseen levels get the overall mean. One column a class for more than two classes (the most
    frequent ones), one column otherwise.
    """

    spec = FeatureSpec(
        name="target_encode",
        takes=frozenset({Kind.CATEGORY, Kind.FLAG, Kind.ID}),
        gives=Form.NUMBERS,
        summary="Smoothed mean target of each level, cross-fitted on training rows.",
        space=Space(
            smoothing=Real(10.0, 0.1, 1000.0, log=True, help="Rows of overall mean added to each level."),
            folds=Integer(5, 2, 20, help="Folds of the training rows' own encoding."),
            classes=Integer(12, 1, 100, help="Most classes that get a column."),
        ),
        uses_target=True,
        source="Micci-Barreca 2001, equation 3, with n/(n+m) as the weight; cross-fitted as in Pargent et al. 2022",
    )

    def fit(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> Block:
        """Learn from all rows; encode each of them by folds that do not hold it."""
        target = need_target(target, self.spec.name)
        read = read_categories(columns, self.inputs)
        answers, suffixes = _answers(target, self.params["classes"])
        weights = np.ones(len(target)) if target.weights is None else target.weights
        folds = stratified_folds(target.values, min(self.params["folds"], max(2, len(target))), stream)
        vocabularies = [Levels.count(series)[0] for _, series in read]
        encoded = np.empty((len(target), len(read) * answers.shape[1]))
        tables: list[Floats] = []
        width = answers.shape[1]
        for i, ((_, series), levels) in enumerate(zip(read, vocabularies, strict=True)):
            codes = levels.codes(series, missing=len(levels))
            encoded[:, i * width : (i + 1) * width] = self._cross_fit(codes, len(levels) + 1, answers, weights, folds)
            tables.append(self._table(codes, len(levels) + 1, answers, weights))
        prior = (answers * weights[:, None]).sum(axis=0) / max(weights.sum(), 1e-300)
        self.restore({"levels": stored(vocabularies), "tables": tables, "prior": prior, "suffixes": suffixes})
        return Block(Form.NUMBERS, self._names([name for name, _ in read]), encoded)

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """What `fit` keeps."""
        self.fit(columns, target, stream)
        return self.learned

    def _table(self, codes: Codes, size: int, answers: Floats, weights: Floats) -> Floats:
        """(levels, answers) smoothed means of all rows; a level without rows has the prior."""
        sums, counts = _sums(codes, size, answers, weights)
        prior = sums.sum(axis=0) / max(counts.sum(), 1e-300)
        return self._smooth(sums, counts, prior)

    def _cross_fit(self, codes: Codes, size: int, answers: Floats, weights: Floats, folds: Ints) -> Floats:
        """(rows, answers) smoothed means of the other folds."""
        number = int(folds.max(initial=0)) + 1
        sums, counts = _sums(folds * size + codes, number * size, answers, weights)
        sums, counts = sums.reshape(number, size, -1), counts.reshape(number, size)
        tables = np.empty(sums.shape)
        for fold in range(number):
            # The other folds added up, not the total less the fold's own: a difference would leave rounding traces of
            # the rows' own targets.
            others = np.arange(number) != fold
            left, seen = sums[others].sum(axis=0), counts[others].sum(axis=0)
            tables[fold] = self._smooth(left, seen, left.sum(axis=0) / max(seen.sum(), 1e-300))
        return np.asarray(tables[folds, codes])

    def _smooth(self, sums: Floats, counts: Floats, prior: Floats) -> Floats:
        smoothing = self.params["smoothing"]
        return np.asarray((sums + smoothing * prior) / (counts + smoothing)[:, None])

    def prepare(self) -> None:
        """Build the vocabularies."""
        self._levels = restored(self.learned["levels"])

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:target", or "NAME:target-CLASS" for each class."""
        read = read_categories(columns, self.inputs)
        prior = self.learned["prior"]
        parts: list[Floats] = [np.empty((columns.rows, 0))]
        for (_, series), levels, table in zip(read, self._levels, self.learned["tables"], strict=True):
            codes = levels.codes(series, missing=len(levels))
            parts.append(np.where((codes >= 0)[:, None], table[codes], prior))
        return Block(Form.NUMBERS, self._names([name for name, _ in read]), np.concatenate(parts, axis=1))

    def _names(self, columns: list[str]) -> tuple[str, ...]:
        return tuple(f"{name}:target{suffix}" for name in columns for suffix in self.learned["suffixes"])

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        prior: list[float] = self.learned["prior"].tolist()
        tables: list[dict[str | None, list[float]]] = []
        for levels, table in zip(self._levels, self.learned["tables"], strict=True):
            # The last row of a table is that of missing values.
            tables.append(dict(zip((*levels.values, None), table.tolist(), strict=True)))

        def convert(values: list[str | None]) -> list[float]:
            result: list[float] = []
            for value, table in zip(values, tables, strict=True):
                result += table.get(value, prior)
            return result

        return RowStep(Reads.STRINGS, convert)


def _answers(target: Target, limit: int) -> tuple[Floats, list[str]]:
    """(rows, answers) numbers to average, and a suffix of each."""
    if target.goal is not Goal.MULTICLASS:
        return target.values[:, None], [""]
    sizes = np.bincount(target.codes, minlength=target.classes)
    kept = np.sort(np.argsort(-sizes, kind="stable")[:limit])
    return (target.codes[:, None] == kept[None, :]).astype(np.float64), [f"-{code}" for code in kept]


def _sums(codes: Codes | Ints, size: int, answers: Floats, weights: Floats) -> tuple[Floats, Floats]:
    sums: Floats = np.stack(
        [np.bincount(codes, weights=weights * answer, minlength=size) for answer in answers.T], axis=1
    )
    return sums, np.bincount(codes, weights=weights, minlength=size).astype(np.float64)


def stratified_folds(values: Floats, folds: int, stream: np.random.Generator) -> Ints:
    """(rows,) fold numbers; each fold holds alike values, else the mean of the other folds would betray a fold's own.

    Rows are shuffled, sorted by value, and dealt out in blocks of one row for each fold.
    """
    shuffled = stream.permutation(len(values))
    order = shuffled[np.argsort(values[shuffled], kind="stable")]
    blocks = -(-len(values) // folds)
    deals = np.argsort(stream.random((blocks, folds)), axis=1).reshape(-1)[: len(values)]
    assigned = np.empty(len(values), dtype=np.int64)
    assigned[order] = deals
    return assigned
