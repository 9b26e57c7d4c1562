"""The contract of a metric: one number for predictions against the truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from sevenfold.core.arrays import Floats
from sevenfold.core.task import Goal


class Needs(StrEnum):
    """What a metric looks at."""

    PROBABILITIES = "probabilities"  # (rows, classes)
    LABELS = "labels"  # the class that is decided for, after any threshold
    VALUES = "values"  # (rows,) real numbers
    RANKING = "ranking"  # ordered items for each user


@dataclass(frozen=True)
class MetricSpec:
    """What a metric states about itself.

    Args:
        name: catalogue name.
        title: as people write it.
        goals: goals for which it makes sense.
        needs: what it looks at.
        greater_is_better: its direction.
        best, worst: limits of its range (may be infinite).
        summary: what it says, in one sentence for a manager.
        source: definition.
    """

    name: str
    title: str
    goals: frozenset[Goal]
    needs: Needs
    greater_is_better: bool
    best: float
    worst: float
    summary: str
    source: str = ""


class Metric(ABC):
    """A metric. Metrics are pure functions of arrays; the classes only carry their description."""

    spec: ClassVar[MetricSpec]

    @abstractmethod
    def __call__(self, truth: Floats, predicted: Floats, weights: Floats | None = None) -> float:
        """The metric's value.

        Args:
            truth: (rows,) class indices or numbers.
            predicted: (rows, classes) for PROBABILITIES, (rows,) class indices for LABELS, (rows,) for VALUES.
            weights: (rows,) or None.
        Raises:
            DataError: lengths differ, there are no rows, or the metric is undefined for them.
        """

    def loss(self, value: float) -> float:
        """The value turned so that smaller is better."""
        return -value if self.spec.greater_is_better else value
