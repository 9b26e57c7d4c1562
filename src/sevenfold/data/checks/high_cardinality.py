"""Categories with very many levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject

_MANY = 200
_ROWS_PER_LEVEL = 5


class HighCardinality(Check[DataSubject]):
    """More than 200 levels, or more than 20 with fewer than 5 rows each."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "high-cardinality",
        "Categories with many levels",
        "Categories with so many levels that most are seen a few times only, and new ones will come.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """One finding for all such columns."""
        many: dict[str, int] = {}
        for column in subject.inputs:
            if column.kind is not Kind.CATEGORY:
                continue
            values = subject.table.get_column(column.name).drop_nulls()
            levels = values.n_unique()
            if levels > _MANY or (levels > 20 and len(values) < _ROWS_PER_LEVEL * levels):
                many[column.name] = levels
        if not many:
            return []
        ordered = sorted(many, key=lambda name: -many[name])
        counted = ", ".join(f"'{name}' {many[name]:,}" for name in ordered[:8])
        return [
            Finding(
                self.spec.code,
                Severity.NOTE,
                f"Many levels in {subject.table.height:,} rows: {counted}.",
                tuple(ordered),
                why="Most levels are too rare to learn from; new rows will bring levels that were never seen.",
                advice="They are encoded by target mean. A coarser column (region for city) may do better.",
                evidence={name: many[name] for name in ordered},
            )
        ]
