"""Which goal a target column calls for, by a rule that can be stated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.task import Goal
from sevenfold.data.clean import read
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.infer.forced import forced
from sevenfold.data.names import tokens

if TYPE_CHECKING:
    import polars as pl

MOST_CLASSES_OF_NUMBERS = 20
"""Whole numbers with more different values than this are amounts, not classes."""
ROWS_A_CLASS = 10
"""Numbers are classes only where a class has this many rows on average."""
AMOUNTS = frozenset(
    {
        *("count", "cnt", "counts", "amount", "price", "cost", "age", "quantity", "qty", "sales", "demand", "income"),
        *("number", "num", "days", "hours", "minutes", "years", "rings", "total", "salary", "duration", "votes"),
        *("rating", "stars", "views", "visits", "claims", "points", "goals", "value", "returns", "units"),
    }
)
"""Words in the name of a target that speak of an amount or a count."""


@dataclass(frozen=True)
class Choice:
    """The goal, the target's column as the goal needs it, and why."""

    goal: Goal
    column: Column
    reason: str


def choose_goal(raw: pl.Series, column: Column, asked: str) -> Choice:
    """The goal for a target: the one asked for if it fits, or what its values call for.

    Text and flags are classes. Numbers are classes where there are just two, or where all are whole, at most 20
    differ, they leave few gaps between them, a class has 10 rows or more on average, and neither the name nor the
    shape (many zeros and a falling tail) speaks of an amount or a count. Anything else is regression.

    Raises:
        RequestError: the goal asked for does not fit the target.
        DataError: the target has no values, or one value only.
    """
    present = read(raw, column).values.drop_nulls()
    if not len(present):
        raise DataError(
            f"The target '{column.name}' has no values.",
            "a value in most rows",
            f"{len(raw)} rows, all missing",
            "Check the column, or name another.",
        )
    if present.n_unique() == 1:
        raise DataError(
            f"The target '{column.name}' has one value only.",
            "at least two different values",
            _first(present),
            "There is nothing to learn: check the column, or name another.",
        )
    goal, why = _by_values(raw, column, present) if asked == "auto" else (Goal(asked), "as requested")
    if goal is Goal.REGRESSION:
        return Choice(goal, _as_number(raw, column), f"regression: {why}")
    made = _as_classes(raw, column)
    if len(made.levels) > 2 and goal is Goal.BINARY:
        raise RequestError(
            f"The target '{column.name}' has {len(made.levels)} classes.",
            "two classes for a binary task",
            ", ".join(made.levels[:6]) + ", ...",
            "Ask for --task multiclass, or leave --task out.",
        )
    if len(made.levels) > 2 * np.sqrt(len(present)) and len(made.levels) > len(present) / 2:
        raise DataError(
            f"The target '{column.name}' has a class of its own in most rows.",
            "classes that come again",
            f"{len(made.levels)} classes in {len(present)} rows",
            "Ask for --task regression, or name another column.",
        )
    return Choice(goal, made, f"{goal}: {why}")


def _first(present: pl.Series) -> str:
    return f"{present[0]!r} in all {len(present)} rows that have one"


def _by_values(raw: pl.Series, column: Column, present: pl.Series) -> tuple[Goal, str]:
    if column.kind is Kind.DATE:
        raise RequestError(
            f"The target '{column.name}' holds dates.",
            "numbers or classes",
            column.reason,
            "Turn it into a number, such as days until then.",
        )
    if column.kind in (Kind.IMAGE, Kind.SEQUENCE):
        raise RequestError(f"The target '{column.name}' holds {column.kind}s.", "numbers or classes", column.reason)
    distinct = present.n_unique()
    if column.kind is not Kind.NUMBER:
        return (Goal.BINARY if distinct == 2 else Goal.MULTICLASS), f"{distinct} classes"
    counted = present.to_frame("value").group_by("value").len().sort("value")
    values: Floats = counted.get_column("value").to_numpy()
    rows: Ints = counted.get_column("len").to_numpy().astype(np.int64)
    return by_numbers(values, rows, column.name)


def by_numbers(values: Floats, rows: Ints, name: str) -> tuple[Goal, str]:
    """The goal for numbers: `values` (distinct,) ascending, `rows` (distinct,) how often each occurs."""
    count, total = len(values), int(rows.sum())
    differing = f"{count:,} different numbers in {total:,} rows"
    if count == 2:
        return Goal.BINARY, "two different numbers"
    if not np.all(values == np.round(values)):
        return Goal.REGRESSION, f"{differing}, not all whole"
    if count > MOST_CLASSES_OF_NUMBERS:
        return Goal.REGRESSION, f"{differing}, more than {MOST_CLASSES_OF_NUMBERS}"
    if total < ROWS_A_CLASS * count:
        return Goal.REGRESSION, f"{differing}, fewer than {ROWS_A_CLASS} rows for each"
    if values[-1] - values[0] + 1 > 2 * count + 2:
        return Goal.REGRESSION, f"{differing} with wide gaps between them, as amounts have"
    said = [word for word in tokens(name) if word in AMOUNTS]
    if said:
        return (
            Goal.REGRESSION,
            f"the name says '{said[0]}'; if the {count} whole numbers are classes, say --task multiclass",
        )
    falling = count >= 6 and values[0] == 0 and bool(np.all(np.diff(rows[1:]) <= 0)) and rows[-1] < 0.02 * total
    if falling:
        return Goal.REGRESSION, "whole numbers from 0 that get ever rarer, as counts do; else say --task multiclass"
    shown = f"{values[0]:.0f} to {values[-1]:.0f}"
    return Goal.MULTICLASS, f"{count} whole numbers from {shown}; if they are amounts, say --task regression"


def _as_number(raw: pl.Series, column: Column) -> Column:
    """The target as numbers; flags and categories of numbers can be told as such, words cannot."""
    made = column if column.kind is Kind.NUMBER else forced(Evidence(raw, is_target=True), Kind.NUMBER, "the target")
    reading = read(raw, made)
    given = read(raw, column).values.drop_nulls()
    readable = len(reading.values.drop_nulls()) / max(1, len(given))
    if readable < 0.5:
        raise RequestError(
            f"The target '{column.name}' does not hold numbers.",
            "numbers for a regression",
            f"{percent(readable)} of its values read as numbers, first {given[0]!r}",
            "Leave --task out, or ask for --task multiclass.",
        )
    return replace(made, used=True)


def _as_classes(raw: pl.Series, column: Column) -> Column:
    """The target as a category with its levels; ids, flags and numbers become labels, too."""
    if column.kind is Kind.CATEGORY and column.levels:
        return replace(column, used=True)
    made = forced(Evidence(raw, is_target=True), Kind.CATEGORY, "the target's classes")
    return replace(made, reason=f"the target's classes; {column.reason}" if column.reason else made.reason)
