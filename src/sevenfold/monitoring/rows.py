"""Logged rows read back: typed inputs beside predictions."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.task import Label
from sevenfold.monitoring.reference import picture_aspects
from sevenfold.monitoring.segments import PACKED
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
        times: (rows,) seconds since 1970 at which they were answered.
        damaged: lines that could not be read.
        foreign: rows of other models.
    """

    requests: tuple[str, ...]
    numbers: tuple[int, ...]
    inputs: pl.DataFrame
    predictions: tuple[Any, ...]
    probabilities: Floats | None
    times: Floats = field(default_factory=lambda: np.empty(0))
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

    def take(self, places: Ints) -> LoggedRows:
        """Some of the rows."""
        return replace(
            self,
            requests=tuple(self.requests[place] for place in places),
            numbers=tuple(self.numbers[place] for place in places),
            inputs=self.inputs[places],
            predictions=tuple(self.predictions[place] for place in places),
            probabilities=None if self.probabilities is None else self.probabilities[places],
            times=self.times[places],
        )

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
        pl.concat(inputs, how="diagonal") if inputs else typed_inputs([], reference),
        tuple(prediction for part in parts for prediction in part.predictions),
        np.concatenate(chances) if chances else None,
        np.concatenate([np.empty(0), *(part.times for part in parts)]),
        sum(part.damaged for part in parts),
        sum(part.foreign for part in parts),
    )


def _of_segment(segment: Path, reference: Reference) -> Iterator[LoggedRows]:
    if segment.suffix == PACKED:
        yield from _of_packed(segment, reference)
        return
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
            typed_inputs([row["inputs"] for row in ours], reference),
            tuple(row["prediction"] for row in ours),
            None if probabilities is None else probabilities.reshape(-1, classes),
            np.array([_seconds(row.get("time")) for row in ours], dtype=np.float64),
            len(part) - len(ours) - others,
            others,
        )


def _of_packed(segment: Path, reference: Reference) -> Iterator[LoggedRows]:
    """A Parquet file; one that cannot be read is one damaged line."""
    import polars as pl

    try:
        # From memory: a file that retention deletes meanwhile is read to its end.
        table = pl.read_parquet(segment.read_bytes())
        for start in range(0, table.height, CHUNK_ROWS):
            yield _of_table(table[start : start + CHUNK_ROWS], reference)
    except (OSError, pl.exceptions.PolarsError):
        yield LoggedRows((), (), typed_inputs([], reference), (), None, damaged=1)


def _of_table(table: pl.DataFrame, reference: Reference) -> LoggedRows:
    import polars as pl

    ours = table.filter(pl.col("model") == reference.digest)
    others = table.height - ours.height
    classes = len(reference.task.classes)
    if classes:
        known = {(type(label), label) for label in reference.task.classes}
        fits = [(type(p), p) in known for p in ours.get_column("prediction").to_list()]
        ours = ours.filter(pl.Series(fits, dtype=pl.Boolean))
        ours = ours.filter(pl.col("probabilities").list.len() == classes, pl.col("probabilities").list.sum() > 0)
    values = None
    if classes:
        values = np.array(ours.get_column("probabilities").to_list(), dtype=np.float64).reshape(-1, classes)
    times = ours.get_column("time").str.to_datetime("%+", time_unit="us", strict=False, time_zone="UTC")
    return LoggedRows(
        tuple(ours.get_column("id").cast(pl.String).to_list()),
        tuple(ours.get_column("row").to_list()),
        _typed(ours.get_column("inputs").struct.unnest(), reference),
        tuple(ours.get_column("prediction").to_list()),
        values,
        times.dt.epoch("us").cast(pl.Float64).fill_null(float("nan")).to_numpy() / 1e6,
        table.height - others - ours.height,
        others,
    )


def _seconds(time: object) -> float:
    try:
        return datetime.datetime.fromisoformat(str(time)).timestamp()
    except ValueError:
        return float("nan")


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


def typed_inputs(records: Sequence[Mapping[str, Any]], reference: Reference) -> pl.DataFrame:
    """Logged inputs as a typed table of the columns that were logged; a value of another type becomes null."""
    import polars as pl

    logged = dict.fromkeys(name for record in records for name in record)
    types = _types(reference)
    columns = {
        name: pl.Series(name, [record.get(name) for record in records], dtype=types[name], strict=False)
        for name in types
        if name in logged
    }
    return _typed(pl.DataFrame(columns), reference)


def _typed(table: pl.DataFrame, reference: Reference) -> pl.DataFrame:
    """Columns of the schema, and figures of pictures, in their types; dates are read from their ISO form."""
    import polars as pl

    types = _types(reference)
    kept = table.select(pl.col(name).cast(types[name], strict=False) for name in types if name in table.columns)
    dates = [c.name for c in reference.schema.of_kind(Kind.DATE) if c.name in kept.columns]
    return kept.with_columns(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False) for name in dates
    )


def _types(reference: Reference) -> dict[str, Any]:
    """How each column stands in the log: dates and pictures as text."""
    import polars as pl

    from sevenfold.data.clean import polars_type

    texts = (Kind.IMAGE, Kind.DATE)
    types = {c.name: pl.String if c.kind in texts else polars_type(c.kind) for c in reference.schema}
    return {**types, **{name: pl.Float64 for name in picture_aspects(reference) if name not in types}}


def with_digests(table: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """A typed table with a digest in each picture's place, as the log holds it."""
    import polars as pl

    pictures = [column.name for column in schema.of_kind(Kind.IMAGE) if column.name in table.columns]
    return table.with_columns(
        pl.Series(name, [None if v is None else hashlib.sha256(v).hexdigest()[:32] for v in table[name]], pl.String)
        for name in pictures
    )
