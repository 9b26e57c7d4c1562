"""Which columns play a part beside the target: user, item, time, weight, row key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sevenfold.core.config import Plan
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal, Task
from sevenfold.data.clean import read
from sevenfold.data.infer.evidence import Evidence
from sevenfold.data.infer.forced import forced
from sevenfold.data.names import says_item, says_key, says_strength, says_time, says_user

if TYPE_CHECKING:
    import polars as pl


def check_columns(frame: pl.DataFrame, plan: Plan) -> None:
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
                    listed(frame.columns),
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


def target_name(
    frame: pl.DataFrame, schema: Schema, plan: Plan, roles: Mapping[str, str], reasons: list[str]
) -> str | None:
    """The target: the one asked for, or the label of a folder of pictures; None where there is none."""
    if plan.target:
        return plan.target
    images = schema.of_kind(Kind.IMAGE)
    if images and "label" in schema and "user" not in roles:
        reasons.append("the target is 'label', the folder that a picture lies in")
        return "label"
    return None


def recommendation(
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
            listed(frame.columns),
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


def roles_as_ids(frame: pl.DataFrame, schema: Schema, roles: Mapping[str, str]) -> Schema:
    """User and item as ids."""
    for role in ("user", "item"):
        column = schema[roles[role]]
        if column.kind is not Kind.ID or not column.used:
            evidence = Evidence(frame.get_column(column.name))
            schema = schema.replacing(forced(evidence, Kind.ID, f"plays the part of the {role}"))
    return schema


def with_amounts(frame: pl.DataFrame, schema: Schema, plan: Plan) -> Schema:
    """The schema with weight and time read as what they are for: a weight is a number, a time is in order.

    Raises:
        RequestError: the values cannot be read so.
    """
    for name, part, fitting, expected in (
        (plan.weight, "--weight", (Kind.NUMBER,), "numbers of 0 or more"),
        (plan.time, "--time", (Kind.NUMBER, Kind.DATE), "dates, or numbers that grow with time"),
    ):
        if name is None or schema[name].kind in fitting:
            continue
        raw, column = frame.get_column(name), schema[name]
        made = forced(Evidence(raw), Kind.NUMBER, f"given as {part}")
        given = read(raw, column).values.drop_nulls()
        readable = len(read(raw, made).values.drop_nulls())
        if readable < 0.95 * max(1, len(given)):
            raise RequestError(
                f"Column '{name}' cannot be used as {part}.",
                expected,
                f"a {column.kind}: {column.reason}",
                "Name another column, or edit the schema.",
            )
        schema = schema.replacing(replace(made, used=column.used))
    return schema


def row_key(schema: Schema, plan: Plan, reasons: list[str]) -> str | None:
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


def suggestions(schema: Schema, task: Task) -> list[str]:
    """Columns that may play a part; none is given one without being asked."""
    said: list[str] = []
    dates = [c.name for c in schema.of_kind(Kind.DATE) if c.used and c.name != task.target]
    if dates and task.time is None and task.goal is not Goal.RECOMMENDATION:
        said.append(f"{listed(dates)} may tell when a row was made: --time {dates[0]} tests on later rows")
    weights = [c.name for c in schema.of_kind(Kind.NUMBER) if c.name.lower() in ("weight", "sample_weight", "weights")]
    if weights and task.weight is None and weights[0] != task.target:
        said.append(f"'{weights[0]}' may be a weight of rows: --weight {weights[0]} uses it so")
    taken = {task.target, task.group, *task.roles.values(), *task.drop}
    things = [c.name for c in schema.of_kind(Kind.CATEGORY) if says_key(c.name) and c.name not in taken]
    if things and task.group is None:
        keeps = f"--group {things[0]} keeps all rows of one on the same side of a split"
        said.append(f"{listed(things)} may name things that come in several rows: {keeps}")
    return said


def listed(names: list[str]) -> str:
    """Names for a message, the first thirty."""
    return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
