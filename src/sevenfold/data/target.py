"""From 'auto' to a task: what is predicted, of which classes, and which columns play a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.config import Plan
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError, RequestError, unknown_name
from sevenfold.core.task import Goal, Label, Target, Task
from sevenfold.data import classes as class_labels
from sevenfold.data.goal import choose_goal
from sevenfold.data.parts import (
    check_columns,
    listed,
    recommendation,
    roles_as_ids,
    row_key,
    suggestions,
    target_name,
    with_amounts,
)

if TYPE_CHECKING:
    import polars as pl

METRICS: Mapping[Goal, str] = {
    Goal.BINARY: "roc_auc",
    Goal.MULTICLASS: "log_loss",
    Goal.REGRESSION: "rmse",
    Goal.RECOMMENDATION: "ndcg@10",
}
"""What success is measured by where nothing is said."""

EVENT = ""
"""The target's name where every row is an event of strength 1."""


@dataclass(frozen=True)
class Resolved:
    """A task that leaves nothing open.

    Args:
        task: what is predicted.
        schema: the schema with the target's column as the goal needs it.
        reasons: what was decided and why, one sentence each.
    """

    task: Task
    schema: Schema
    reasons: tuple[str, ...]


def resolve(frame: pl.DataFrame, schema: Schema, plan: Plan) -> Resolved:
    """The task that a plan asks for on these data.

    Args:
        frame: raw rows.
        schema: their schema, as inferred or edited.
        plan: what was asked.
    Raises:
        RequestError: a named column is not there, plays two parts, or the task does not fit the target.
        DataError: the target has no values, or one value only.
    """
    reasons: list[str] = []
    check_columns(frame, plan)
    if plan.task not in ("auto", *METRICS):
        raise unknown_name("Task", plan.task, ["auto", *(str(goal) for goal in METRICS)])
    schema = with_amounts(frame, schema, plan)
    roles = dict(plan.role)
    target = target_name(frame, schema, plan, roles, reasons)
    recommended = recommendation(frame, schema, plan, target, roles, reasons)
    if target is None and not recommended:
        raise RequestError(
            "No target is given.",
            "--target COLUMN",
            "no target",
            "Name the column to predict: " + listed(frame.columns),
        )
    if target is None:
        schema = roles_as_ids(frame, schema, roles)
        task = _task(plan, Goal.RECOMMENDATION, EVENT, (), roles, row_key(schema, plan, reasons))
        return Resolved(task, schema, (*reasons, "every row is an event: none says how strong it was"))
    if recommended:
        schema = roles_as_ids(frame, schema, roles)
        choice = choose_goal(frame.get_column(target), schema[target], str(Goal.REGRESSION))
        choice = replace(choice, goal=Goal.RECOMMENDATION, reason="")
    else:
        choice = choose_goal(frame.get_column(target), schema[target], plan.task)
    schema = schema.replacing(choice.column)
    if choice.reason:
        reasons.append(choice.reason)
    labels: tuple[Label, ...] = ()
    if choice.goal.is_classification:
        labels, said = class_labels.order(choice.column.levels, frame.get_column(target), choice.goal)
        reasons.extend(said)
    task = _task(plan, choice.goal, target, labels, roles, row_key(schema, plan, reasons))
    if plan.metric is None:
        reasons.append(f"measured by {task.metric}, the default for {task.goal}")
    reasons.extend(suggestions(schema, task))
    return Resolved(task, schema, tuple(reasons))


def encode(table: pl.DataFrame, task: Task) -> tuple[Target, Ints]:
    """The target of the rows that have one, and the numbers of those rows.

    A row is left out where its target is missing, cannot be read, or is of none of the task's classes; so the rows
    left out are the table's height less the rows given.

    Args:
        table: typed rows.
        task: a resolved task.
    Raises:
        DataError: the target's column is not there, no row has a target, or a weight is missing or negative.
    """
    import polars as pl

    if task.target == EVENT:
        values: Floats = np.ones(table.height)
        there = np.ones(table.height, dtype=np.bool_)
    elif task.target not in table.columns:
        raise DataError(f"The target '{task.target}' is not there.", task.target, listed(table.columns))
    elif task.goal.is_classification:
        spelled = class_labels.spelled(task.classes)
        text = table.get_column(task.target).cast(pl.String)
        if any(isinstance(label, bool) for label in task.classes):
            text = text.str.to_lowercase()
        codes = text.replace_strict(spelled, list(range(len(spelled))), default=None, return_dtype=pl.Int64)
        there = codes.is_not_null().to_numpy()
        values = codes.fill_null(0).to_numpy().astype(np.float64)
    else:
        numbers = table.get_column(task.target).cast(pl.Float64)
        there = numbers.is_not_null().to_numpy()
        values = numbers.fill_null(0.0).to_numpy()
    rows: Ints = np.flatnonzero(there).astype(np.int64)
    if not len(rows):
        raise DataError(
            f"No row has a target in '{task.target}'.",
            "at least one value",
            f"{table.height} rows without",
            "Check it.",
        )
    weights = _weights(table, task, rows)
    return Target(task.goal, values[rows], len(task.classes), weights), rows


def _weights(table: pl.DataFrame, task: Task, rows: Ints) -> Floats | None:
    if task.weight is None:
        return None
    import polars as pl

    weights: Floats = table.get_column(task.weight).cast(pl.Float64).fill_null(float("nan")).to_numpy()[rows]
    bad = ~(weights >= 0)
    if bad.any() or not weights.sum() > 0:
        raise DataError(
            f"The weights in '{task.weight}' cannot be used.",
            "a number of 0 or more in each row, not all 0",
            f"{int(bad.sum())} rows without, first row {int(rows[np.argmax(bad)])}" if bad.any() else "nothing but 0",
            "Fill or leave out those rows.",
        )
    return weights


def _task(
    plan: Plan, goal: Goal, target: str, labels: tuple[Label, ...], roles: Mapping[str, str], key: str | None
) -> Task:
    return Task(
        goal=goal,
        target=target,
        metric=plan.metric or METRICS[goal],
        classes=labels,
        time=plan.time,
        group=plan.group,
        weight=plan.weight,
        id=key,
        sensitive=tuple(plan.sensitive),
        drop=tuple(plan.drop),
        roles=dict(roles),
        objective=plan.objective if goal is Goal.REGRESSION else "mean",
        quantile=plan.quantile,
    )
