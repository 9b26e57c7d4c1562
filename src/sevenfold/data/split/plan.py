"""Choose and make a split: by time, by group, stratified or shuffled, with the reason for each choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.report import Finding, Severity
from sevenfold.core.task import Target, Task
from sevenfold.data.split.base import Notes, Split
from sevenfold.data.split.by_chance import split_by_chance
from sevenfold.data.split.by_time import split_by_time
from sevenfold.data.split.entities import entity_findings
from sevenfold.data.split.order import date_columns, date_findings, follows, in_order, row_order_findings
from sevenfold.data.split.sequence import goes_on
from sevenfold.data.split.units import copies_belong_together, number_rows, number_values, repeated_share

if TYPE_CHECKING:
    import polars as pl


def plan_split(
    table: pl.DataFrame,
    schema: Schema,
    task: Task,
    target: Target,
    rows: Ints,
    streams: Streams,
    *,
    folds: int | None = None,
    given_test: bool = False,
    test_share: float = 0.2,
    gap_seconds: float | None = None,
    test_table: pl.DataFrame | None = None,
) -> Split:
    """Decide which rows train, validate and test.

    Args:
        table: the typed table.
        target: encoded target of `rows`.
        rows: (labelled,) row numbers of the table that have a target, ascending.
        folds: folds wanted; by the number of rows where None. 1 asks for a single hold-out.
        given_test: a test file is given: no row is taken for the test.
        test_share: share of the rows that test otherwise.
        gap_seconds: for a split by time, what lies this close before validation or test is not learned from.
        test_table: typed table of the given test file, which shows whether it follows in time.
    Raises:
        DataError: too few rows, groups or times to split.
        RequestError: the time or group column does not exist or cannot serve.
    """
    if len(rows) != len(target):
        raise DataError("Rows and target differ in length.", f"{len(rows)} targets", f"{len(target)} targets")
    if len(rows) < 4:
        raise DataError(
            "There are too few rows with a target to train and validate on.", "at least 4", str(len(rows)), "Add rows."
        )
    if not 0 < test_share < 1:
        raise RequestError("The share of test rows is out of range.", "between 0 and 1", str(test_share), "Say 0.2.")
    for role, column in (("time", task.time), ("group", task.group)):
        if column is not None and column not in table.columns:
            raise RequestError(
                f"The {role} column '{column}' is not in the data.",
                "one of: " + ", ".join(table.columns),
                column,
                "Check the spelling.",
            )
    notes = Notes()
    share = 0.0 if given_test else test_share
    time = task.time or _time_of_itself(table, schema, task, test_table, notes)
    if time is not None:
        return split_by_time(table, time, task, target, rows, notes, folds, share, gap_seconds)
    if gap_seconds:
        raise RequestError("A gap needs a split by time.", "--time COLUMN", "no time column", "Name it, or drop --gap.")
    if task.group is None and test_table is not None and _goes_on(table, test_table, schema, task, target, rows, notes):
        return split_by_time(table, None, task, target, rows, notes, folds, share, None)
    if task.group is not None:
        units = number_values(table.get_column(task.group)[rows])
        notes.reasons.append(f"by group: no value of '{task.group}' is on both sides of a split")
    else:
        copies = _copies(table, schema, task, rows)
        units = _units(copies, table, schema, task, rows, test_table, notes)
        # That copies stand next to each other does not tell that the rows are in any order.
        first = np.sort(np.unique(copies, return_index=True)[1])
        notes.findings.extend(_open_questions(table, schema, task, target.take(first), rows[first]))
    return split_by_chance(units, task, target, rows, streams, notes, folds, share)


def _time_of_itself(
    table: pl.DataFrame, schema: Schema, task: Task, test_table: pl.DataFrame | None, notes: Notes
) -> str | None:
    """The date column that shows the rows to be in time order, where the user names neither time nor group."""
    if task.group is not None:
        return None
    for name in date_columns(table, schema, task.apart):
        ordered = in_order(table.get_column(name))
        if test_table is not None and name in test_table.columns:
            later = follows(table, test_table, name)
            if later >= 0.9:
                why = f"{later:.0%} of the given test rows are later in '{name}' than the training rows"
            elif ordered:
                notes.reasons.append(
                    f"rows are in the order of '{name}', but the given test rows are from the same period: "
                    "not split by time"
                )
                continue
            else:
                continue
        elif ordered:
            why = f"the rows stand in the order of the date column '{name}'"
        else:
            continue
        notes.reasons.append(f"by time, because {why}")
        notes.findings.append(
            Finding(
                "time-order",
                Severity.NOTE,
                f"The split is by time, because {why}.",
                (name,),
                why="Use comes after training: a random split would learn from rows later than those it is judged on.",
                advice=f"If new rows will come from the same period, read the column as no date "
                f"(--kind {name}=category) or leave it out (--drop {name}); to say it outright, --time {name}.",
            )
        )
        return name
    return None


def _goes_on(
    table: pl.DataFrame, test_table: pl.DataFrame, schema: Schema, task: Task, target: Target, rows: Ints, notes: Notes
) -> bool:
    why = goes_on(table, test_table, schema, task, target, rows)
    if not why:
        return False
    notes.reasons.append(f"by the order of the rows: {why}")
    notes.findings.append(
        Finding(
            "time-order",
            Severity.WARNING,
            f"The rows seem to stand in the order of time, and are split so: {why}.",
            why="A random split would validate between rows it has learned, and promise more than later rows give.",
            advice="Add a column that says when each row happened and name it with --time; the model can then learn "
            "from it as well.",
        )
    )
    return True


def _compared(table: pl.DataFrame, schema: Schema, task: Task) -> list[str]:
    """Columns by which a row counts as a copy of another."""
    apart, there = task.apart, set(table.columns)
    return [c.name for c in schema if c.used and c.kind is not Kind.ID and c.name not in apart and c.name in there]


def _copies(table: pl.DataFrame, schema: Schema, task: Task, rows: Ints) -> Ints:
    """(rows,) number of each row's combination of inputs."""
    columns = _compared(table, schema, task)
    return number_rows(table[rows], columns) if columns else np.arange(len(rows), dtype=np.int64)


def _units(
    copies: Ints,
    table: pl.DataFrame,
    schema: Schema,
    task: Task,
    rows: Ints,
    test_table: pl.DataFrame | None,
    notes: Notes,
) -> Ints:
    """(rows,) what is dealt as one: rows, or copies together where the given test rows repeat none."""
    share = None
    columns = [] if test_table is None else [n for n in _compared(table, schema, task) if n in test_table.columns]
    if test_table is not None and columns and copies.max(initial=-1) + 1 < len(copies):
        known = table[rows].select(columns)
        train = known.hash_rows(seed=7).to_numpy()
        share = repeated_share(train, test_table.select(columns).cast(known.schema).hash_rows(seed=7).to_numpy())
    together, reason = copies_belong_together(copies, share)
    if reason:
        notes.reasons.append(reason)
    return copies if together else np.arange(len(rows), dtype=np.int64)


def _open_questions(table: pl.DataFrame, schema: Schema, task: Task, target: Target, rows: Ints) -> list[Finding]:
    """What speaks against a random split, and is left to the user."""
    found = date_findings(table, date_columns(table, schema, task.apart), target, rows)
    if not found:
        found = row_order_findings(target, rows)
    return [*found, *entity_findings(table, schema, task.apart, target, rows)]
