"""Made data for the checks of models: easy to learn, and hard to survive."""

from __future__ import annotations

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.inputs import Block, Form, Inputs
from sevenfold.core.model import Model
from sevenfold.core.task import Goal, Target

GOALS = (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION)


def easy(model: type[Model], goal: Goal, rows: int, columns: int = 4) -> tuple[Inputs, Target]:
    """Rows whose answer follows from the first two columns with little noise; in a form that the model accepts.

    Args:
        model: whose accepted forms are used: NUMBERS, and CATEGORIES beside them where it takes both.
        goal: of the target; a regression's is positive, classes are 0, 1 and 2.
        rows: of inputs and target.
        columns: of the numbers.
    """
    stream = np.random.default_rng(11)
    numbers = stream.normal(size=(rows, columns))
    score = 1.5 * numbers[:, 0] - numbers[:, 1] + 0.3 * stream.normal(size=rows)
    names = tuple(f"x{i}" for i in range(columns))
    blocks = [Block(Form.NUMBERS, names, numbers)]
    if Form.CATEGORIES in model.spec.accepts:
        codes = np.stack([np.digitize(numbers[:, 0], (-1, 0, 1)), stream.integers(0, 6, rows)], axis=1)
        blocks.append(Block(Form.CATEGORIES, ("c0", "c1"), codes.astype(np.int32), (4, 6)))
    inputs = Inputs.of(rows, blocks)
    if goal is Goal.BINARY:
        return inputs, Target(goal, (score > 0) * 1.0, 2)
    if goal is Goal.MULTICLASS:
        return inputs, Target(goal, np.digitize(score, (-0.8, 0.8)).astype(float), 3)
    return inputs, Target(goal, 10.0 + 2.0 * score - score.min())


def columns_of(rows: int, stream: np.random.Generator) -> dict[str, Floats]:
    """(rows, columns) numbers that models stumble over, by name."""
    plain = stream.normal(size=(rows, 3))
    sizes = stream.choice([1e18, 1e-18, -1e18, 1.0], size=(rows, 2))
    return {
        "constant columns": np.ones((rows, 3)),
        "constant huge columns": np.full((rows, 2), 1e18),
        "one column": plain[:, :1],
        "equal columns": np.repeat(plain[:, :1], 4, axis=1),
        "huge and tiny values": np.concatenate([sizes, plain[:, :1] * 1e18, plain[:, :1] * 1e-18], axis=1),
        "one outlier": np.concatenate([np.zeros((rows - 1, 2)), np.full((1, 2), 1e12)]),
        "few values": np.round(plain),
    }


def shares_of(target: Target) -> Floats:
    """(classes,) shares of the classes."""
    counts = np.bincount(target.codes, minlength=target.classes)
    return counts / counts.sum()


def loss(target: Target, predicted: Floats) -> float:
    """Log loss, or the squared error."""
    if target.goal.is_classification:
        told = predicted[np.arange(len(target)), target.codes]
        return float(-np.log(np.maximum(told, 1e-9)).mean())
    return float(((target.values - predicted) ** 2).mean())
