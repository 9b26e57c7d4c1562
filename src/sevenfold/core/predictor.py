"""The whole that is deployed: pipelines, their weights, calibration and decision rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.pipeline import Pipeline
from sevenfold.core.state import State
from sevenfold.core.task import Task

if TYPE_CHECKING:
    import polars as pl


@dataclass
class Member:
    """One trial in the whole: its pipelines (one a fold, or one refitted), averaged.

    Args:
        trial: the trial's name in the journal.
        pipelines: at least one.
    """

    trial: str
    pipelines: tuple[Pipeline, ...]

    def predict(self, table: pl.DataFrame) -> Floats:
        """Mean of the pipelines: (rows,) or (rows, classes)."""
        total = self.pipelines[0].predict(table)
        if len(self.pipelines) == 1:
            return total
        total = total.copy()
        for pipeline in self.pipelines[1:]:
            total += pipeline.predict(table)
        return total / len(self.pipelines)


class Combiner(ABC):
    """Joins members' predictions: weighted average, or a learned stack."""

    name: ClassVar[str]

    @abstractmethod
    def combine(self, predictions: list[Floats]) -> Floats:
        """One prediction from one for each member, same shape."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as data."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what `state` gave."""


class Calibrator(ABC):
    """Makes probabilities mean what they say; learned on out-of-fold predictions. Order of rows within a class
    column is kept for binary tasks."""

    name: ClassVar[str]

    @abstractmethod
    def fit(self, probabilities: Floats, codes: Ints, weights: Floats | None) -> None:
        """Learn from (rows, classes) probabilities and (rows,) class indices."""

    @abstractmethod
    def apply(self, probabilities: Floats) -> Floats:
        """(rows, classes) calibrated probabilities that sum to 1."""

    @abstractmethod
    def state(self) -> State:
        """What was learned, as data."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what `state` gave."""


@dataclass
class Decision:
    """How probabilities become a class.

    Args:
        threshold: for binary tasks, the least probability of the positive class that decides for it.
        costs: (classes, classes) cost of deciding for column j where row i is true; the least expected cost wins.
    """

    threshold: float | None = None
    costs: Floats | None = None

    def decide(self, probabilities: Floats) -> Ints:
        """(rows,) class indices."""
        if self.costs is not None:
            expected = np.stack(
                [(probabilities * self.costs[:, j]).sum(axis=1) for j in range(self.costs.shape[1])], axis=1
            )
            return np.argmin(expected, axis=1).astype(np.int64)
        if self.threshold is not None and probabilities.shape[1] == 2:
            return (probabilities[:, 1] >= self.threshold).astype(np.int64)
        return np.argmax(probabilities, axis=1).astype(np.int64)


@dataclass
class Predictor:
    """From a typed table to the final answer."""

    task: Task
    members: tuple[Member, ...]
    combiner: Combiner
    calibrator: Calibrator | None = None
    decision: Decision = field(default_factory=Decision)

    def predict(self, table: pl.DataFrame) -> Floats:
        """(rows,) values, or (rows, classes) calibrated probabilities."""
        combined = self.combiner.combine([member.predict(table) for member in self.members])
        return combined if self.calibrator is None else self.calibrator.apply(combined)
