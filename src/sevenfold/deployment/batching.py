"""Requests that wait at the same time, joined into one batch and taken apart again."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sevenfold.deployment.runtime import Answer, Reading

if TYPE_CHECKING:
    import polars as pl


@dataclass(slots=True)
class Job:
    """Rows that wait for an answer.

    Args:
        rows: records, or a frame.
        count: of them.
        likeness: jobs of the same likeness may be predicted together; None for none.
        latest: on the clock of `time.monotonic`, when an answer is of no use any more.
        future: of the answer.
    """

    rows: Any
    count: int
    likeness: Hashable
    latest: float
    future: asyncio.Future[Answer]


def likeness_of(rows: Any) -> Hashable:
    """What rows must have in common to be read as they would be alone: names, in order, and kinds of values.

    Whole columns that are missing or that nobody knows are reported for all rows of a batch, so that rows of other
    columns may not be among them; None for records that differ among themselves.
    """
    if not isinstance(rows, list):
        return tuple(rows.schema.items())
    kinds = {tuple((name, _kind(value)) for name, value in record.items()) for record in rows}
    return kinds.pop() if len(kinds) == 1 else None


def _kind(value: Any) -> Any:
    kind = type(value)
    return float if kind is int else kind


def joined(batch: Sequence[Job]) -> Any:
    """The rows of alike jobs, one after the other."""
    if isinstance(batch[0].rows, list):
        return [record for job in batch for record in job.rows]
    import polars as pl

    return pl.concat([job.rows for job in batch])


def parts_of(answer: Answer, batch: Sequence[Job]) -> list[Answer]:
    """What of a batch's answer belongs to each job."""
    found: list[Answer] = []
    start = 0
    for job in batch:
        stop = start + job.count
        violations = tuple(
            violation if violation.row is None else replace(violation, row=violation.row - start)
            for violation in answer.reading.violations
            if violation.row is None or start <= violation.row < stop
        )
        reading = Reading(partial(_cut, answer.reading, start, stop), violations, job.count)
        found.append(Answer(reading, answer.labels[start:stop], answer.values[start:stop], answer.has_classes))
        start = stop
    return found


def _cut(reading: Reading, start: int, stop: int) -> pl.DataFrame:
    return reading.table[start:stop]
