"""Records as source values in slots, with their violations, as `Runtime.read` finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from sevenfold.core.dataset import Kind, Schema
from sevenfold.data.clean import Violation, conform
from sevenfold.data.parse.quick import Unclean
from sevenfold.deployment.compiled.values import Reader, ValueReader, takes_any_number
from sevenfold.deployment.rows import check_names
from sevenfold.deployment.runtime import Runtime

_KEPT_SHAPES = 256
_WHOLE = 2**53  # whole numbers up to here are numbers without a second look
_FLOATS, _NUMBERS = {float}, {float, int}


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
        if len(record) == self._names and (plain := self._plain(record)) is not None:
            return plain, self._whole.violations
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

    def _plain(self, record: Mapping[str, Any]) -> list[Any] | None:
        """Values of a record that has what it should and nothing odd; None where that takes a closer look.

        Numbers are looked at all together: they are most of what most records hold.
        """
        try:
            values = list(self._all(record))
        except KeyError:
            return None
        places = self._numbers
        numbers = values if len(places) == len(values) else [values[place] for place in places]
        kinds = set(map(type, numbers))
        if kinds == _FLOATS:
            total = sum(numbers)
            if total - total != 0.0:  # one of them is no number, or infinite
                return None
        elif kinds:
            if not kinds <= _NUMBERS or not (min(numbers) > -_WHOLE and max(numbers) < _WHOLE):
                return None
            for place in places:
                values[place] = float(values[place])
        try:
            for place, quick in self._others:
                values[place] = quick(values[place])
        except Unclean:
            return None
        return values

    @cached_property
    def _names(self) -> int:
        """How many names a record has that lacks nothing and has nothing more."""
        return len({source for source, _, _ in self.quick}) if len(self.quick) > 1 else -1

    @cached_property
    def _all(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        """Raw values by slots, of two columns or more; a KeyError where the record lacks one."""
        return itemgetter(*(source for source, _, _ in self.quick))

    @cached_property
    def _numbers(self) -> tuple[int, ...]:
        """Slots of columns that take any number."""
        readers = enumerate(self.columns)
        return tuple(slot for slot, reader in readers if reader.is_number and takes_any_number(reader.column))

    @cached_property
    def _others(self) -> tuple[tuple[int, Reader], ...]:
        numbers = set(self._numbers)
        return tuple((slot, quick) for slot, (_, quick, _) in enumerate(self.quick) if slot not in numbers)

    @cached_property
    def _whole(self) -> Shape:
        """What is said of a record's names that has every one that it should and no other."""
        return self._shape({source: None for source, _, _ in self.quick})

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
