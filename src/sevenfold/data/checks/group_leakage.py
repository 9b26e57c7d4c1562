"""Whether rows belong to entities that a random split would share out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sevenfold.core.report import Check, CheckSpec, Finding, NotApplicable
from sevenfold.data.checks.base import DataSubject
from sevenfold.data.split.entities import entity_findings


class GroupLeakage(Check[DataSubject]):
    """Ids that repeat and within which the target agrees, while no group column is named."""

    spec: ClassVar[CheckSpec] = CheckSpec(
        "group-leakage",
        "Repeated entities",
        "Customers, patients or devices with several rows whose targets agree: a random split has them on both sides.",
    )

    def run(self, subject: DataSubject) -> Sequence[Finding] | NotApplicable:
        """A finding for each entity column."""
        if subject.target is None or subject.task is None:
            return NotApplicable(self.spec.code, "no target is named")
        if subject.task.group is not None:
            return NotApplicable(self.spec.code, f"the split is by group, along '{subject.task.group}'")
        if subject.task.goal.value == "recommendation":
            return NotApplicable(self.spec.code, "users and items repeat by design in a recommendation")
        return entity_findings(subject.table, subject.schema, subject.task.apart, subject.target, subject.labelled_rows)
