"""Parts of the data on which the model is significantly worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.data.checks.base import as_numbers, shown
from sevenfold.evaluation.checks.base import TrainedSubject

_FEWEST = 40
_TIMES_WORSE = 1.5
_SURE = 1e-3  # over all slices together
_LEVELS = 30
_SHOWN = 5


class SliceFailure(Check[TrainedSubject]):
    """Levels, quarters of a number, and missing values, with at least 1.5 times the loss of all other rows."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "slice-failure",
        "Slices where the model fails",
        "Parts of the data where the model is far worse than elsewhere: an average hides them.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each slice, the costliest five at most."""
        judged = subject.judged
        if judged is None or subject.table is None or subject.schema is None:
            return NotApplicable(self.spec.code, "there are no validated rows with their table")
        from scipy import stats

        losses = judged.losses
        found: list[tuple[float, str, str, Flags, float, float]] = []
        slices = list(self._slices(subject))
        for column, name, chosen in slices:
            inside, outside = losses[chosen], losses[~chosen]
            if min(len(inside), len(outside)) < _FEWEST or inside.mean() < _TIMES_WORSE * outside.mean():
                continue
            error = float(np.hypot(inside.std(ddof=1) / len(inside) ** 0.5, outside.std(ddof=1) / len(outside) ** 0.5))
            if error <= 0:
                continue
            p_value = float(stats.norm.sf((inside.mean() - outside.mean()) / error)) * len(slices)
            if p_value < _SURE:
                cost = float((inside.mean() - outside.mean()) * len(inside))
                found.append((cost, column, name, chosen, float(inside.mean()), float(outside.mean())))
        found.sort(key=lambda item: -item[0])
        measure = "Brier score" if judged.target.goal.is_classification else "mean absolute error"
        return [
            Finding(
                self.spec.code,
                Severity.WARNING,
                f"Where {name}, the {measure} is {inside_mean:.4g} over {int(chosen.sum()):,} rows, against "
                f"{outside_mean:.4g} elsewhere.",
                (column,),
                shown(judged.rows[chosen]),
                why="Whoever falls into this part is served far worse than the average says.",
                advice="Collect more rows of this part, add columns that tell it apart, or do not use the model there.",
                evidence={"slice": name, "loss": inside_mean, "elsewhere": outside_mean, "rows": int(chosen.sum())},
            )
            for _, column, name, chosen, inside_mean, outside_mean in found[:_SHOWN]
        ]

    def _slices(self, subject: TrainedSubject) -> Iterator[tuple[str, str, Flags]]:
        """Column, description and rows of each slice."""
        assert subject.judged is not None and subject.table is not None and subject.schema is not None
        for column in subject.schema:
            if column.name == subject.task.target or column.name not in subject.table.columns:
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
