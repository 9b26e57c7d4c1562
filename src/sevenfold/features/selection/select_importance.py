"""Columns without which a small boosted model predicts worse."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, need_target, read_numbers, sample_rows
from sevenfold.features.interactions.gain import answers

_SAMPLE_ROWS = 10_000
_ROUNDS = 60


@final
class SelectImportance(LearnedFeature):
    """Permutation importance on an inner hold-out; at least one column stays.

    A column that the model never splits on cannot change its predictions, so only the others are shuffled.
    """

    spec = FeatureSpec(
        name="select_importance",
        takes=frozenset({Kind.NUMBER, Kind.FLAG}),
        gives=Form.NUMBERS,
        summary="Numeric columns whose shuffling makes a small boosted model worse on held-out rows.",
        space=Space(
            repeats=Integer(3, 1, 20, help="Shuffles of each column."),
            least=Real(0.0005, 0.0, 0.5, log=False, help="Least loss, as a share of the target's variance."),
            shuffled=Integer(200, 1, 10_000, log=True, help="Most columns shuffled: those with the greatest gain."),
        ),
        uses_target=True,
        source="Breiman 2001, section 10; Fisher et al. 2019",
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """Places of the kept columns."""
        target = need_target(target, self.spec.name)
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values, target = values[chosen], target.take(chosen)
        if len(values) < 10 or values.shape[1] < 2:
            return {"kept": list(range(values.shape[1]))}
        shuffled = stream.permutation(len(values))
        held, learned = shuffled[: len(values) // 3], shuffled[len(values) // 3 :]
        total = np.zeros(values.shape[1])
        for answer in answers(target).T:
            total += self._importance(values, answer, learned, held, stream)
        kept = np.flatnonzero(total >= max(self.params["least"], 1e-12))
        return {"kept": [int(i) for i in kept] if len(kept) else [int(np.argmax(total))]}

    def _importance(
        self, values: Floats, answer: Floats, learned: Ints, held: Ints, stream: np.random.Generator
    ) -> Floats:
        """(columns,) loss of explained variance on held-out rows when a column is shuffled."""
        booster = _boosted(values[learned], answer[learned], int(stream.integers(2**31)))
        gains = booster.feature_importance("gain")
        used = np.argsort(-gains, kind="stable")[: self.params["shuffled"]]
        rows = np.ascontiguousarray(values[held])
        before = float(np.square(answer[held] - booster.predict(rows)).mean())
        loss = np.zeros(values.shape[1])
        for column in used[gains[used] > 0]:
            kept = rows[:, column].copy()
            for _ in range(self.params["repeats"]):
                rows[:, column] = kept[stream.permutation(len(kept))]
                loss[column] += float(np.square(answer[held] - booster.predict(rows)).mean()) - before
            rows[:, column] = kept
        return loss / self.params["repeats"]

    def transform(self, columns: Columns) -> Block:
        """The kept columns as they are."""
        values, names = read_numbers(columns, self.inputs)
        kept = self.learned["kept"]
        return Block(Form.NUMBERS, tuple(names[i] for i in kept), np.ascontiguousarray(values[:, kept]))

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        kept = [int(place) for place in self.learned["kept"]]
        return RowStep(Reads.NUMBERS, lambda values: [values[place] for place in kept])


def _boosted(values: Floats, answer: Floats, seed: int) -> Any:
    import lightgbm

    settings = {
        "objective": "regression",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "min_data_in_leaf": max(2, min(20, len(values) // 10)),
        "verbosity": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
    }
    return lightgbm.train(settings, lightgbm.Dataset(values, answer), num_boost_round=_ROUNDS)
