"""Categories of the test file that training never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import DataSubject, counted

_MANY = 0.05
_ROWS_PER_LEVEL = 5


class UnseenCategories(Check[DataSubject]):
    """Levels in the test file that are not in the training file."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "unseen-categories",
        "Categories only in the test file",
        "Levels that occur in the test file but not in training: the model treats them as unknown.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding for all such columns; the test file's row numbers are in the evidence."""
        test = subject.test_table
        if test is None:
            return NotApplicable(self.spec.code, "no test file is given")
        shares: dict[str, float] = {}
        evidence: dict[str, Any] = {}
        grave = False
        for column in subject.inputs:
            if column.kind is not Kind.CATEGORY or column.name not in subject.test_names or test.height == 0:
                continue
            present = subject.table.get_column(column.name).drop_nulls()
            known = present.unique()
            values = test.get_column(column.name)
            unseen = (values.is_not_null() & ~values.is_in(known.implode())).fill_null(False)
            if not unseen.any():
                continue
            share = int(unseen.sum()) / test.height
            shares[column.name] = share
            # Where most levels are rare, new ones are to be expected.
            grave = grave or (share >= _MANY and len(present) >= _ROWS_PER_LEVEL * len(known))
            evidence[column.name] = {
                "levels": sorted(values.filter(unseen).unique().to_list())[:50],
                "share_of_test": round(share, 6),
                "test_rows": unseen.arg_true()[:1000].to_list(),
            }
        if not shares:
            return []
        ordered = sorted(shares, key=lambda name: -shares[name])
        listed = ", ".join(f"'{name}' in {_share(shares[name], test.height)}" for name in ordered[:6])
        return [
            Finding(
                self.spec.code,
                Severity.WARNING if grave else Severity.NOTE,
                f"Levels that training never saw: {listed}.",
                tuple(ordered),
                why="The model knows nothing of these levels and falls back on the rest of the row.",
                advice="Add training rows with these levels, or check whether they are another spelling.",
                evidence=evidence,
            )
        ]


def _share(share: float, rows: int) -> str:
    return f"{share:.1%} of the test rows" if share >= 0.001 else counted(round(share * rows), "test row")
