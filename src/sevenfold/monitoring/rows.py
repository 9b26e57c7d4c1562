"""Logged rows read back: typed inputs beside predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.task import Label
from sevenfold.monitoring.store import Reference, Store, read_lines

if TYPE_CHECKING:
    import polars as pl

CHUNK_ROWS = 20_000


@dataclass(frozen=True)
class LoggedRows:
    """Some rows of a log, in the order in which they were answered.

    Args:
        requests: (rows,) id of the request.
        numbers: (rows,) number of the row within its request.
        inputs: typed, the columns that were logged; a picture stands there as its digest.
        predictions: (rows,) labels, numbers, or lists of items, as the log holds them.
        probabilities: (rows, classes), or None where the task has no classes.
        damaged: lines that could not be read.
        foreign: rows of other models.
    """

    requests: tuple[str, ...]
    numbers: tuple[int, ...]
    inputs: pl.DataFrame
    predictions: tuple[Any, ...]
    probabilities: Floats | None
    damaged: int = 0
    foreign: int = 0

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.requests)

    @property
    def keys(self) -> list[tuple[str, int]]:
        """(rows,) what tells each row from all others."""
        return list(zip(self.requests, self.numbers, strict=True))

    def counts_only(self) -> LoggedRows:
        """What is left for counting once the rows themselves are not needed any more."""
        return replace(self, requests=(), numbers=(), inputs=self.inputs[:0], predictions=(), probabilities=None)

    def codes(self, classes: Sequence[Label]) -> Floats:
        """(rows,) index of the class that was decided for."""
        index = {(type(label), label): code for code, label in enumerate(classes)}
        return np.array([index[(type(p), p)] for p in self.predictions], dtype=np.float64)

    def values(self) -> Floats | None:
        """(rows,) numbers that were predicted; None where items were ranked."""
        if any(isinstance(prediction, list) for prediction in self.predictions):
            return None
        return np.array([np.nan if p is None else p for p in self.predictions], dtype=np.float64)


def read_rows(store: Store, reference: Reference) -> Iterator[tuple[str, LoggedRows]]:
    """All rows of the reference's model, some thousand at a time, so that the log's size takes no memory; each part
    with the name of the file that it stands in."""
    for segment in store.segments():
        for part in _of_segment(segment, reference):
            yield segment.name, part


def joined(parts: Sequence[LoggedRows], reference: Reference) -> LoggedRows:
    """Several parts as one."""
    import polars as pl

    inputs = [part.inputs for part in parts if part.rows]
    chances = [part.probabilities for part in parts if part.probabilities is not None and part.rows]
    return LoggedRows(
        tuple(request for part in parts for request in part.requests),
        tuple(number for part in parts for number in part.numbers),
        pl.concat(inputs, how="diagonal") if inputs else typed_inputs([], reference.schema),
        tuple(prediction for part in parts for prediction in part.predictions),
        np.concatenate(chances) if chances else None,
        sum(part.damaged for part in parts),
        sum(part.foreign for part in parts),
    )


def _of_segment(segment: Path, reference: Reference) -> Iterator[LoggedRows]:
    lines = read_lines(segment)
    while part := list(islice(lines, CHUNK_ROWS)):
        rows = [row for row in part if row is not None]
        ours = [row for row in rows if row.get("model") == reference.digest and _whole(row, reference)]
        others = sum(1 for row in rows if row.get("model") != reference.digest)
        classes = len(reference.task.classes)
        probabilities = np.array([row["probabilities"] for row in ours], dtype=np.float64) if classes else None
        yield LoggedRows(
            tuple(str(row["id"]) for row in ours),
            tuple(int(row["row"]) for row in ours),
            typed_inputs([row["inputs"] for row in ours], reference.schema),
            tuple(row["prediction"] for row in ours),
            None if probabilities is None else probabilities.reshape(-1, classes),
            len(part) - len(ours) - others,
            others,
        )


def _whole(row: Mapping[str, Any], reference: Reference) -> bool:
    """Whether a row of the log has what the task promises."""
    if not isinstance(row.get("id"), str) or not isinstance(row.get("row"), int) or "prediction" not in row:
        return False
    classes = reference.task.classes
    if not classes:
        return isinstance(row["prediction"], int | float | list | None)
    chances = row.get("probabilities")
    known = any(type(row["prediction"]) is type(label) and row["prediction"] == label for label in classes)
    return known and isinstance(chances, list) and len(chances) == len(classes) and all(map(_is_number, chances))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def typed_inputs(records: Sequence[Mapping[str, Any]], schema: Schema) -> pl.DataFrame:
    """Logged inputs as a typed table of the columns that were logged; a value of another type becomes null."""
    import polars as pl

    from sevenfold.data.clean import polars_type

    logged = dict.fromkeys(name for record in records for name in record)
    series: list[pl.Series] = []
    for column in schema:
        if column.name not in logged:
            continue
        values = [record.get(column.name) for record in records]
        if column.kind is Kind.IMAGE:
            series.append(pl.Series(column.name, values, dtype=pl.String, strict=False))
        elif column.kind is Kind.DATE:
            texts = pl.Series(column.name, values, dtype=pl.String, strict=False)
            series.append(texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False))
        else:
            series.append(pl.Series(column.name, values, dtype=polars_type(column.kind), strict=False))
    return pl.DataFrame(series)


def with_digests(table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """A typed table with a digest in each picture's place, as the log holds it."""
    import polars as pl

    pictures = [column.name for column in schema.of_kind(Kind.IMAGE) if column.name in table.columns]
    return table.with_columns(
        pl.Series(name, [None if v is None else hashlib.sha256(v).hexdigest()[:32] for v in table[name]], pl.String)
        for name in pictures
    )
