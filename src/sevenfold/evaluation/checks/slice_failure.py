"""Parts of the data on which the model is significantly worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags, Floats
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Target, Task
from sevenfold.data.checks.base import shown
from sevenfold.data.distances import as_numbers
from sevenfold.data.statistics import normal_tail
from sevenfold.evaluation.checks.base import Judged, TrainedSubject

_FEWEST = 40
_TIMES_WORSE = 1.5
_LESS_SKILL = 0.5  # of the skill elsewhere
_MATTERS = 0.02  # of the mean loss of knowing nothing: what the model must lose in a slice to be named
_FALSE_SHARE = 0.01  # of the slices found, at most so many by chance
_SAME_ROWS = 0.8
_LEVELS = 30
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class _Slice:
    """One part of the rows: its losses and those of its own constant, in the part and elsewhere."""

    column: str
    name: str
    chosen: Flags
    loss: float
    constant: float
    skill_elsewhere: float
    shortfall: float
    p_negative: float
    p_less: float


class SliceFailure(Check[TrainedSubject]):
    """Levels, quarters of a number, and missing values where the model has less skill than elsewhere.

    Skill is the share of the loss of the slice's own constant (its class shares, its mean) that the model takes away:
    a slice is not blamed for a higher base rate or a wider spread. A slice is found where the model does worse than
    that constant while it does better elsewhere, or where it has half the skill of elsewhere or less and at least 1.5
    times the loss of as many rows or more. Chance findings are held to 1 % (Benjamini and Hochberg, 1995).
    """

    spec: ClassVar[CheckSpec] = CheckSpec(
        "slice-failure",
        "Slices where the model fails",
        "Parts of the data where the model says less than a constant would, or far less than elsewhere: an average "
        "hides them.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each slice, the costliest three at most; slices of nearly the same rows count once."""
        judged = subject.judged
        if judged is None or subject.table is None or subject.schema is None:
            return NotApplicable(self.spec.code, "there are no validated rows with their table")
        everything = _constant_losses(subject.task, judged.target).mean()
        measured = [
            _measure(subject.task, judged, column, name, chosen)
            for column, name, chosen in self._slices(subject)
            if min(int(chosen.sum()), int((~chosen).sum())) >= _FEWEST
        ]
        negative = benjamini_hochberg(np.array([part.p_negative for part in measured]), _FALSE_SHARE)
        less = benjamini_hochberg(np.array([part.p_less for part in measured]), _FALSE_SHARE)
        found = [
            part
            for part, worse, weaker in zip(measured, negative, less, strict=True)
            if (worse or weaker) and part.shortfall >= _MATTERS * everything * int(part.chosen.sum())
        ]
        kept: list[_Slice] = []
        for part in sorted(found, key=lambda part: -part.shortfall):
            if len(kept) < _SHOWN and not any(_same_rows(part.chosen, other.chosen) for other in kept):
                kept.append(part)
        return [self._finding(part, subject) for part in kept]

    def _finding(self, part: _Slice, subject: TrainedSubject) -> Finding:
        assert subject.judged is not None
        classes = subject.task.goal.is_classification
        measure = "Brier score" if classes else "mean absolute error"
        middle = {"median": "its median", "quantile": "its quantile"}.get(subject.task.objective, "its mean")
        constant = "its class shares" if classes else middle
        rows = int(part.chosen.sum())
        skill = 1 - part.loss / part.constant if part.constant > 0 else 0.0
        if part.loss > part.constant:
            what = (
                f"the model does worse than answering with {constant} every time: {measure} {part.loss:.4g} "
                f"against {part.constant:.4g} over {rows:,} rows. Elsewhere it saves {part.skill_elsewhere:.0%}."
            )
        else:
            what = (
                f"the model saves {skill:.0%} of the {measure} of answering with {constant} every time "
                f"({part.loss:.4g} against {part.constant:.4g} over {rows:,} rows), "
                f"elsewhere {part.skill_elsewhere:.0%}."
            )
        return Finding(
            self.spec.code,
            Severity.WARNING,
            f"Where {part.name}, {what}",
            (part.column,),
            shown(subject.judged.rows[part.chosen]),
            why="Whoever falls into this part is served far worse than the average says.",
            advice="Collect more rows of this part, add columns that tell it apart, or do not use the model there.",
            evidence={
                "slice": part.name,
                "loss": part.loss,
                "constant_loss": part.constant,
                "skill": round(skill, 6),
                "skill_elsewhere": round(part.skill_elsewhere, 6),
                "rows": rows,
            },
        )

    def _slices(self, subject: TrainedSubject) -> Iterator[tuple[str, str, Flags]]:
        """Column, description and rows of each slice."""
        assert subject.judged is not None and subject.table is not None and subject.schema is not None
        there = set(subject.table.columns)
        for column in subject.schema:
            if column.name == subject.task.target or column.name not in there:
                continue
            values = subject.table.get_column(column.name)[subject.judged.rows]
            missing = values.is_null().to_numpy()
            if missing.any():
                yield column.name, f"'{column.name}' is missing", missing
            if column.kind is Kind.NUMBER:
                numbers = as_numbers(values)
                present = numbers[~missing]
                edges = np.unique(np.quantile(present, [0.25, 0.5, 0.75])) if len(present) else present
                bounds = [-np.inf, *edges.tolist(), np.inf]
                for low, high in pairwise(bounds):
                    with np.errstate(invalid="ignore"):
                        yield (
                            column.name,
                            f"'{column.name}' is in ({low:g}, {high:g}]",
                            (numbers > low) & (numbers <= high),
                        )
            elif column.kind in (Kind.CATEGORY, Kind.FLAG):
                counted = sorted(
                    values.drop_nulls().value_counts(name="rows").iter_rows(), key=lambda item: (-item[1], item[0])
                )
                for level, rows in counted[:_LEVELS]:
                    if rows >= _FEWEST:
                        yield (
                            column.name,
                            f"'{column.name}' is {level!r}",
                            (values == level).fill_null(False).to_numpy(),
                        )


