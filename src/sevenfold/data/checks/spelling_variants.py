"""Categories of which one level is spelled in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, shown
from sevenfold.data.checks.missing_words import MISSING_WORDS
from sevenfold.data.checks.spelling import plain_spelling

_MOST_LEVELS = 50_000
_FEW_SHARE = 0.001


class SpellingVariants(Check[DataSubject]):
    """Levels that differ only in case, spaces or punctuation at their ends."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "spelling-variants",
        "Spelling variants",
        "Levels of a category that differ only in case, spaces or punctuation: one level is split into several.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each column; the rows are those of the rarer spellings."""
        findings = []
        for column in subject.columns:
            if column.kind not in (Kind.CATEGORY, Kind.FLAG):
                continue
            typed = subject.table.get_column(column.name)
            raw = subject.raw_text(column)
            values = typed if raw is None else raw
            counted = {
                str(label): int(rows) for label, rows in values.drop_nulls().value_counts(name="rows").iter_rows()
            }
            if len(counted) > _MOST_LEVELS:
                continue
            spellings: dict[str, list[str]] = {}
            for label in counted:
                if label.strip().lower() not in MISSING_WORDS:
                    spellings.setdefault(plain_spelling(label), []).append(label)
            variants = {form: labels for form, labels in spellings.items() if len(labels) > 1}
            if not variants:
                continue
            rarer: list[str] = []
            for labels in variants.values():
                labels.sort(key=lambda label: (-counted[label], label))
                rarer.extend(labels[1:])
            rows = np.flatnonzero(values.cast(str).is_in(rarer).fill_null(False).to_numpy())
            still = typed.cast(str).drop_nulls().unique().to_list()
            joined = len({plain_spelling(label) for label in still}) == len(still)
            examples = "; ".join(", ".join(map(repr, labels[:4])) for labels in list(variants.values())[:3])
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.NOTE if joined or len(rows) < _FEW_SHARE * len(values) else Severity.WARNING,
                    f"'{column.name}' spells {len(variants)} levels in several ways ({examples})"
                    + ("; they are read as one." if joined else "."),
                    (column.name,),
                    shown(rows),
                    why="Each spelling becomes a level of its own, with fewer rows to learn from.",
                    advice="Write each level in one way where the data are made.",
                    evidence={"spellings": {labels[0]: labels[1:] for labels in variants.values()}, "count": len(rows)},
                )
            )
        return findings
