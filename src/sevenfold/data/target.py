"""From 'auto' to a task: what is predicted, of which classes, and which columns play a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.config import Plan
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError, RequestError, unknown_name
from sevenfold.core.task import Goal, Label, Target, Task
from sevenfold.data import classes as class_labels
from sevenfold.data.clean import read
from sevenfold.data.goal import Choice, choose_goal
from sevenfold.data.names import says_item, says_strength, says_time, says_user

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
    _check_columns(frame, plan)
    roles = dict(plan.role)
    target = _target_name(frame, schema, plan, roles, reasons)
    recommended = _recommendation(frame, schema, plan, target, roles, reasons)
    if target is None and not recommended:
        raise RequestError(
            "No target is given.",
            "--target COLUMN",
            "no target",
            "Name the column to predict: " + _listed(frame.columns),
        )
    if target is None:
        schema = _roles_as_ids(frame, schema, roles)
        task = _task(plan, Goal.RECOMMENDATION, EVENT, (), roles, _row_key(schema, plan, reasons))
        return Resolved(task, schema, (*reasons, "every row is an event: none says how strong it was"))
    if recommended:
        schema = _roles_as_ids(frame, schema, roles)
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
    task = _task(plan, choice.goal, target, labels, roles, _row_key(schema, plan, reasons))
    if plan.metric is None:
        reasons.append(f"measured by {task.metric}, the default for {task.goal}")
    _suggest(schema, task, reasons)
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
        raise DataError(f"The target '{task.target}' is not there.", task.target, _listed(table.columns))
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


def _check_columns(frame: pl.DataFrame, plan: Plan) -> None:
    """Every named column is there, and none plays parts that exclude each other."""
    parts: dict[str, list[str]] = {
        "--target": [plan.target] if plan.target else [],
        "--time": [plan.time] if plan.time else [],
        "--group": [plan.group] if plan.group else [],
        "--weight": [plan.weight] if plan.weight else [],
        "--id": [plan.id] if plan.id else [],
        "--sensitive": list(plan.sensitive),
        "--drop": list(plan.drop),
        "--role": list(plan.role.values()),
    }
    for part, names in parts.items():
        for name in names:
            if name not in frame.columns:
                near = get_close_matches(name, frame.columns, n=1, cutoff=0.5)
                raise RequestError(
                    f"There is no column '{name}' ({part}).",
                    _listed(frame.columns),
                    repr(name),
                    f"Did you mean '{near[0]}'?" if near else "Take a name from the list.",
                )
    if plan.target:
        for part in ("--drop", "--weight", "--id", "--time", "--group"):
            if plan.target in parts[part]:
                raise RequestError(
                    f"The target '{plan.target}' is also given as {part}.",
                    "one part a column",
                    f"{part} {plan.target}",
                    "Leave one of them out.",
                )
    known = [str(goal) for goal in METRICS]
    if plan.task not in ("auto", *known):
        raise unknown_name("Task", plan.task, ["auto", *known])


def _target_name(
    frame: pl.DataFrame, schema: Schema, plan: Plan, roles: Mapping[str, str], reasons: list[str]
) -> str | None:
    if plan.target:
        return plan.target
    images = schema.of_kind(Kind.IMAGE)
    if images and "label" in schema and "user" not in roles:
        reasons.append("the target is 'label', the folder that a picture lies in")
        return "label"
    return None


def _recommendation(
    frame: pl.DataFrame, schema: Schema, plan: Plan, target: str | None, roles: dict[str, str], reasons: list[str]
) -> bool:
    """Whether the task is to recommend; fills in the roles of user, item and time."""
    wanted = plan.task == str(Goal.RECOMMENDATION)
    if plan.task not in ("auto", str(Goal.RECOMMENDATION)):
        return False
    given = {"user", "item"} <= set(roles)
    others = [name for name in frame.columns if name != target and name not in plan.drop]
    for role, says in (("user", says_user), ("item", says_item)):
        found = [name for name in others if says(name) and name not in roles.values()]
        if role not in roles and len(found) == 1:
            roles[role] = found[0]
    complete = {"user", "item"} <= set(roles)
    if wanted and not complete:
        missing = " and ".join(role for role in ("user", "item") if role not in roles)
        raise RequestError(
            f"A recommendation needs a {missing} column.",
            "--role user=COLUMN --role item=COLUMN",
            _listed(frame.columns),
            "Name the columns.",
        )
    strength = target is None or says_strength(target)
    plain = not schema.of_kind(Kind.TEXT, Kind.IMAGE)
    repeated = complete and all(2 * frame.get_column(roles[r]).n_unique() <= frame.height for r in ("user", "item"))
    if not (wanted or given or (complete and strength and plain and repeated and frame.width <= 8)):
        for role in ("user", "item"):
            if role not in plan.role:
                roles.pop(role, None)
        return False
    times = [c.name for c in schema.of_kind(Kind.DATE) if says_time(c.name)]
    if "time" not in roles and len(times) == 1:
        roles["time"] = times[0]
    said = f"recommendation: '{roles['user']}' is the user and '{roles['item']}' the item"
    if target is not None:
        said += f", '{target}' how strong the event was"
    if "time" in roles:
        said += f", '{roles['time']}' when"
    reasons.append(said + ("" if given or wanted else "; say --task to have it otherwise"))
    return True


def _roles_as_ids(frame: pl.DataFrame, schema: Schema, roles: Mapping[str, str]) -> Schema:
    """User and item as ids."""
    from sevenfold.data.infer.evidence import Evidence
    from sevenfold.data.infer.forced import forced

    for role in ("user", "item"):
        column = schema[roles[role]]
        if column.kind is not Kind.ID or not column.used:
            evidence = Evidence(frame.get_column(column.name))
            schema = schema.replacing(forced(evidence, Kind.ID, f"plays the part of the {role}"))
    return schema


def _row_key(schema: Schema, plan: Plan, reasons: list[str]) -> str | None:
    """The column that is kept beside predictions: the one asked for, or the only one that names rows."""
    if plan.id:
        return plan.id
    keys = [c.name for c in schema.of_kind(Kind.ID) if not c.used and c.name not in plan.drop and c.name != plan.target]
    if len(keys) == 1:
        reasons.append(
            f"'{keys[0]}' {schema[keys[0]].reason.split(';')[0].split(':')[0]} and is kept beside predictions"
        )
        return keys[0]
    return None


def _suggest(schema: Schema, task: Task, reasons: list[str]) -> None:
    """Name columns that may play a part; none is given one without being asked."""
    dates = [c.name for c in schema.of_kind(Kind.DATE) if c.used and c.name != task.target]
    if dates and task.time is None and task.goal is not Goal.RECOMMENDATION:
        reasons.append(f"{_listed(dates)} may tell when a row was made: --time {dates[0]} tests on later rows")
    weights = [c.name for c in schema.of_kind(Kind.NUMBER) if c.name.lower() in ("weight", "sample_weight", "weights")]
    if weights and task.weight is None and weights[0] != task.target:
        reasons.append(f"'{weights[0]}' may be a weight of rows: --weight {weights[0]} uses it so")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")


__all__ = ["EVENT", "METRICS", "Choice", "Column", "Resolved", "encode", "read", "resolve"]
