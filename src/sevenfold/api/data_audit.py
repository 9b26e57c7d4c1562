"""The checks on the data: they run beside the first trials, and are waited for at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

from sevenfold.api.ahead import Ahead
from sevenfold.api.session import Session
from sevenfold.core.events import Happening
from sevenfold.core.report import Finding, NotApplicable
from sevenfold.core.run import RunFolder, write_json
from sevenfold.data.profile import Profile
from sevenfold.training.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.api.collect import Collected
    from sevenfold.data.checks import AuditResult
    from sevenfold.data.dataset import Prepared
    from sevenfold.data.split import Split


@dataclass(frozen=True)
class Audited:
    """What the checks on the data found, as plain data; `told` says whether the journal has it."""

    findings: list[dict[str, Any]]
    not_applicable: list[dict[str, Any]]
    failures: list[dict[str, Any]] = field(default_factory=list)
    told: bool = False

    def save(self, folder: RunFolder) -> None:
        """Write findings.json."""
        self.save_with(folder, [], [])

    def save_with(
        self, folder: RunFolder, model_findings: list[dict[str, Any]], model_not_applicable: list[dict[str, Any]]
    ) -> None:
        """Write findings.json with what the checks that need a model said; `restore` leaves theirs out again."""
        stored = {
            "findings": self.findings + model_findings,
            "not_applicable": self.not_applicable + model_not_applicable,
            "of_data": [len(self.findings), len(self.not_applicable)],
        }
        write_json(folder.findings, stored)


def audited(session: Session, collected: Collected) -> Audited:
    """The audit's result, journalled and saved once; waits until it is there, or until the time is needed for the
    rest: a model without an audit is better than none."""
    left = session.time_before(session.packing_seconds(()))
    try:
        found = collected.audit.result(None if left == float("inf") else max(left, 0.05))
    except TimeoutError:
        reason = "the checks of the data did not end within the budget"
        session.decide("data", "findings of the data are left out", reason)
        found = Audited([], [{"code": "data-checks", "reason": reason}])
        found.save(session.folder)
        return found
    if not found.told and not session.folder.findings.exists():
        for finding in found.findings:
            session.note(Happening.FINDING, finding)
        for failure in found.failures:
            session.decide("data", f"the check {failure['code']} broke", failure["reason"])
        found.save(session.folder)
    return found


def in_background(work: Callable[[], Audited], ahead: Ahead) -> Future[Audited]:
    """Start work in a thread that does not keep the process alive, and what can be done ahead after it; workers train
    meanwhile."""
    future: Future[Audited] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        ahead.run()

    Thread(target=run, name="sevenfold-audit", daemon=True).start()
    return future


def audit_prepared(
    session: Session, prepared: Prepared, raw: pl.DataFrame, sealed: Any, profiled: Profile, split: Split
) -> Audited:
    """Every check that applies to the whole table, the rows set aside among them.

    Args:
        raw: the rows as the reader gave them.
        sealed: the given test rows and their target, or None where they were split off.
    """
    from sevenfold.data.checks import DataSubject, audit

    subject = DataSubject(
        table=prepared.dataset.table,
        schema=prepared.dataset.schema,
        task=prepared.task,
        target=prepared.target,
        rows=prepared.rows,
        test_table=None if sealed is None else sealed[0],
        profile=profiled,
        raw=raw,
        source=prepared.dataset.source,
        violations=prepared.violations,
        counts=prepared.conformed.counts,
        split=split,
        streams=session.streams,
    )
    result = audit(subject, slow=session.has_time)
    told = {(finding.code, finding.columns) for finding in result.findings}
    fresh = [finding for finding in split.findings if (finding.code, finding.columns) not in told]
    return _plain_audit([*fresh, *result.findings], result)


def audit_restored(
    session: Session, folder: RunFolder, workspace: Workspace, sealed: pl.DataFrame, profiled: Profile
) -> Audited:
    """On resume: what the run had found, or the checks that need no more than the rows laid down."""
    from sevenfold.data.checks import DataSubject, audit

    if folder.findings.exists():
        stored = json.loads(folder.findings.read_text(encoding="utf-8"))
        findings, not_applicable = stored["of_data"]
        return Audited(stored["findings"][:findings], stored["not_applicable"][:not_applicable], told=True)
    subject = DataSubject(
        table=workspace.table,
        schema=workspace.schema,
        task=workspace.task,
        target=workspace.target,
        test_table=sealed,
        profile=profiled,
        streams=session.streams,
    )
    result = audit(subject, slow=session.has_time)
    return _plain_audit(result.findings, result)


def _plain_audit(findings: Sequence[Finding], result: AuditResult) -> Audited:
    def reasons(items: Sequence[NotApplicable]) -> list[dict[str, Any]]:
        return [{"code": item.code, "reason": item.reason} for item in items]

    return Audited(
        [finding.to_json() for finding in findings], reasons(result.not_applicable), reasons(result.failures)
    )
