"""Columns that only number or name the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Column, Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.distances import as_numbers

if TYPE_CHECKING:
    import polars as pl

_NAMED = re.compile(
    r"(^|[_\W])(id|ids|uid|uuid|guid|key|number|no|nr|num|index|idx|rownum|record)([_\W]|$)|[a-z](ID|Id|No|Number)$",
    re.I,
)
_FEWEST = 30
_COLLISIONS = 10.0


class IdColumns(Check[DataSubject]):
    """Row keys: running numbers, whole numbers that never repeat though chance would repeat them, unique codes."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "id-columns",
        "Row keys among the columns",
        "Columns that differ in every row and only name it: a model can but memorise them.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each such column."""
        findings = []
        key = subject.task.id if subject.task else None
        roles = set(subject.task.roles.values()) if subject.task else set()
        columns = [c for c in subject.schema if c.name == key and key not in {m.name for m in subject.columns}]
        for column in (*subject.columns, *columns):
            if column.name in roles or column.name not in subject.table.columns:
                continue
            reason = self._reason(column, subject.table.get_column(column.name)[subject.distinct_rows])
            aside = not column.used or column.name == key
            if not reason and aside and column.kind is Kind.ID:
                reason = column.reason or "it is the row's key"
            if reason:
                findings.append(self._finding(column.name, reason, aside))
        return findings

    def _finding(self, name: str, reason: str, aside: bool) -> Finding:
        if aside:
            advice = "It is set aside already. If it names a customer or a device rather than a row, use --group."
        else:
            advice = f"Name it with --id {name}, or leave it out with --drop {name}."
        return Finding(
            self.spec.code,
            Severity.NOTE if aside else Severity.WARNING,
            f"'{name}' names the rows: {reason}.",
            (name,),
            why="New rows have new keys: what is learned from a key is worth nothing, or leaks an order.",
            advice=advice,
        )

    def _reason(self, column: Column, values: pl.Series) -> str:
        rows = len(values)
        if rows < _FEWEST or values.null_count():
            return ""
        if column.kind is Kind.NUMBER:
            return numeric_key(column.name, as_numbers(values))
        if column.kind not in (Kind.ID, Kind.CATEGORY, Kind.TEXT) or values.n_unique() < rows:
            return ""
        if column.kind is Kind.TEXT and bool((values.str.count_matches(r"\s") > 0).any()):
            return ""
        return "every value is different"


def numeric_key(name: str, values: Floats) -> str:
    """Why whole numbers name the rows; empty where they do not. Values: (rows,), NaN where missing."""
    rows = len(values)
    if rows < _FEWEST:
        return ""
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return ""
    span = float(values.max() - values.min()) + 1
    steps = np.diff(values)
    if len(np.unique(values)) < rows:
        return ""
    if span == rows and (steps == steps[0]).all():
        return "it is a running number"
    if (steps > 0).all() or (steps < 0).all():
        return "its whole numbers only rise" if steps[0] > 0 else "its whole numbers only fall"
    expected = rows * (rows - 1.0) / 2 / span
    if expected >= _COLLISIONS:
        return f"its whole numbers never repeat, where chance would repeat some {expected:,.0f}"
    if _NAMED.search(name):
        return "its whole numbers never repeat, and its name says so"
    return ""
