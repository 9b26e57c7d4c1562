"""What all linear models share: how they are stored, and how they predict."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import RowInputs, RowPredictor
from sevenfold.core.errors import BundleError
from sevenfold.core.inputs import Inputs
from sevenfold.core.int8 import Matrix
from sevenfold.core.model import Estimator, FitContext, FitInfo, Valid
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.models.balance import row_undo, undo
from sevenfold.models.fitting import equal_or, learnable
from sevenfold.models.linear.design import Design, Encoder
from sevenfold.models.linear.losses import one_hot
from sevenfold.models.probabilities import row_sigmoid, row_softmax, sigmoid, softmax, two_columns
from sevenfold.models.rowwise import sparse_weighted_sums, weighted_sums


@dataclass(frozen=True)
class Weights:
    """A learned weighted sum.

    Args:
        weights: (outputs, columns), dense columns first.
        intercept: (outputs,).
        factors: (classes,) class weights to take back from the probabilities, or None.
        ceiling: for a log link, the largest score that is believed.
        truncated: the clock ended the search.
        notes: for the journal.
    """

    weights: Floats
    intercept: Floats
    factors: Floats | None = None
    ceiling: float = 0.0
    truncated: bool = False
    notes: dict[str, Any] | None = None


class LinearModel(Estimator):
    """Base of linear models: learns `Weights` of a standardised design; links are chosen by goal and `log_link`."""

    log_link = False
    matrices = (Matrix("weights"),)

    @abstractmethod
    def learn(self, design: Design, target: Target, context: FitContext) -> Weights:
        """Learn from the design; classes are codes 0, 1, ... of those present."""

    def fit(self, inputs: Inputs, target: Target, valid: Valid | None, context: FitContext) -> FitInfo:
        """Standardise and learn; `valid` is not looked at."""
        inputs, target = learnable(self.spec, inputs, target, context)
        self.encoder = Encoder.of(inputs, target.weights)
        self.classes = target.classes
        self.present, compact = present_classes(target)
        self.learned = self.learn(self.encoder.encode(inputs), compact, context)
        return FitInfo(truncated=self.learned.truncated, notes=self.learned.notes or {})

    def predict(self, inputs: Inputs) -> Floats:
        """See `Model.predict`."""
        design = self.encoder.encode(inputs)
        learned, split = self.learned, design.dense.shape[1]
        scores = weighted_sums(design.dense, learned.weights[:, :split])
        if design.sparse is not None:
            scores = scores + sparse_weighted_sums(design.sparse, learned.weights[:, split:])
        scores = scores + learned.intercept
        if not self.classes:
            return np.exp(np.minimum(scores[:, 0], learned.ceiling)) if self.log_link else scores[:, 0]
        known = two_columns(sigmoid(scores[:, 0])) if len(self.present) == 2 else softmax(scores)
        return spread_out(undo(known, learned.factors), self.present, self.classes)

    def row_predictor(self) -> RowPredictor:
        """See `Model.row_predictor`."""
        learned, encode, classes, present = self.learned, self.encoder.row(), self.classes, self.present.tolist()
        split = len(self.encoder.scaling.mean)
        dense = np.ascontiguousarray(learned.weights[:, :split])
        only, nothing = dense[0], [0.0] * len(dense)
        sparse, intercept = learned.weights[:, split:].tolist(), learned.intercept.tolist()
        add, sum_of = np.add.reduce, _sparse_sum

        def predict(row: RowInputs) -> list[float]:
            values, entries = encode(row)
            # The same sums as in `weighted_sums`: each along a contiguous row.
            if len(nothing) == 1:
                scores = [float(add(values * only))] if split else nothing
            else:
                scores = add(values * dense, axis=1).tolist() if split else nothing
            if entries is not None:
                scores = [
                    score + sum_of(entries.places, entries.values, weights)
                    for score, weights in zip(scores, sparse, strict=True)
                ]
            scores = [score + shift for score, shift in zip(scores, intercept, strict=True)]
            if not classes:
                return [float(np.exp(min(scores[0], learned.ceiling)))] if self.log_link else scores
            if len(present) == 2:
                positive = row_sigmoid(scores[0])
                known = [1.0 - positive, positive]
            else:
                known = row_softmax(scores)
            return row_spread_out(row_undo(known, learned.factors), present, classes)

        return predict

    def state(self) -> State:
        """What was learned, as data."""
        learned = self.learned
        return {
            "encoder": self.encoder.state(),
            "classes": self.classes,
            "present": self.present,
            "weights": learned.weights,
            "intercept": learned.intercept,
            "factors": learned.factors,
            "ceiling": learned.ceiling,
        }

    def restore(self, state: State) -> None:
        """Take over what `state` gave."""
        self.encoder = Encoder.restored(state["encoder"])
        self.classes = int(state["classes"])
        self.present = np.asarray(state["present"], np.int64)
        weights, intercept = np.asarray(state["weights"], float), np.asarray(state["intercept"], float)
        outputs = max(1, len(self.present) if len(self.present) > 2 else 1)
        columns = len(self.encoder.scaling.mean) + len(self.encoder.sparse_unit)
        if weights.shape != (outputs, columns) or intercept.shape != (outputs,):
            raise BundleError(
                "A stored linear model is damaged.", f"weights ({outputs}, {columns})", str(weights.shape)
            )
        if len(self.present) and not (self.present.min() >= 0 and self.present.max() < self.classes):
            raise BundleError("A stored linear model is damaged.", f"{self.classes} classes", str(self.present))
        self.learned = Weights(weights, intercept, state["factors"], float(state["ceiling"]))


def _sparse_sum(places: list[int], values: list[float], weights: list[float]) -> float:
    total = 0.0
    for value, weight in zip(values, map(weights.__getitem__, places), strict=True):
        total += value * weight
    return total


def present_classes(target: Target) -> tuple[Ints, Target]:
    """Codes that occur, and the target with codes counted among those; of a regression nothing and the target."""
    if not target.goal.is_classification:
        return np.empty(0, np.int64), target
    present, codes = np.unique(target.codes, return_inverse=True)
    return present, Target(target.goal, codes.astype(np.float64), len(present), target.weights)


def spread_out(known: Floats, present: Ints, classes: int) -> Floats:
    """(rows, classes) probabilities with 0 for classes that were absent from the training rows."""
    if len(present) == classes:
        return known
    result = np.zeros((len(known), classes))
    result[:, present] = known
    return result


def row_spread_out(known: list[float], present: list[int], classes: int) -> list[float]:
    """`spread_out` of one row."""
    if len(present) == classes:
        return known
    result = [0.0] * classes
    for place, value in zip(present, known, strict=True):
        result[place] = value
    return result


def truth_of(target: Target) -> tuple[Floats, float, float]:
    """(rows, outputs) truths with the shift and unit of a regression target, which is standardised."""
    if target.goal.is_classification:
        return one_hot(target.codes, target.classes), 0.0, 1.0
    largest = float(np.abs(target.values).max()) or 1.0
    small = target.values / largest
    weights = equal_or(target.weights, len(target))
    shift = float(np.average(small, weights=weights))
    unit = float(np.sqrt(np.average((small - shift) ** 2, weights=weights))) or 1.0
    return ((small - shift) / unit)[:, None], shift * largest, unit * largest
