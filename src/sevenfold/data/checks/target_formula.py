"""Columns of which the target is a sum or a product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Goal
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.distances import as_numbers

_ROWS = 4_000
_COLUMNS = 40
_EXACT = 0.01  # of the target's spread
_SHARE = 0.5
_IDENTITY = 0.97  # of the target's variance
_STEP = 0.8


class TargetFormula(Check[DataSubject]):
    """Numbers that add up, or multiply up, to the target: fare = total - tip - tolls."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "target-formula",
        "Columns that add up to the target",
        "Several numeric columns whose sum or product is the target: together they give it away, though none does "
        "alone.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """One finding for a sum, or else for a product."""
        if subject.learned is None or subject.target is None or subject.target.goal is not Goal.REGRESSION:
            return NotApplicable(self.spec.code, "the target is no number")
        sample, target = subject.learned
        names = [c.name for c in subject.columns if c.kind in (Kind.NUMBER, Kind.FLAG)]
        if len(names) < 2 or len(target) < 100:
            return NotApplicable(self.spec.code, "there are fewer than two numeric columns, or than 100 rows")
        stream = subject.streams.generator("audit", "formula")
        chosen = np.sort(stream.permutation(len(target))[:_ROWS])
        values = np.stack([as_numbers(sample.table.get_column(name))[chosen] for name in names], axis=1)
        wanted = target.values[chosen]
        found = _identity(values, names, wanted)
        if found is not None:
            return [self._of_identity(*found, sample.note)]
        found = _formula(values, names, wanted)
        how = "sum"
        if found is None and (wanted > 0).all():
            with np.errstate(invalid="ignore", divide="ignore"):
                positive = np.where(values > 0, values, np.nan)
                found = _formula(np.log(positive), names, np.log(wanted))
            how = "product"
        if found is None:
            return []
        columns, share, coefficients = found
        if len(columns) < 2 and how == "product":
            return []  # a power of one column: what one column tells is another check
        terms = ", ".join(
            f"{coefficient:+.3g} '{name}'" for name, coefficient in zip(columns, coefficients, strict=True)
        )
        what = f"a weighted sum ({terms})" if how == "sum" else f"a product of powers ({terms})"
        return [
            Finding(
                self.spec.code,
                Severity.ERROR,
                f"In {share:.0%} of the rows the target is, to within a hundredth of its spread, {what}{sample.note}.",
                tuple(columns),
                why="Whoever knows these columns knows the target; if they are known only with it, the score is worth "
                "nothing in use.",
                advice="Leave out those that are not known before the target: --drop " + ",".join(columns) + ".",
                evidence={"share": round(share, 6), "form": how},
            )
        ]

    def _of_identity(self, columns: list[str], share: float, signs: list[float], note: str) -> Finding:
        terms = " ".join(f"{'+' if sign > 0 else '-'} '{name}'" for name, sign in zip(columns, signs, strict=True))
        return Finding(
            self.spec.code,
            Severity.ERROR,
            f"{terms.removeprefix('+ ')} accounts for {share:.1%} of the target's variance, no weight fitted{note}.",
            tuple(columns),
            why="The target is a part or the sum of these columns; if they are known only with it, the score is worth "
            "nothing in use.",
            advice="Leave out those that are not known before the target: --drop " + ",".join(columns) + ".",
            evidence={"share": round(share, 6), "form": "identity", "signs": signs},
        )


_Found: TypeAlias = tuple[list[str], float, list[float]]


def _identity(values: Floats, names: list[str], wanted: Floats) -> _Found | None:
    """Two or more columns that, added or taken away as they are, leave next to nothing of the target's variance.

    Taken greedily; each must take away a fifth of the variance that is left.
    """
    filled = np.where(np.isnan(values), 0.0, values)
    moving = filled.std(axis=0) > 0
    total = float(wanted.var())
    if total == 0:
        return None
    rest = wanted.copy()
    chosen: list[int] = []
    signs: list[float] = []
    while len(chosen) < 12:
        options = [
            (float((rest - sign * filled[:, i]).var()), i, sign)
            for i in range(len(names))
            if moving[i] and i not in chosen
            for sign in (1.0, -1.0)
        ]
        if not options:
            break
        left, column, sign = min(options)
        if left > _STEP * float(rest.var()):
            break
        rest = rest - sign * filled[:, column]
        chosen.append(column)
        signs.append(sign)
        if left <= 1e-12 * total:
            break
    explained = 1 - float(rest.var()) / total
    if len(chosen) < 2 or explained < _IDENTITY:
        return None
    return [names[i] for i in chosen], explained, signs


def _formula(values: Floats, names: list[str], wanted: Floats) -> tuple[list[str], float, list[float]] | None:
    """The fewest columns of which the target is a weighted sum in most held-out rows."""
    keep = np.isnan(values).mean(axis=0) < 0.5
    values, names = values[:, keep], [name for name, kept in zip(names, keep, strict=True) if kept]
    if not names:
        return None
    filled = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    spread = filled.std(axis=0)
    moving = spread > 0
    filled = (filled[:, moving] - filled[:, moving].mean(axis=0)) / spread[moving]
    names = [name for name, moves in zip(names, moving, strict=True) if moves]
    scale = float(wanted.std())
    if len(names) < 1 or scale == 0:
        return None
    target = (wanted - wanted.mean()) / scale
    columns = np.argsort(-np.abs(filled.T @ target), kind="stable")[:_COLUMNS]
    share, weights = _exact_share(filled[:, columns], target)
    if share < _SHARE:
        return None
    for column in columns[np.argsort(np.abs(weights[:-1]), kind="stable")]:
        fewer = columns[columns != column]
        if len(fewer) and _exact_share(filled[:, fewer], target)[0] >= 0.95 * share:
            columns = fewer
    share, weights = _exact_share(filled[:, columns], target)
    own_unit = weights[:-1] * scale / spread[moving][columns]
    return [names[i] for i in columns], share, [float(weight) for weight in own_unit]


def _exact_share(values: Floats, target: Floats) -> tuple[float, Floats]:
    """Share of held-out rows that a least-absolute-deviations fit to the other rows meets, and its weights."""
    design = np.column_stack([values, np.ones(len(values))])
    learn = np.arange(len(values)) % 2 == 0
    left, right = design[learn], target[learn]
    importance = np.ones(len(right))
    weights = np.zeros(design.shape[1])
    for _ in range(25):
        root = np.sqrt(importance)
        weights = np.linalg.lstsq(left * root[:, None], right * root, rcond=None)[0]
        importance = 1 / np.maximum(np.abs(right - left @ weights), 1e-4)
    missed = np.abs(target[~learn] - design[~learn] @ weights)
    return float((missed < _EXACT).mean()), np.asarray(weights, dtype=np.float64)
