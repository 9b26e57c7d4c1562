"""Columns distributed otherwise in the test file than in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.distances import FEWEST_ROWS, distance

if TYPE_CHECKING:
    import polars as pl

_EFFECT = 0.1
_SURE = 1e-4
_ROWS = 20_000
_NOT_BY_TIME = "If the test rows come later in time, split by time; if not, find out how the files were made."
_BY_TIME = (
    "Validation follows time already, so its last folds come nearest to the test: look at them, ask whether "
    "these columns will go on moving, and train again as newer rows come."
)


class TrainTestShift(Check[DataSubject]):
    """Kolmogorov-Smirnov distance for numbers, total variation for categories; large and beyond chance."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "train-test-shift",
        "Training and test differ",
        "Columns, the target among them, that are distributed otherwise in the test file: validation then promises "
        "what the test does not keep.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding with every column that differs, the most different first."""
        test = subject.test_table
        if test is None:
            return NotApplicable(self.spec.code, "no test file is given")
        if test.height < FEWEST_ROWS or subject.table.height < FEWEST_ROWS:
            return NotApplicable(self.spec.code, f"one of the files has fewer than {FEWEST_ROWS} rows")
        target = subject.task.target if subject.task else None
        inputs = {column.name for column in subject.inputs}
        columns = [
            c
            for c in subject.schema
            if (c.name in inputs or c.name == target)
            and c.name in subject.test_names
            and c.name in subject.table_names
            and c.kind in (Kind.NUMBER, Kind.CATEGORY, Kind.FLAG)
        ]
        generator = subject.streams.generator("audit", "shift")
        left = _some(subject.table, generator)
        right = _some(test, generator)
        shifts: dict[str, float] = {}
        for column in columns:
            effect, p_value = distance(column.kind, left.get_column(column.name), right.get_column(column.name))
            if effect >= _EFFECT and p_value * len(columns) < _SURE:
                shifts[column.name] = effect
        if not shifts:
            return []
        by_time = subject.split is not None and subject.split.strategy == "time"
        ordered = sorted(shifts, key=lambda name: -shifts[name])
        listed = ", ".join(f"'{name}' {shifts[name]:.2f}" for name in ordered[:8])
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"{len(ordered)} of {len(columns)} columns are distributed otherwise in the test file "
                f"(distance from 0 to 1): {listed}.",
                tuple(ordered),
                why="The test rows are not drawn as the training rows were: the two scores will differ, and the test "
                "score is the one to believe if use is like the test.",
                advice=_BY_TIME if by_time else _NOT_BY_TIME,
                evidence={name: round(shifts[name], 4) for name in ordered},
            )
        ]


def _some(table: pl.DataFrame, generator: np.random.Generator) -> pl.DataFrame:
    if table.height <= _ROWS:
        return table
    return table[np.sort(generator.choice(table.height, _ROWS, replace=False))]
