"""Split by time: the latest rows test, and folds validate later rows than they train on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.errors import DataError
from sevenfold.core.task import Target, Task
from sevenfold.data.split.base import Fold, Notes, Split
from sevenfold.data.split.clock import expanding, hold_out, seconds_of
from sevenfold.data.split.count import count_folds
from sevenfold.data.split.units import number_values

if TYPE_CHECKING:
    import polars as pl

_VALID_SHARE = 0.5
_SINGLE_VALID_SHARE = 0.1


def split_by_time(
    table: pl.DataFrame,
    time: str | None,
    task: Task,
    target: Target,
    rows: Ints,
    notes: Notes,
    folds: int | None,
    share: float,
    gap_seconds: float | None,
) -> Split:
    """The split along the column `time`, or along the order of the rows; `share` of the rows test, none where it is 0.

    Raises:
        DataError: too few distinct times.
        RequestError: the column cannot be ordered.
    """
    if time is None:
        times = np.arange(len(rows), dtype=np.float64)
    else:
        times = seconds_of(table.get_column(time)[rows], gap_seconds)
    gap = gap_seconds or 0.0
    missing = int(np.isinf(times).sum())
    if missing:
        notes.reasons.append(f"{missing:,} rows without a time are counted as the earliest")
    if task.time is not None:
        notes.reasons.append(f"by time: rows later in '{time}' validate and test")
    order = np.argsort(times, kind="stable").astype(np.int64)
    ordered = times[order]
    train = order
    test = order[:0]
    if share:
        train, test = hold_out(order, ordered, share, gap)
    if gap:
        notes.reasons.append(f"rows less than {gap:,.0f} s before a validation or test part are not learned from in it")
    count = count_folds(len(train), folds)
    valid_share = _VALID_SHARE if count.folds > 1 else _SINGLE_VALID_SHARE
    parts = expanding(train, times[train], count.folds, gap, valid_share)
    if task.group is not None:
        groups = number_values(table.get_column(task.group)[rows])
        train = _without_groups(train, test, groups)
        parts = [(_without_groups(learn, valid, groups), valid) for learn, valid in parts]
        parts = [(learn, valid) for learn, valid in parts if len(learn)]
        notes.reasons.append(f"rows of a '{task.group}' that is tested later are not learned from")
    parts = _with_all_classes(parts, target, notes)
    if not parts or len(train) == 0:
        raise DataError(
            "The rows cannot be validated by time.",
            "several distinct times, further apart than the gap",
            f"{len(np.unique(times[train])):,} distinct times in training",
            "Leave --time out, name no --group, or make --gap smaller.",
        )
    notes.reasons.append(f"{len(parts)} folds whose training part grows with time; {count.reason}")
    made = tuple(Fold(np.sort(rows[learn]), np.sort(rows[valid])) for learn, valid in parts)
    return Split(
        np.sort(rows[train]),
        np.sort(rows[test]),
        made,
        "time",
        tuple(notes.reasons),
        tuple(notes.findings),
        1,
        time,
    )


def _without_groups(learn: Ints, judged: Ints, groups: Ints) -> Ints:
    return learn[~np.isin(groups[learn], groups[judged])]


def _with_all_classes(parts: list[tuple[Ints, Ints]], target: Target, notes: Notes) -> list[tuple[Ints, Ints]]:
    """Folds whose training part knows every class that the last one knows."""
    if not target.goal.is_classification or not parts:
        return parts
    known = len(np.unique(target.codes[parts[-1][0]]))
    kept = [part for part in parts if len(np.unique(target.codes[part[0]])) == known]
    if len(kept) < len(parts):
        notes.reasons.append(f"{len(parts) - len(kept)} early folds are left out: some class comes only later")
    return kept
