"""Numbers so far from all others that they are likely mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, counted, shown
from sevenfold.data.checks.tail import chance_of_gap
from sevenfold.data.distances import as_numbers

_FAR = 5.0  # times the spread of the middle half
_GAP = 3.0  # times as far as the farthest of the others
_MOST_SHARE = 0.01
_CHANCE = 1e-4


class Outliers(Check[DataSubject]):
    """A few values that even a heavy tail does not explain."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "outliers",
        "Absurd values",
        "Numbers far beyond all others, farther than the tail explains: mostly slips of a decimal point or a unit.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding]:
        """A finding for each column, with the rows."""
        findings = []
        for column in subject.columns:
            if column.kind is not Kind.NUMBER:
                continue
            values = as_numbers(subject.table.get_column(column.name))
            far = _far(values)
            if far.any():
                kept = values[~far & ~np.isnan(values)]
                findings.append(
                    Finding(
                        self.spec.code,
                        Severity.WARNING,
                        f"'{column.name}' has {counted(int(far.sum()), 'value')} far from all others, such as "
                        f"{values[far][0]:g}; the others lie in {kept.min():g} to {kept.max():g}.",
                        (column.name,),
                        shown(np.flatnonzero(far)),
                        why="They squeeze the scale of the column and pull linear models and distances.",
                        advice="Check these rows; correct the values or leave the fields empty.",
                        evidence={"count": int(far.sum())},
                    )
                )
        return findings


def _far(values: Floats) -> Flags:
    """(rows,) which values lie beyond a gap that the tail of the others does not explain."""
    nothing = np.zeros(len(values), dtype=np.bool_)
    present = values[~np.isnan(values)]
    if len(present) < 100 or len(np.unique(present)) < 20:
        return nothing
    low, middle, high = np.quantile(present, [0.25, 0.5, 0.75])
    if high <= low:
        return nothing
    distances = np.abs(present - middle)
    ordered = np.sort(distances)[::-1]
    most = max(3, int(_MOST_SHARE * len(present)))
    top = ordered[: most + 1]
    # The widest gap, as a ratio, among the farthest values: what lies beyond it is in question.
    ratios = top[:-1] / np.maximum(top[1:], 1e-300)
    at = int(ratios.argmax())
    nearest, reach = float(top[at]), float(top[at + 1])
    if nearest < _FAR * (high - low) or nearest < _GAP * reach:
        return nothing
    if chance_of_gap(distances[distances <= reach], nearest) > _CHANCE:
        return nothing
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values - middle) >= nearest, dtype=np.bool_)
