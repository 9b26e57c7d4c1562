"""Columns in which numbers and words are mixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.checks.missing_words import MISSING_WORDS

_NUMERIC = r"^\s*[-+]?(\d[\d ,.']*)([eE][-+]?\d+)?\s*$"
_MOSTLY = 0.5
_DISTINCT_NUMBERS = 10
_DISTINCT_WORDS = 20


class MixedTypes(Check[DataSubject]):
    """Columns that are mostly plain numbers but hold words, too."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "mixed-types",
        "Mixed types",
        "Columns that hold mostly numbers and some words: read as words, every number becomes a category; read as "
        "numbers, the words are lost.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each such column, with the rows that hold words."""
        import polars as pl

        findings = []
        for column in subject.columns:
            raw = subject.raw_text(column)
            values = subject.table[column.name] if raw is None else raw
            if values.dtype != pl.String or column.kind in (Kind.DATE, Kind.TEXT, Kind.IMAGE):
                continue
            counted = values.drop_nulls().value_counts(name="rows")
            words = counted[values.name]
            numeric = words.str.contains(_NUMERIC)
            missing = words.str.strip_chars().str.to_lowercase().is_in(list(MISSING_WORDS))
            other = ~numeric & ~missing
            rows_numeric = int(counted["rows"].filter(numeric).sum())
            rows_other = int(counted["rows"].filter(other).sum())
            if rows_other == 0 or int(numeric.sum()) < _DISTINCT_NUMBERS:
                continue
            if rows_numeric < _MOSTLY * (rows_numeric + rows_other):
                continue
            odd = words.filter(other)
            if column.kind is not Kind.NUMBER and (len(odd) > _DISTINCT_WORDS or odd.str.contains(r"\d").any()):
                continue  # codes of digits and letters
            rows = np.flatnonzero(values.is_in(odd.implode()).fill_null(False).to_numpy())
            examples = ", ".join(repr(word) for word in sorted(odd.to_list())[:5])
            typed = subject.table[column.name]
            lost = int(typed[rows].is_null().sum()) if column.kind is Kind.NUMBER else rows_other
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.WARNING if lost else Severity.NOTE,
                    f"'{column.name}' holds numbers in {rows_numeric:,} rows and words in {rows_other:,}: {examples}."
                    + ("" if lost else " All of them can be read as numbers."),
                    (column.name,),
                    shown(rows),
                    why="Either the words are lost or each number becomes a category of its own.",
                    advice="Write these values as numbers, or leave the fields empty.",
                    evidence={"numbers": rows_numeric, "words": rows_other, "examples": sorted(odd.to_list())[:20]},
                )
            )
        return findings
