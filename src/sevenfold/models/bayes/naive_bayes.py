"""Naive Bayes: numbers by bell curves, categories by counts, sparse columns by shares of a class's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Form, Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Estimator, FitContext, FitInfo, ModelSpec, Trait, Valid
from sevenfold.core.space import Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Goal, Target
from sevenfold.models.cost import cost_of
from sevenfold.models.fitting import equal_or, learnable
from sevenfold.models.linear.base import present_classes, row_spread_out, spread_out
from sevenfold.models.probabilities import row_softmax, softmax
from sevenfold.models.rowwise import sparse_weighted_sums
from sevenfold.models.scaling import Scaling

# A standardised number farther away than this says no more than one at it.
_FARTHEST = 30.0


class NaiveBayes(Estimator):
    """Bayes' rule as if the columns were independent within a class; a missing value says nothing."""

    spec = ModelSpec(
        name="naive_bayes",
        title="Naive Bayes",
        solves=frozenset({Goal.BINARY, Goal.MULTICLASS}),
        accepts=frozenset({Form.NUMBERS, Form.CATEGORIES, Form.SPARSE}),
        space=Space(
            smoothing=Real(
                1.0, 1e-3, 100.0, log=True, help="rows added to each category and word, so none is impossible"
            ),
            widening=Real(0.01, 1e-6, 1.0, log=True, help="share of a column's variance added to each class's"),
            trust=Real(0.4, 0.05, 1.0, log=True, help="below 1 takes back certainty that columns repeat each other"),
        ),
        portfolio=({}, {"trust": 1.0}, {"smoothing": 0.1, "trust": 0.15}),
        cost=lambda _, size: cost_of(size, 15.0 * size.rows * size.columns),
        source="Maron, Automatic Indexing, JACM 8, 1961; McCallum and Nigam 1998",
        summary="Learns in one pass: a quick yardstick on text and on wide tables.",
        traits=frozenset({Trait.WEIGHTS, Trait.MISSING, Trait.INTERPRETABLE}),
    )
    matrices = (Matrix("words"),)

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Count and average within each class; `valid` is not looked at."""
        inputs, target = learnable(self.spec, inputs, target, context)
        self.classes = target.classes
        self.present, target = present_classes(target)
        weights = equal_or(target.weights, len(target))
        member = (target.codes[:, None] == np.arange(target.classes)) * weights[:, None]
        self.prior = np.log(member.sum(axis=0) / member.sum())
        numbers, categories, sparse = (inputs.get(form) for form in (Form.NUMBERS, Form.CATEGORIES, Form.SPARSE))
        self.numbers = self._bells(numbers.values, member) if numbers else None
        self.categories = self._tables(categories.values, categories.levels, member) if categories else None
        self.words = self._shares(sparse.values, member) if sparse else None
        return FitInfo()

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        evidence = np.zeros((inputs.rows, len(self.prior)))
        if self.numbers is not None:
            evidence += self._number_evidence(inputs[Form.NUMBERS].values)
        if self.categories is not None:
            codes = inputs[Form.CATEGORIES].values
            for column, table in enumerate(self.categories):
                # The last entry of a table is 0: a category that is missing or unknown says nothing.
                code = np.where((codes[:, column] >= 0) & (codes[:, column] < len(table) - 1), codes[:, column], -1)
                evidence += table[code]
        if self.words is not None:
            counts = inputs[Form.SPARSE].values.tocsr()
            evidence += sparse_weighted_sums(abs(counts).minimum(1e6), self.words)
        return spread_out(softmax(self.prior + self.params["trust"] * evidence), self.present, self.classes)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        bells = None if self.numbers is None else self._row_numbers()
        tables = [table.tolist() for table in self.categories or ()]
        words = None if self.words is None else np.ascontiguousarray(self.words.T)
        prior, trust, classes = self.prior, self.params["trust"], self.classes
        present = self.present.tolist()

        def predict(row: RowInputs) -> list[float]:
            evidence = np.zeros(len(prior))
            if bells is not None:
                evidence += bells(row.numbers)
            for code, table in zip(row.codes, tables, strict=False):
                evidence += table[code if 0 <= code < len(table) - 1 else -1]
            if words is not None and row.sparse is not None and row.sparse.places:
                sizes = np.minimum(np.abs(np.array(row.sparse.values)), 1e6)
                # Added one after another, as the product of the matrices adds them.
                evidence += np.add.accumulate(words[row.sparse.places] * sizes[:, None], axis=0)[-1]
            return row_spread_out(row_softmax((prior + trust * evidence).tolist()), present, classes)

        return predict

    def _row_numbers(self) -> Callable[[list[float]], Floats]:
        """`_number_evidence` of one row as a function."""
        assert self.numbers is not None
        scaling = Scaling.restored(self.numbers["scaling"])
        scale, varies = scaling.row(), scaling.spread > 0
        means, variances = np.ascontiguousarray(self.numbers["means"]), np.ascontiguousarray(self.numbers["variances"])
        logs = np.stack([np.log(variance) for variance in variances])

        def evidence(values: list[float]) -> Floats:
            known = np.array([value == value for value in values]) & varies
            held = [value if value == value else 0.0 for value in values]
            scaled = np.minimum(np.maximum(scale(held), -_FARTHEST), _FARTHEST)
            terms = -0.5 * ((scaled - means) ** 2 / variances + logs)
            found: Floats = np.where(known, terms, 0.0).sum(axis=1)
            return found

        return evidence

    def state(self) -> State:
        """What was learned, as data."""
        return {
            "classes": self.classes,
            "present": self.present,
            "prior": self.prior,
            "numbers": self.numbers,
            "categories": self.categories,
            "words": self.words,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.classes = int(state["classes"])
        self.present = np.asarray(state["present"], np.int64)
        self.prior = np.asarray(state["prior"], np.float64)
        self.numbers = state["numbers"]
        self.categories = state["categories"]
        self.words = state["words"]
        if len(self.prior) != len(self.present) or any(t.shape[1:] != self.prior.shape for t in self.categories or ()):
            raise BundleError("A stored naive Bayes is damaged.", f"{len(self.present)} classes", str(self.prior.shape))

    def _bells(self, values: Floats, member: Floats) -> dict[str, Any]:
        known = ~np.isnan(values)
        counts = np.maximum(member.T @ known, 1e-300)
        scaling = Scaling.of(np.where(known, values, _column_means(values, known)))
        scaled = np.where(known, np.clip(scaling.apply(values), -_FARTHEST, _FARTHEST), 0.0)
        means = member.T @ scaled / counts
        squares = member.T @ (scaled**2) / counts
        variances = np.maximum(squares - means**2, 0.0) + self.params["widening"]
        # A class that has no value in a column is given the column's own bell.
        empty = counts <= 1e-300
        return {
            "scaling": scaling.state(),
            "means": np.where(empty, 0.0, means),
            "variances": np.where(empty, 1.0, variances),
        }

    def _number_evidence(self, values: Floats) -> Floats:
        assert self.numbers is not None
        scaling = Scaling.restored(self.numbers["scaling"])
        known = ~np.isnan(values) & (scaling.spread > 0)
        scaled = np.clip(scaling.apply(np.where(known, values, 0.0)), -_FARTHEST, _FARTHEST)
        evidence = np.empty((len(values), len(self.prior)))
        for k, (mean, variance) in enumerate(zip(self.numbers["means"], self.numbers["variances"], strict=True)):
            terms = -0.5 * ((scaled - mean) ** 2 / variance + np.log(variance))
            evidence[:, k] = np.where(known, terms, 0.0).sum(axis=1)
        return evidence

    def _tables(self, codes: Any, levels: tuple[int, ...], member: Floats) -> list[Floats]:
        tables = []
        for column, size in enumerate(levels):
            known = codes[:, column] >= 0
            counts = np.zeros((size, member.shape[1]))
            np.add.at(counts, codes[known, column], member[known])
            # Shares of the whole column stand behind the added rows, so that rare categories stay near their prior.
            overall = (counts.sum(axis=1) + 1.0) / (counts.sum() + max(1, size))
            shares = counts + self.params["smoothing"] * overall[:, None]
            table = np.log(shares / shares.sum(axis=0)) - np.log(overall)[:, None]
            tables.append(np.concatenate([table, np.zeros((1, member.shape[1]))]))
        return tables

    def _shares(self, words: Any, member: Floats) -> Floats:
        counts = np.asarray((abs(words.tocsr()).minimum(1e6).T @ member).T) + self.params["smoothing"] * 0.1
        logs: Floats = np.log(counts / counts.sum(axis=1, keepdims=True))
        # Centred over classes: words that all classes use alike weigh nothing.
        return logs - logs.mean(axis=0)


def _column_means(values: Floats, known: Any) -> Floats:
    largest = np.abs(np.where(known, values, 0.0)).max(axis=0, initial=1e-300)
    sums = (np.where(known, values, 0.0) / largest).sum(axis=0)
    means: Floats = sums / np.maximum(known.sum(axis=0), 1) * largest
    return means
