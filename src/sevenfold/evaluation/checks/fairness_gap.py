"""Sensitive groups that the model treats or serves differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.arrays import Flags, Floats, Ints
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Goal
from sevenfold.data.checks.sensitive_groups import groups_of
from sevenfold.evaluation.checks.base import Judged, TrainedSubject

_FEW = 30
_GAP = 0.1
_TIMES = 1.25
_SURE = 3.5  # standard errors


class FairnessGap(Check[TrainedSubject]):
    """Chosen share, hits among positives, and mistakes by group; for numbers, the mean absolute error."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "fairness-gap",
        "Gaps between sensitive groups",
        "Groups of a sensitive column that are chosen, found or mistaken at different rates.",
    )

    def run(self, subject: TrainedSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each sensitive column and measure."""
        judged = subject.judged
        if not subject.task.sensitive:
            return NotApplicable(self.spec.code, "no sensitive column is named")
        if judged is None or subject.table is None or subject.schema is None:
            return NotApplicable(self.spec.code, "there are no validated rows with their table")
        findings = []
        for name in subject.task.sensitive:
            if name not in subject.table.columns:
                continue
            groups, names = groups_of(subject.table.get_column(name)[judged.rows], subject.schema[name])
            for measure, values, counted in _measures(judged):
                finding = self._compare(name, groups, names, measure, values, counted)
                if finding is not None:
                    findings.append(finding)
        return findings

    def _compare(
        self, name: str, groups: Ints, names: list[str], measure: str, values: Floats, counted: Flags
    ) -> Finding | None:
        rates: dict[str, tuple[float, float, int]] = {}
        for code, title in enumerate(names):
            chosen = values[(groups == code) & counted]
            if len(chosen) >= _FEW:
                rates[title] = (float(chosen.mean()), float(chosen.std() / len(chosen) ** 0.5), len(chosen))
        if len(rates) < 2:
            return None
        least = min(rates, key=lambda title: rates[title][0])
        most = max(rates, key=lambda title: rates[title][0])
        gap = rates[most][0] - rates[least][0]
        error = float(np.hypot(rates[most][1], rates[least][1]))
        large = gap >= _GAP if measure != "mean absolute error" else rates[most][0] >= _TIMES * rates[least][0]
        if not large or gap <= _SURE * error:
            return None
        return Finding(
            self.spec.code,
            Severity.WARNING,
            f"By '{name}', the {measure} is {rates[most][0]:.4g} for {most} ({rates[most][2]:,} rows) and "
            f"{rates[least][0]:.4g} for {least} ({rates[least][2]:,} rows).",
            (name,),
            why="The model treats or serves these groups differently; in many uses that is unjust, in some unlawful.",
            advice="Find the columns that cause it, get more rows of the worse served group, or set a threshold for "
            "each group where that is lawful.",
            evidence={
                "measure": measure,
                "groups": {title: {"value": value, "rows": rows} for title, (value, _, rows) in rates.items()},
            },
        )


def _measures(judged: Judged) -> list[tuple[str, Floats, Flags]]:
    """Measure, its value for each row, and the rows that it counts."""
    everyone = np.ones(len(judged.rows), dtype=np.bool_)
    if not judged.target.goal.is_classification:
        return [("mean absolute error", judged.losses, everyone)]
    mistakes = (judged.decided != judged.target.codes).astype(np.float64)
    if judged.target.goal is not Goal.BINARY:
        return [("share of mistakes", mistakes, everyone)]
    positive = (judged.decided == 1).astype(np.float64)
    return [
        ("share decided positive", positive, everyone),
        ("share of positives found", positive, judged.target.codes == 1),
        ("share of mistakes", mistakes, everyone),
    ]
