"""Records (mappings of names to values) as a table: nested mappings are flattened with dots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenfold.data.readers.names import tidy
from sevenfold.data.readers.series import column_of

if TYPE_CHECKING:
    import polars as pl

_DEEPEST = 8


def frame_of(records: Sequence[Mapping[Any, Any] | None]) -> tuple[pl.DataFrame, list[str]]:
    """A row for each record, a column for each name in order of appearance; a record that is None is a row of nulls.

    Returns:
        The table, and notes on what was done to names and nested values.
    """
    columns: dict[str, list[Any]] = {}
    nested: set[str] = set()
    for row, record in enumerate(records):
        for name, value in _flat(record or {}, nested):
            values = columns.get(name)
            if values is None:
                values = columns[name] = []
            if len(values) <= row:  # a name that comes twice in a record keeps its first value
                values.extend([None] * (row - len(values)))
                values.append(value)
    for values in columns.values():
        values.extend([None] * (len(records) - len(values)))
    notes = [f"nested objects flattened with dots ({', '.join(sorted(nested)[:5])})"] if nested else []
    frame, more = frame_of_columns(columns)
    return frame, [*notes, *more]


def frame_of_columns(columns: Mapping[Any, Sequence[Any]]) -> tuple[pl.DataFrame, list[str]]:
    """Columns of plain values of equal length as a table, with unique text names, and notes on what was done."""
    import polars as pl

    names, notes = tidy(columns)
    series = [column_of(name, values) for name, values in zip(names, columns.values(), strict=True)]
    texts = [
        column.name
        for column, values in zip(series, columns.values(), strict=True)
        if column.dtype == pl.String and any(isinstance(value, list | tuple) for value in values)
    ]
    if texts:
        notes.append(f"lists kept as JSON text ({', '.join(texts[:5])})")
    return pl.DataFrame(series), notes


def _flat(record: Mapping[Any, Any], nested: set[str], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            nested.add(name)
            yield from _flat(value, nested, f"{name}.", depth + 1)
        else:
            yield name, None if isinstance(value, Mapping) and not value else value
