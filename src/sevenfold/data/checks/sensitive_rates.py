"""Rates of the target by group of a sensitive column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Goal
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.checks.sensitive_groups import groups_of

_FOUR_FIFTHS = 0.8
_FEW = 30
_SPREAD = 0.2  # of the target's standard deviation, for numbers


class SensitiveRates(Check[DataSubject]):
    """Share of the positive class (or mean target) and number of rows of each group, with 95 % intervals."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "sensitive-rates",
        "Rates by sensitive group",
        "The target's rate and the number of rows by group of each sensitive column: what is unequal in the data the "
        "model will repeat.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each sensitive column: a note, or a warning where groups differ beyond chance and much."""
        task, target = subject.task, subject.target
        if task is None or target is None or not task.sensitive:
            return NotApplicable(self.spec.code, "no sensitive column is named")
        if target.goal not in (Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION):
            return NotApplicable(self.spec.code, f"there are no rates in a task of {target.goal}")
        findings = []
        for name in task.sensitive:
            if name not in subject.table.columns:
                continue
            codes, names = groups_of(subject.table.get_column(name), subject.schema[name])
            codes = codes[subject.labelled_rows]
            if target.goal is Goal.MULTICLASS:
                classes: list[int] = list(range(target.classes))
            else:
                classes = [1]
            for code in classes:
                values = (target.codes == code).astype(np.float64) if target.goal.is_classification else target.values
                finding = self._compare(subject, name, codes, names, values, code)
                if finding is not None and (target.goal is not Goal.MULTICLASS or finding.severity is Severity.WARNING):
                    findings.append(finding)
        return findings

    def _compare(
        self, subject: DataSubject, name: str, codes: Ints, names: list[str], values: Floats, code: int
    ) -> Finding | None:
        assert subject.task is not None and subject.target is not None
        rates = subject.target.goal.is_classification
        groups: list[dict[str, Any]] = []
        for group, title in enumerate(names):
            chosen = values[codes == group]
            if len(chosen):
                low, high = _wilson(chosen) if rates else _mean_interval(chosen)
                mean = float(chosen.mean())
                groups.append({"group": title, "rows": len(chosen), "value": mean, "low": low, "high": high})
        large = [group for group in groups if group["rows"] >= _FEW]
        if len(groups) < 2:
            return None
        unequal = False
        if len(large) >= 2:
            least = min(large, key=lambda group: group["value"])
            most = max(large, key=lambda group: group["value"])
            beyond_chance = least["high"] < most["low"]
            if rates:
                unequal = beyond_chance and least["value"] < _FOUR_FIFTHS * most["value"]
            else:
                unequal = beyond_chance and most["value"] - least["value"] > _SPREAD * float(values.std())
        what = "share" if rates else "mean"
        class_name = f" of {subject.task.classes[code]!r}" if rates and code < len(subject.task.classes) else ""
        figure = "{:.1%}" if rates else "{:.4g}"
        listed = "; ".join(
            f"{group['group']}: {figure.format(group['value'])} "
            f"[{figure.format(group['low'])}, {figure.format(group['high'])}] of {group['rows']:,} rows"
            for group in groups[:8]
        )
        few = [group["group"] for group in groups if group["rows"] < _FEW]
        small = f" Too few rows to judge: {', '.join(map(str, few[:5]))}." if few else ""
        return Finding(
            self.spec.code,
            Severity.WARNING if unequal else Severity.NOTE,
            f"The {what}{class_name} in '{subject.task.target}' by '{name}': {listed}.{small}",
            (name,),
            why="A model repeats, and may sharpen, what is unequal in the data; small groups are served worst.",
            advice="Ask whether the difference is in the world or in the collection, and compare the model's mistakes.",
            evidence={"groups": groups, "unequal": unequal, "column": name},
        )


def _wilson(values: Floats) -> tuple[float, float]:
    """95 % interval of a share. Source: Wilson 1927."""
    rows, share, z = len(values), float(values.mean()), 1.959964
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _mean_interval(values: Floats) -> tuple[float, float]:
    half = 1.959964 * float(values.std(ddof=1)) / float(np.sqrt(len(values))) if len(values) > 1 else float("inf")
    mean = float(values.mean())
    return mean - half, mean + half
