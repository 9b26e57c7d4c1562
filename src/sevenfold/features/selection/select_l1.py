"""Columns that a sparse linear model keeps."""

from __future__ import annotations

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
from sevenfold.features.base import LearnedFeature, column_moments, need_target, read_numbers, sample_rows
from sevenfold.features.interactions.gain import answers

_SAMPLE_ROWS = 10_000


@final
class SelectL1(LearnedFeature):
    """The lasso on standardised columns, at a share of the penalty that would drop all; at least one stays."""

    spec = FeatureSpec(
        name="select_l1",
        takes=frozenset({Kind.NUMBER, Kind.FLAG}),
        gives=Form.NUMBERS,
        summary="Numeric columns that the lasso keeps.",
        space=Space(
            strength=Real(0.05, 0.001, 0.99, log=True, help="Share of the penalty that would drop every column."),
        ),
        uses_target=True,
        source="Tibshirani 1996",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Places of the kept columns."""
        target = need_target(target, self.spec.name)
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values, target = values[chosen], target.take(chosen)
        mean, spread = column_moments(values)
        scaled = np.where(np.isnan(values), 0.0, (values - mean) / np.where(spread > 0, spread, 1.0))
        return {"kept": _kept(scaled, answers(target), self.params["strength"])}

    def transform(self, columns: Columns) -> Block:
        """The kept columns as they are."""
        values, names = read_numbers(columns, self.inputs)
        kept = self.learned["kept"]
        return Block(Form.NUMBERS, tuple(names[i] for i in kept), np.ascontiguousarray(values[:, kept]))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        kept = [int(place) for place in self.learned["kept"]]
        return RowStep(Reads.NUMBERS, lambda values: [values[place] for place in kept])


def _kept(scaled: Floats, wanted: Floats, strength: float) -> list[int]:
    """Union, over the answers, of the columns with a weight."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import Lasso
    from threadpoolctl import threadpool_limits

    if not scaled.size:
        return list(range(scaled.shape[1]))
    kept = np.zeros(scaled.shape[1], dtype=np.bool_)
    with threadpool_limits(1), warnings.catch_warnings():
        # Which weights are zero is settled long before their last digits are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        strongest = np.abs(scaled.T @ wanted) / len(scaled)
        for answer, ceiling in zip(wanted.T, strongest.max(axis=0), strict=True):
            if ceiling > 0:
                kept |= Lasso(alpha=float(strength * ceiling), max_iter=500, tol=1e-3).fit(scaled, answer).coef_ != 0
    if not kept.any():
        kept[int(np.argmax(strongest.max(axis=1)))] = True
    return [int(i) for i in np.flatnonzero(kept)]
