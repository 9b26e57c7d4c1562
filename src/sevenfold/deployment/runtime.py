"""From rows in any form to predictions: read, conform, predict, decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError
from sevenfold.core.predictor import Predictor
from sevenfold.data.clean import LISTED, MISSING_COLUMN
from sevenfold.deployment.rows import raw_groups

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from sevenfold.data.clean import Conformed, Violation


class Reading:
    """Rows as the model reads them.

    Args:
        table: typed, every input column of the schema; or what makes it when it is asked for.
        violations: where the rows are not what the schema promises; a violation without a row concerns all rows.
        rows: how many.

    `records` are the rows as they came, where they came as records: who reads many answers can then read them together.
    """

    __slots__ = ("_table", "records", "rows", "violations")

    def __init__(
        self, table: pl.DataFrame | Callable[[], pl.DataFrame], violations: tuple[Violation, ...], rows: int
    ) -> None:
        self._table = table
        self.violations = violations
        self.rows = rows
        self.records: Sequence[Mapping[str, Any]] | None = None

    @property
    def is_read(self) -> bool:
        """Whether the typed table is there already."""
        return not callable(self._table)

    @property
    def table(self) -> pl.DataFrame:
        """The typed table; rows that were predicted without it are read again for it."""
        if callable(self._table):
            self._table = self._table()
        return self._table

    def by_row(self) -> list[list[Violation]]:
        """The violations of each row, those of all rows included."""
        common = [v for v in self.violations if v.row is None]
        rows: list[list[Violation]] = [list(common) for _ in range(self.rows)]
        for violation in self.violations:
            if violation.row is not None:
                rows[violation.row].append(violation)
        return rows


class Answer(NamedTuple):
    """What the model says of some rows.

    Args:
        reading: the rows as they were read.
        labels: (rows,) labels in their own type, or numbers, or (rows, best) items of a recommendation.
        values: (rows,) numbers, (rows, classes) probabilities, or (rows, best) scores of the items.
        has_classes: whether `values` are probabilities.
    """

    reading: Reading
    labels: npt.NDArray[Any]
    values: Floats
    has_classes: bool

    @property
    def probabilities(self) -> Floats | None:
        """(rows, classes), or None where the task has no classes."""
        return self.values if self.has_classes else None

    @property
    def scores(self) -> Floats | None:
        """(rows, best) scores of the best items, -inf where there is none; None where items are not ranked."""
        return self.values if self.labels.ndim == 2 else None


@dataclass(frozen=True)
class Runtime:
    """Predicts with one predictor. Holds nothing that a prediction changes, so that threads may share it.

    Args:
        predictor: the whole that was trained.
        schema: the columns it was trained on, without the target.
        used: the columns that a pipeline reads.
        sources: the name by which each column of the schema is found in raw rows.
    """

    predictor: Predictor
    schema: Schema
    used: frozenset[str]
    sources: Mapping[str, str]

    @classmethod
    def of(cls, predictor: Predictor, schema: Schema) -> Runtime:
        """The runtime of a predictor that was trained on rows of `schema`."""
        used = frozenset(
            name
            for member in predictor.members
            for pipeline in member.pipelines
            for step in pipeline.recipe.steps
            for name in step.inputs
            if not name.startswith("@")
        )
        inputs = schema.without(frozenset({predictor.task.target}))
        sources = {column.name: str(column.parse.get("from", column.name)) for column in inputs}
        return cls(predictor, inputs, used, sources)

    def read(self, rows: Any, *, every_violation: bool = False) -> Reading:
        """Rows in any form as a typed table, with a list of all that is wrong with them.

        Args:
            every_violation: list all of them; otherwise the first 100 of each column and code.
        Raises:
            DataError: more than half of the columns that the model uses are not there at all.
        """
        import polars as pl

        from sevenfold.data.clean import conform

        tables: list[pl.DataFrame] = []
        places: list[Ints] = []
        violations: list[Violation] = []
        for frame, rows_of in raw_groups(rows, self.schema):
            frame = frame.drop(self.predictor.task.target, strict=False)
            conformed = conform(frame, self.schema)
            tables.append(conformed.table)
            found = list(conformed.violations)
            if every_violation and _cut_short(conformed):
                found = _all_violations(frame, self.schema)
            if rows_of is None:
                violations.extend(found)
                continue
            places.append(rows_of)
            for violation in found:
                violations.extend(
                    replace(violation, row=int(row))
                    for row in (rows_of if violation.row is None else [rows_of[violation.row]])
                )
        table = pl.concat(tables) if tables else self._empty()
        if places:
            table = table[np.argsort(np.concatenate(places))]
        violations = self.telling(violations)
        violations.extend(self._absent(rows, violations))
        reading = Reading(table, tuple(violations), table.height)
        if reading.rows:
            self.refuse_hollow(reading.violations)
        return reading

    def telling(self, violations: Iterable[Violation]) -> list[Violation]:
        """Those that say something of the model's answer: of columns that it uses or does not know."""
        return [v for v in violations if v.column in self.used or v.column not in self.schema]

    def answer(self, rows: Any, *, every_violation: bool = False) -> Answer:
        """Predictions for rows in any form; see `read`."""
        reading = self.read(rows, every_violation=every_violation)
        values = self.predict(reading.table)
        return Answer(reading, self.decide(values), values, self.predictor.task.goal.is_classification)

    def predict(self, table: pl.DataFrame) -> Floats:
        """(rows,) numbers or (rows, classes) probabilities for a typed table."""
        if table.height == 0:
            classes = len(self.predictor.task.classes)
            return np.empty((0, classes) if self.predictor.task.goal.is_classification else (0,))
        return self.predictor.predict(table)

    def decide(self, values: Floats) -> npt.NDArray[Any]:
        """(rows,) labels in their own type for probabilities; numbers pass unchanged."""
        if values.ndim == 1:
            return values
        return self.classes[self.predictor.decision.decide(values)]

    @cached_property
    def classes(self) -> npt.NDArray[Any]:
        """(classes,) labels in the order of probability columns, in their own type; objects where types are mixed."""
        labels = self.predictor.task.classes
        if len({type(label) for label in labels}) == 1:
            return np.array(labels)
        mixed = np.empty(len(labels), dtype=object)
        mixed[:] = labels
        return mixed

    def _empty(self) -> pl.DataFrame:
        import polars as pl

        from sevenfold.data.clean import conform

        empty = pl.DataFrame(
            {name: [] for name in self.schema.names}, schema_overrides=dict.fromkeys(self.schema.names, pl.String)
        )
        return conform(empty, self.schema).table

    def _absent(self, rows: Any, known: Sequence[Violation]) -> list[Violation]:
        """Columns that some records lack and others have: the frame has them, those records do not."""
        from sevenfold.data.clean import Violation

        if not isinstance(rows, list | tuple) or len(rows) < 2:
            return []
        told = {(v.column, v.row) for v in known if v.code == MISSING_COLUMN}
        return [
            Violation(name, row, MISSING_COLUMN)
            for row, record in enumerate(rows)
            for name in sorted(self.used)
            if self.sources[name] not in record and (name, None) not in told and (name, row) not in told
        ]

    def refuse_hollow(self, violations: Iterable[Violation]) -> None:
        """Refuse rows that lack most of the columns.

        Raises:
            DataError: more than half of the columns that the model uses are missing.
        """
        missing: dict[int | None, set[str]] = {}
        for violation in violations:
            if violation.code == MISSING_COLUMN and violation.column in self.used:
                missing.setdefault(violation.row, set()).add(violation.column)
        common = missing.get(None, set())
        row, worst = max(((row, names | common) for row, names in missing.items()), key=_lacks, default=(None, set()))
        if 2 * len(worst) > len(self.used):
            raise DataError(
                "More than half of the columns that the model uses are missing"
                + ("." if row is None else f" in row {row}, counted from 0."),
                ", ".join(sorted(self.used)),
                f"{len(worst)} of {len(self.used)} missing: " + ", ".join(sorted(worst)),
                "Check the names of the columns, and that the file has a header where the training file had one.",
            )


def _lacks(found: tuple[int | None, set[str]]) -> tuple[int, bool]:
    """How many columns; what all rows lack comes before what one lacks."""
    return len(found[1]), found[0] is None


def _cut_short(conformed: Conformed) -> bool:
    return any(count > LISTED for of_column in conformed.counts.values() for count in of_column.values())


def _all_violations(frame: pl.DataFrame, schema: Schema) -> list[Violation]:
    """Every violation, from reading so few rows at a time that none is left out of the list."""
    from sevenfold.data.clean import conform

    violations: dict[Violation, None] = {}  # a violation of all rows comes with every part, and is kept once
    for start in range(0, frame.height, LISTED):
        for violation in conform(frame[start : start + LISTED], schema).violations:
            row = None if violation.row is None else violation.row + start
            violations[replace(violation, row=row)] = None
    return list(violations)
