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
    nested: set[str] = set()
    flat = [_flattened(record or {}, nested) for record in records]
    order: dict[str, None] = {}
    for record in flat:
        if not record.keys() <= order.keys():
            order.update(dict.fromkeys(record))
    columns = {name: [record.get(name) for record in flat] for name in order}
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


def _flattened(record: Mapping[Any, Any], nested: set[str]) -> dict[str, Any]:
    if all(type(name) is str for name in record) and not any(isinstance(value, Mapping) for value in record.values()):
        return record if isinstance(record, dict) else dict(record)
    flat: dict[str, Any] = {}
    for name, value in _leaves(record, nested):
        flat.setdefault(name, value)  # a name that comes twice keeps its first value
    return flat


def _leaves(record: Mapping[Any, Any], nested: set[str], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            nested.add(name)
            yield from _leaves(value, nested, f"{name}.", depth + 1)
        else:
            yield name, None if isinstance(value, Mapping) and not value else value
