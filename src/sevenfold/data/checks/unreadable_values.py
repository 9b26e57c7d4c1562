"""Values that do not fit the kind of their column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, Violation, counted, shown

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
            known = sum(count for code, count in subject.counts.get(name, {}).items() if code in _CODES)
            total = max(known, len(violations))
            share = total / max(1, subject.table.height)
            source = subject.schema[name].parse.get("from", name) if name in subject.schema else name
            if source != name:
                findings.append(self._of_part(name, str(source), total, examples, rows))
                continue
            findings.append(
                Finding(
                    self.spec.code,
                    Severity.WARNING,
                    f"'{name}' is a {kind}, but {counted(total, 'value')} cannot be read as one: "
                    f"{', '.join(examples[:5])}.",
                    (name,),
                    shown(rows),
                    why="They count as missing, and what they meant is lost.",
                    advice=f"Correct them, or state another kind: --kind {name}=category.",
                    evidence={"count": total, "share": round(share, 6), "examples": examples[:20]},
                )
            )
        return findings

    def _of_part(self, name: str, source: str, total: int, examples: list[str], rows: list[int]) -> Finding:
        """For a column that typing made from a part of another one's values."""
        return Finding(
            self.spec.code,
            Severity.NOTE,
            f"'{name}', a number within '{source}', is not there in {counted(total, 'value')}: "
            f"{', '.join(examples[:5])}.",
            (name,),
            shown(rows),
            why="These values have fewer numbers than the others; this one counts as missing there.",
            advice=f"Nothing need be done, unless the values of '{source}' are written wrongly.",
            evidence={"count": total, "examples": examples[:20]},
        )
