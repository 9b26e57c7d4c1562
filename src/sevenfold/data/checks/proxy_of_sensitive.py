"""Columns that tell a sensitive column, so that leaving it out hides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable, Severity
from sevenfold.core.task import Goal, Target
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.checks.sensitive_groups import groups_of
from sevenfold.data.checks.strength import bins_of, halves, strength

_TELLS = 0.5


class ProxyOfSensitive(Check[DataSubject]):
    """Columns with an AUC of at least 0.75 for a sensitive column (or that halve the mistakes about its groups)."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "proxy-of-sensitive",
        "Proxies of sensitive columns",
        "Columns that tell a sensitive column: a model that never sees the one learns it from the other.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each sensitive column that others tell."""
        if subject.task is None or not subject.task.sensitive:
            return NotApplicable(self.spec.code, "no sensitive column is named")
        sensitive = [name for name in subject.task.sensitive if name in subject.table.columns]
        sample = subject.sample
        findings = []
        for name in sensitive:
            codes, names = groups_of(sample.table.get_column(name), subject.schema[name])
            known = np.flatnonzero(codes >= 0)
            if len(known) < 100 or len(names) < 2:
                continue
            goal = Goal.BINARY if len(names) == 2 else Goal.MULTICLASS
            target = Target(goal, codes[known].astype(np.float64), len(names))
            half = halves(len(known), subject.streams.generator("audit", "proxy", name))
            tells: dict[str, float] = {}
            for column in subject.inputs:
                if column.name in sensitive or column.kind is Kind.ID:
                    continue
                bins = bins_of(sample.table.get_column(column.name)[known], column.kind)
                power = 0.0 if bins is None else strength(bins, target, half)
                if power >= _TELLS:
                    tells[column.name] = power
            if tells:
                ordered = sorted(tells, key=lambda other: -tells[other])
                listed = ", ".join(f"'{other}' {tells[other]:.2f}" for other in ordered[:6])
                findings.append(
                    Finding(
                        self.spec.code,
                        Severity.NOTE,
                        f"The sensitive column '{name}' can be told from (strength 0 to 1): {listed}{sample.note}.",
                        (name, *ordered),
                        why=f"Leaving '{name}' out does not keep the model from treating its groups differently.",
                        advice="Compare the model's mistakes by group, and leave these columns out if they serve "
                        "nothing else.",
                        evidence={other: round(tells[other], 4) for other in ordered},
                    )
                )
        return findings
