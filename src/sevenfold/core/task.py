"""What is predicted and how success is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.errors import DataError

Label: TypeAlias = str | int | float | bool


class Goal(StrEnum):
    """The shape of an answer."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    RECOMMENDATION = "recommendation"
    TRANSLATION = "translation"
    QUESTION_ANSWERING = "question-answering"
    CONTROL = "control"

    @property
    def is_classification(self) -> bool:
        """Whether the answer is one of a fixed set of classes."""
        return self in (Goal.BINARY, Goal.MULTICLASS)


@dataclass(frozen=True)
class Task:
    """The task of one run, fully resolved: nothing is 'auto' any more.

    `classes` holds the labels as they stand in the data, in the order of probability columns; for a
    binary task the second one is the positive class. `objective` refines regression: mean, median,
    quantile (with `quantile`), counts.
    """

    goal: Goal
    target: str
    metric: str
    classes: tuple[Label, ...] = ()
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    id: str | None = None
    sensitive: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    objective: str = "mean"
    quantile: float = 0.5

    @property
    def apart(self) -> frozenset[str]:
        """Columns that are never inputs of a model: target, weight, id, group, dropped ones."""
        named = (self.target, self.weight, self.id, self.group)
        return frozenset(c for c in named if c) | frozenset(self.drop)

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {**asdict(self), "goal": str(self.goal), "roles": dict(self.roles)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Task:
        """The task that `to_json` wrote; a ValueError, KeyError or TypeError for another form."""
        values = dict(data)
        values["goal"] = Goal(values["goal"])
        for key in ("classes", "sensitive", "drop"):
            values[key] = tuple(values.get(key, ()))
        made = cls(**values)
        columns = (made.time, made.group, made.weight, made.id, *made.sensitive, *made.drop)
        texts = (made.target, made.metric, made.objective, *(column for column in columns if column is not None))
        if not isinstance(made.roles, Mapping) or not all(isinstance(t, str) for t in (*texts, *made.roles.values())):
            raise ValueError("what a task names is text")
        if not all(isinstance(label, str | int | float) for label in made.classes):
            raise ValueError("classes are plain labels")
        if isinstance(made.quantile, bool) or not isinstance(made.quantile, int | float):
            raise ValueError("a quantile is a number")
        return made


@dataclass(frozen=True)
class Target:
    """Encoded target of some rows, as models and features learn from it.

    Args:
        goal: what is predicted.
        values: (rows,) float64; for classification the class index, from 0.
        classes: number of classes, 0 for regression.
        weights: (rows,) sample weights or None for equal ones.
    """

    goal: Goal
    values: Floats
    classes: int = 0
    weights: Floats | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise DataError(
                "Weights and target differ in length.", f"{len(self.values)} weights", f"{len(self.weights)} weights"
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def codes(self) -> Ints:
        """(rows,) class indices."""
        return self.values.astype(np.int64)

    def take(self, rows: Ints) -> Target:
        """The target of some rows only."""
        return Target(self.goal, self.values[rows], self.classes, None if self.weights is None else self.weights[rows])
