"""Values that do not fit the kind of their column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, Violation, shown

_CODES = ("unreadable", "wrong-type")


class UnreadableValues(Check[DataSubject]):
    """Values that typing could not read and has left missing."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "unreadable-values",
        "Unreadable values",
        "Values that cannot be read as what their column is: they count as missing.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each column."""
        by_column: dict[str, list[Violation]] = {}
        for violation in subject.violations:
            if violation.code in _CODES:
                by_column.setdefault(violation.column, []).append(violation)
        findings = []
        for name, violations in by_column.items():
            rows = [violation.row for violation in violations if violation.row is not None]
            examples = sorted({repr(violation.received) for violation in violations})
            kind = subject.schema[name].kind if name in subject.schema else "column"
            counted = sum(count for code, count in subject.counts.get(name, {}).items() if code in _CODES)
            total = max(counted, len(violations))
            share = total / max(1, subject.table.height)
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.WARNING,
                    f"'{name}' is a {kind}, but {total:,} values cannot be read as one: {', '.join(examples[:5])}.",
                    (name,),
                    shown(rows),
                    why="They count as missing, and what they meant is lost.",
                    advice=f"Correct them, or state another kind: --kind {name}=category.",
                    evidence={"count": total, "share": round(share, 6), "examples": examples[:20]},
                )
            )
        return findings
