"""What evaluation asks of a model, and the form in which each metric wants its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sevenfold.core.arrays import Floats
from sevenfold.core.metric import Metric, Needs
from sevenfold.core.predictor import Decision

if TYPE_CHECKING:
    import polars as pl


class Predicts(Protocol):
    """Anything that answers for the rows of a typed table, such as `core.predictor.Predictor`."""

    def predict(self, table: pl.DataFrame) -> Floats:
        """(rows,) values, or (rows, classes) probabilities."""


def decision_of(predictor: object) -> Decision:
    """The predictor's rule for probabilities, or the most likely class."""
    decision = getattr(predictor, "decision", None)
    return decision if isinstance(decision, Decision) else Decision()


def form_for(metric: Metric, predicted: Floats, decision: Decision) -> Floats:
    """What the metric looks at: (rows,) decided classes for metrics of labels, else the predictions themselves."""
    if metric.spec.needs is Needs.LABELS:
        return decision.decide(predicted).astype("float64")
    return predicted
