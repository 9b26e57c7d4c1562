"""Plain Python values as a table: a record, a list of records, a mapping of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sevenfold.core.errors import DataError
from sevenfold.data.readers.base import Raw, Reader, Request, refuse
from sevenfold.data.readers.frames import in_memory
from sevenfold.data.readers.records import frame_of, frame_of_columns


class Plain(Reader):
    """A record (dict of values), a list of records, or a dict of lists of equal length."""

    name = "plain"

    def accepts(self, source: object) -> bool:
        """Whether it is a mapping, a list or a tuple."""
        return isinstance(source, Mapping | list | tuple)

    def read(self, source: Any, request: Request) -> Raw:
        """A row for each record, or a column for each list."""
        if isinstance(source, Mapping):
            if source and all(_is_column(value) for value in source.values()):
                return _of_columns(source)
            frame, notes = frame_of([source])
            return in_memory(frame, "a record", notes)
        for record in source:
            if not isinstance(record, Mapping):
                raise refuse(f"a list with {type(record).__name__} in it", "a list of records (dicts)", "Give dicts.")
        frame, notes = frame_of(source)
        return in_memory(frame, "a list of records", notes)


def _is_column(value: object) -> bool:
    return isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def _of_columns(source: Mapping[Any, Any]) -> Raw:
    columns = {name: value if isinstance(value, list | tuple) else value.tolist() for name, value in source.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "The columns differ in length.",
            "lists of equal length",
            ", ".join(f"{name}: {length}" for name, length in list(lengths.items())[:8]),
            "Check how they were made.",
        )
    frame, notes = frame_of_columns(columns)
    return in_memory(frame, "a dict of lists", notes)
