"""Numbers so far from all others that they are likely mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, Severity
from sevenfold.data.checks.base import DataSubject, as_numbers, shown
from sevenfold.data.checks.tail import chance_of_gap

_FAR = 20.0  # times the spread of the middle half, on the plain and on the logarithmic scale
_GAP = 3.0  # times as far as the farthest of the others
_MOST_SHARE = 0.001
_CHANCE = 1e-3


class Outliers(Check[DataSubject]):
    """A few values that even a heavy tail does not explain."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "outliers",
        "Absurd values",
        "A few numbers far beyond all others, even on a logarithmic scale: mostly slips of a decimal point or a unit.",
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
                        f"'{column.name}' has {int(far.sum()):,} values far from all others, such as "
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
    """(rows,) which values are beyond the fence on both scales, with nothing between them and the rest."""
    nothing = np.zeros(len(values), dtype=np.bool_)
    present = values[~np.isnan(values)]
    if len(present) < 100 or len(np.unique(present)) < 20:
        return nothing
    far = _beyond(values, present)
    if not far.any():
        return nothing
    if (present > 0).all():
        with np.errstate(invalid="ignore"):
            far &= _beyond(np.log(values), np.log(present))
    if not far.any() or far.sum() > max(3, _MOST_SHARE * len(present)):
        return nothing
    middle = float(np.median(present))
    reach = float(np.abs(values[~far & ~np.isnan(values)] - middle).max())
    nearest = float(np.abs(values[far] - middle).min())
    if nearest < _GAP * reach or chance_of_gap(np.abs(values[~far & ~np.isnan(values)] - middle), nearest) > _CHANCE:
        return nothing
    return far


def _beyond(values: Floats, present: Floats) -> Flags:
    low, middle, high = np.quantile(present, [0.25, 0.5, 0.75])
    if high <= low:
        return np.zeros(len(values), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values - middle) > _FAR * (high - low), dtype=np.bool_)
