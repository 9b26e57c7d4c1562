"""Records as source values in slots, with their violations, as `Runtime.read` finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sevenfold.core.dataset import Kind, Schema
from sevenfold.data.clean import Violation, conform
from sevenfold.data.parse.quick import Unclean
from sevenfold.deployment.compiled.values import Reader, ValueReader
from sevenfold.deployment.rows import check_names
from sevenfold.deployment.runtime import Runtime

_KEPT_SHAPES = 256


@dataclass(frozen=True)
class Shape:
    """What the names of a record's columns say before any value is looked at.

    Args:
        violations: of missing and of extra columns.
        hollow: more than half of the used columns are missing.
    """

    violations: tuple[Violation, ...]
    hollow: bool


@dataclass(frozen=True)
class RecordReader:
    """Reads records into slots. Threads may share it.

    Args:
        runtime: whose reading this is.
        columns: the columns that the model uses, in schema order.
        shapes: by the names of a record's columns.
    """

    runtime: Runtime
    columns: tuple[ValueReader, ...]
    quick: tuple[tuple[str, Reader, ValueReader], ...]
    shapes: dict[tuple[str, ...], Shape] = field(default_factory=dict)

    @classmethod
    def of(cls, runtime: Runtime) -> RecordReader:
        """The reader for a runtime's schema."""
        numbers = {column.name for column in runtime.schema.of_kind(Kind.NUMBER)}
        columns = tuple(
            ValueReader.of(column, runtime.sources[column.name] in numbers)
            for column in runtime.schema
            if column.name in runtime.used
        )
        return cls(runtime, columns, tuple((runtime.sources[c.column.name], c.quick, c) for c in columns))

    @property
    def slots(self) -> Mapping[str, int]:
        """The slot of each used column."""
        return {reader.column.name: slot for slot, reader in enumerate(self.columns)}

    def read(self, record: Mapping[str, Any], row: int = 0) -> tuple[list[Any], tuple[Violation, ...]]:
        """Source values in slots, and violations as those of the given row; those of missing columns have none.

        Raises:
            DataError: more than half of the used columns are missing.
        """
        get = record.get
        values: list[Any] = []
        found: list[Violation] = []
        for source, quick, reader in self.quick:
            value = get(source)
            try:
                values.append(quick(value))
            except Unclean:
                typed, problems = reader.careful(value)
                values.append(typed)
                found += [Violation(reader.column.name, row, code, text) for code, text in problems]
        shape = self.shapes.get(tuple(record))
        if shape is None:
            shape = self._shape(record)
        if shape.hollow:
            self.runtime.refuse_hollow(shape.violations)
        if found:
            return values, _in_order(shape.violations, found, self.runtime.schema)
        return values, shape.violations

    def _shape(self, record: Mapping[str, Any]) -> Shape:
        import polars as pl

        names = [name for name in record if name != self.runtime.predictor.task.target]
        check_names(names)
        bare = pl.DataFrame({name: [] for name in names}, schema_overrides=dict.fromkeys(names, pl.String))
        violations = tuple(self.runtime.telling(conform(bare, self.runtime.schema).violations))
        missing = {v.column for v in violations if v.column in self.runtime.used}
        shape = Shape(violations, 2 * len(missing) > len(self.runtime.used))
        if len(self.shapes) >= _KEPT_SHAPES:
            self.shapes.clear()
        self.shapes[tuple(record)] = shape
        return shape


def _in_order(common: Sequence[Violation], found: Sequence[Violation], schema: Schema) -> tuple[Violation, ...]:
    """By the schema's order, extra columns last."""
    place = {name: number for number, name in enumerate(schema.names)}
    return tuple(sorted((*common, *found), key=lambda v: place.get(v.column, len(place))))