def _measure(task: Task, judged: Judged, column: str, name: str, chosen: Flags) -> _Slice:
    inside, outside = judged.losses[chosen], judged.losses[~chosen]
    inner = _constant_losses(task, judged.target.take(np.flatnonzero(chosen)))
    outer = _constant_losses(task, judged.target.take(np.flatnonzero(~chosen)))
    skill, skill_error = _skill(inside, inner)
    elsewhere, elsewhere_error = _skill(outside, outer)
    p_negative = max(_above_zero(inside - inner), _above_zero(outer - outside))
    p_less = 1.0
    # Next to a smaller part, most of the rows are the rule and not the exception.
    if len(inside) <= len(outside) and inside.mean() >= _TIMES_WORSE * outside.mean() and elsewhere > 0:
        gap = np.hypot(skill_error, _LESS_SKILL * elsewhere_error)
        p_less = _tail(_LESS_SKILL * elsewhere - skill, float(gap))
    shortfall = float(inside.sum() - (1 - max(elsewhere, 0.0)) * inner.sum())
    return _Slice(
        column, name, chosen, float(inside.mean()), float(inner.mean()), elsewhere, shortfall, p_negative, p_less
    )


def _constant_losses(task: Task, target: Target) -> Floats:
    """(rows,) loss of the rows' own constant, each row's learned from the others of them; needs two rows."""
    rows = len(target)
    if task.goal.is_classification:
        counts = np.bincount(target.codes, minlength=target.classes).astype(np.float64)
        own = np.eye(target.classes)
        by_class = (((counts[None, :] - own) / (rows - 1) - own) ** 2).sum(axis=1)
        return np.asarray(by_class[target.codes], dtype=np.float64)
    values = target.values
    if task.objective in ("median", "quantile"):
        level = task.quantile if task.objective == "quantile" else 0.5
        return np.abs(values - np.quantile(values, level))
    return np.abs(values - (values.sum() - values) / (rows - 1))


def _skill(losses: Floats, constant: Floats) -> tuple[float, float]:
    """Share of the constant's loss that is saved, and its standard error; (0, inf) where the constant loses nothing."""
    base = float(constant.mean())
    if base <= 0:
        return 0.0, float("inf")
    ratio = float(losses.mean()) / base
    return 1 - ratio, float((losses - ratio * constant).std(ddof=1)) / base / len(losses) ** 0.5


def _above_zero(values: Floats) -> float:
    """One-sided p-value of a mean above zero."""
    return _tail(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5)


def _tail(distance: float, error: float) -> float:
    if not error > 0:
        return 0.0 if distance > 0 else 1.0
    return normal_tail(distance / error)


def benjamini_hochberg(p_values: Floats, share: float) -> Flags:
    """(tests,) which to reject so that at most `share` of those rejected are expected to be false."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    passed = np.flatnonzero(p_values[order] <= share * (np.arange(count) + 1) / max(1, count))
    rejected = np.zeros(count, dtype=np.bool_)
    if len(passed):
        rejected[order[: passed[-1] + 1]] = True
    return rejected


def _same_rows(one: Flags, other: Flags) -> bool:
    return float((one & other).sum()) >= _SAME_ROWS * float((one | other).sum())
