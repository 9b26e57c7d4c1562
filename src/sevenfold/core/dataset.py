"""Rows with a schema: columns of known kinds, and a fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import RequestError

if TYPE_CHECKING:
    import polars as pl


class Kind(StrEnum):
    """What a column is. The polars type of each in a typed table stands beside it."""

    NUMBER = "number"  # Float64, null where missing, never NaN
    CATEGORY = "category"  # String
    FLAG = "flag"  # Boolean
    DATE = "date"  # Datetime("us"), no time zone
    TEXT = "text"  # String
    IMAGE = "image"  # Binary: an encoded picture (PNG, JPEG, ...)
    ID = "id"  # String: a user, an item, a row's key
    SEQUENCE = "sequence"  # List(Float64)


@dataclass(frozen=True)
class Column:
    """One column of a schema.

    Args:
        name: as in the data.
        kind: what it is.
        reason: why it was taken for that, in words a user can check.
        parse: how raw values are read, as plain data (decimal mark, unit, date formats, missing codes,
            the two spellings of a flag, ...); the keys are `data.clean`'s.
        levels: distinct values seen in training for categories and flags, most frequent first.
        used: False for a column that no model should see (constant, row key, copy); `reason` says why.
    """

    name: str
    kind: Kind
    reason: str = ""
    parse: Mapping[str, Any] = field(default_factory=dict)
    levels: tuple[str, ...] = ()
    used: bool = True

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {
            "name": self.name,
            "kind": str(self.kind),
            "reason": self.reason,
            "parse": dict(self.parse),
            "levels": list(self.levels),
            "used": self.used,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Column:
        """The column that `to_json` wrote; a ValueError for a name or levels that are no text."""
        name, levels = data["name"], data.get("levels", ())
        if not isinstance(levels, list | tuple) or not all(isinstance(text, str) for text in (name, *levels)):
            raise ValueError("a column's name and levels are text")
        return cls(
            name,
            Kind(data["kind"]),
            data.get("reason", ""),
            dict(data.get("parse", {})),
            tuple(levels),
            data.get("used", True),
        )


@dataclass(frozen=True)
class Schema:
    """The columns of a dataset, in file order, the target among them."""

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Column:
        if (column := self._by_name.get(name)) is not None:
            return column
        raise RequestError(
            f"There is no column '{name}'.", "one of: " + ", ".join(self.names), name, "Check the spelling."
        )

    @cached_property
    def _by_name(self) -> dict[object, Column]:
        # The first of a name, should there be two.
        return {column.name: column for column in reversed(self.columns)}

    @property
    def names(self) -> tuple[str, ...]:
        """Names in file order."""
        return tuple(column.name for column in self.columns)

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        """Columns of any of the given kinds."""
        return tuple(column for column in self.columns if column.kind in kinds)

    def without(self, names: frozenset[str]) -> Schema:
        """The schema less some columns."""
        return Schema(tuple(c for c in self.columns if c.name not in names))

    def replacing(self, column: Column) -> Schema:
        """The schema with the column of that name exchanged."""
        return Schema(tuple(column if c.name == column.name else c for c in self.columns))

    def to_json(self) -> dict[str, Any]:
        """Plain data, the inverse of `from_json`."""
        return {"columns": [column.to_json() for column in self.columns]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Schema:
        """The schema that `to_json` wrote."""
        return cls(tuple(Column.from_json(c) for c in data["columns"]))


@dataclass(frozen=True)
class Dataset:
    """A typed table with its schema.

    Args:
        table: one polars column for each schema column, typed as `Kind` says, same order.
        schema: its columns.
        source: where it came from and how it was read (format, encoding, delimiter, header, ...).
        fingerprint: hexadecimal digest of the typed content; equal content, equal fingerprint.
    """

    table: pl.DataFrame
    schema: Schema
    source: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    def __len__(self) -> int:
        return self.table.height

    def with_table(self, table: pl.DataFrame) -> Dataset:
        """Other rows under the same schema."""
        return replace(self, table=table, fingerprint="")
