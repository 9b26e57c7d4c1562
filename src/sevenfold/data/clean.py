"""Enforcing a schema: any raw frame becomes the typed table that was trained on, and says where it could not.

Training, evaluation and prediction all go through `conform`, one row or a million: the same value always reads the
same way. What cannot be read becomes null and is reported, row by row; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError
from sevenfold.data.parse.dates import read_dates
from sevenfold.data.parse.flags import read_flags
from sevenfold.data.parse.images import read_images
from sevenfold.data.parse.labels import read_labels, read_text
from sevenfold.data.parse.numbers import read_numbers
from sevenfold.data.parse.quick import FEW_ROWS, quick
from sevenfold.data.parse.reading import Reading
from sevenfold.data.parse.sequences import read_sequences

if TYPE_CHECKING:
    import polars as pl

MISSING_COLUMN = "missing-column"
EXTRA_COLUMN = "extra-column"
LISTED = 100
"""Violations listed for one column and code; the rest are counted only."""


@dataclass(frozen=True)
class Violation:
    """A place where raw data do not keep to the schema.

    Args:
        column: the column.
        row: row number from 0, None where the whole column is meant.
        code: "missing-column", "extra-column", "unreadable", "unseen-category", "out-of-range" or "wrong-type".
        received: what stood there, cut to 80 characters.
    """

    column: str
    row: int | None
    code: str
    received: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"column": self.column, "row": self.row, "code": self.code, "received": self.received}


@dataclass(frozen=True)
class Conformed:
    """A typed table, and what stood in its way.

    Args:
        table: every schema column, in schema order, typed as `Kind` says.
        violations: by column; the first 100 of each column and code.
        extra_columns: columns that the schema does not know; they were left out.
        counts: how many violations there are in all, by column, then by code.
    """

    table: pl.DataFrame
    violations: tuple[Violation, ...] = ()
    extra_columns: tuple[str, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def conform(frame: pl.DataFrame, schema: Schema, *, require: frozenset[str] = frozenset()) -> Conformed:
    """The typed table of a schema from any raw frame.

    Columns may come in any order; a missing one becomes all null, and an extra one is left out, both with a
    violation. A value that cannot be read becomes null with a violation "unreadable" (or "wrong-type" where the
    column's type rules it out); an infinity becomes null with "out-of-range"; a label that was never seen stays as it
    is, with "unseen-category".

    Args:
        frame: raw rows, as strings or typed.
        schema: what the table must be.
        require: columns that must be there.
    Raises:
        DataError: a column of `require` is not there.
    """
    import polars as pl

    there = set(frame.columns)
    sources = {column.name: source_of(column) for column in schema}
    for name in sorted(require - there):
        near = get_close_matches(name, frame.columns, n=1)
        advice = f"There is a column '{near[0]}': rename it if that is the one." if near else "Add the column."
        raise DataError(f"Column '{name}' is not there.", name, ", ".join(frame.columns) or "no columns", advice)
    violations: list[Violation] = []
    counts: dict[str, dict[str, int]] = {}
    typed: list[pl.Series] = []
    for column in schema:
        source = sources[column.name]
        if source not in there:
            typed.append(_absent(column, frame.height))
            near = get_close_matches(source, sorted(there - set(sources.values())), n=1)
            violations.append(Violation(column.name, None, MISSING_COLUMN, f"a column '{near[0]}'" if near else ""))
            counts.setdefault(column.name, {})[MISSING_COLUMN] = 1
            continue
        raw = frame.get_column(source)
        reading = read(raw, column)
        typed.append(reading.values.alias(column.name))
        for code, mask in reading.problems:
            _note(violations, counts, column.name, code, raw, mask)
    known = set(sources.values())
    extra = tuple(name for name in frame.columns if name not in known)
    for name in extra:
        violations.append(Violation(name, None, EXTRA_COLUMN))
        counts.setdefault(name, {})[EXTRA_COLUMN] = 1
    return Conformed(pl.DataFrame(typed), tuple(violations), extra, counts)


def source_of(column: Column) -> str:
    """The raw column that a schema column is read from: another one for the numbers of a composite."""
    return str(column.parse.get("from", column.name))


def source_columns(schema: Schema) -> tuple[str, ...]:
    """The columns that raw rows need, in schema order, each once."""
    return tuple(dict.fromkeys(source_of(column) for column in schema))


def read(raw: pl.Series, column: Column) -> Reading:
    """One raw column as its schema column says."""
    if len(raw) <= FEW_ROWS and (values := quick(raw, column)) is not None:
        return Reading(values)
    return read_carefully(raw, column)


def read_carefully(raw: pl.Series, column: Column) -> Reading:
    """The same by the vectorised readers, whatever the number of rows."""
    if column.kind is Kind.NUMBER:
        return read_numbers(raw, column.parse)
    if column.kind is Kind.CATEGORY:
        return read_labels(raw, column.parse, column.levels)
    if column.kind is Kind.FLAG:
        return read_flags(raw, column.parse)
    if column.kind is Kind.DATE:
        return read_dates(raw, column.parse)
    if column.kind is Kind.IMAGE:
        return read_images(raw, column.parse)
    if column.kind is Kind.SEQUENCE:
        return read_sequences(raw, column.parse)
    return read_text(raw, column.parse)


def polars_type(kind: Kind) -> Any:
    """The polars type of a kind in a typed table."""
    import polars as pl

    return {
        Kind.NUMBER: pl.Float64,
        Kind.FLAG: pl.Boolean,
        Kind.DATE: pl.Datetime("us"),
        Kind.IMAGE: pl.Binary,
        Kind.SEQUENCE: pl.List(pl.Float64),
    }.get(kind, pl.String)


def _absent(column: Column, rows: int) -> pl.Series:
    import polars as pl

    return pl.Series(column.name, [None], dtype=polars_type(column.kind)).new_from_index(0, rows)


def _note(
    violations: list[Violation],
    counts: dict[str, dict[str, int]],
    name: str,
    code: str,
    raw: pl.Series,
    mask: pl.Series,
) -> None:
    """Add one column's violations of one code."""
    count = int(mask.sum() or 0)
    if not count:
        return
    of_column = counts.setdefault(name, {})
    of_column[code] = of_column.get(code, 0) + count
    rows = mask.arg_true().head(LISTED)
    for row, value in zip(rows.to_list(), raw.gather(rows).to_list(), strict=True):
        violations.append(Violation(name, row, code, shown(value)))


def shown(value: object) -> str:
    """What stood there, as a violation tells it: cut to 80 characters, of bytes the number only."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"
