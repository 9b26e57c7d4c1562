"""Honest trained subjects of several seeds, and a builder for faulty ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.report import Finding, NotApplicable, Score
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.checks import TrainedSubject
from sevenfold.evaluation.checks.catalogue import CHECKS


def honest(seed: int = 0, goal: Goal = Goal.BINARY, rows: int = 2000, **changes: Any) -> TrainedSubject:
    """A model that knows the true chances (or means), and says so: every check is content with it."""
    stream = np.random.default_rng(seed)
    table = pl.DataFrame(
        {
            "x": stream.normal(size=rows),
            "region": stream.choice(["east", "west", "north"], rows),
            "sex": stream.choice(["f", "m"], rows),
            "member": stream.random(rows) < 0.5,
        }
    )
    kinds = (Kind.NUMBER, Kind.CATEGORY, Kind.CATEGORY, Kind.FLAG)
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(table.columns, kinds, strict=True)))
    if goal is Goal.REGRESSION:
        predictions = 10 + 3 * table["x"].to_numpy()
        target = Target(goal, predictions + stream.normal(0, 1, rows))
        score, baseline = (1.0, 3.2)
    else:
        classes = 2 if goal is Goal.BINARY else 3
        drawn = stream.dirichlet(np.full(classes, 0.25), rows)
        predictions = drawn
        values = (drawn.cumsum(axis=1) < stream.random(rows)[:, None]).sum(axis=1)
        target = Target(goal, np.minimum(values, classes - 1).astype(np.float64), classes)
        score, baseline = (0.9, 0.5)
    task = Task(goal, "y", "roc_auc", tuple(range(target.classes)), sensitive=("sex",))
    greater = goal is not Goal.REGRESSION
    subject = TrainedSubject(
        task,
        target,
        predictions,
        np.arange(rows),
        table,
        schema,
        validation=Score(score, score - 0.02, score + 0.02, rows),
        test=Score(score - 0.01, score - 0.05, score + 0.03, 500),
        train=Score(score + (0.05 if greater else -0.05), 0, 1, rows),
        baseline=Score(baseline, baseline, baseline, rows),
        linear=Score(score + (-0.05 if greater else 0.05), 0, 1, rows),
        greater_is_better=greater,
        importances={"x": 0.2, "region": 0.1, "sex": 0.05, "member": -0.01},
        fold_losses=(0.10, 0.11, 0.09, 0.10, 0.12),
    )
    return replace(subject, **changes)


@pytest.fixture
def subject_of() -> Callable[..., TrainedSubject]:
    return honest


@pytest.fixture
def findings_of() -> Callable[[str, TrainedSubject], Sequence[Finding]]:
    def run(code: str, subject: TrainedSubject) -> Sequence[Finding]:
        result = CHECKS.get(code)().run(subject)
        return [] if isinstance(result, NotApplicable) else list(result)

    return run


@pytest.fixture(params=range(4))
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)
