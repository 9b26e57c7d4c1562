"""Step 1 of a training: read, type, audit and split the data, and lay down what every trial shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.session import Session
from sevenfold.api.tune import start_workers
from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.events import Happening
from sevenfold.core.report import Finding
from sevenfold.core.run import RunFolder, write_json
from sevenfold.core.task import Target, Task
from sevenfold.data.profile import Profile
from sevenfold.training.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

_GOLDEN_ROWS = 16
_GOLDEN_BYTES = 2**20  # pictures and long texts: fewer golden rows


@dataclass(frozen=True)
class Collected:
    """All that the later steps need of the data.

    Args:
        workspace: training rows, target, folds.
        test_table, test_target: the sealed rows.
        golden: some raw rows, as the reader gave them, without the target.
        profile: of the training rows.
        strategy, split_digest: how the rows were split.
        findings, not_applicable: of the audit, as plain data.
        source: how the file was read.
    """

    workspace: Workspace
    test_table: pl.DataFrame
    test_target: Target
    golden: pl.DataFrame
    profile: Profile
    strategy: str
    split_digest: str
    fingerprint: str
    findings: list[dict[str, Any]] = field(default_factory=list)
    not_applicable: list[dict[str, Any]] = field(default_factory=list)
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        """The resolved task."""
        return self.workspace.task

    @property
    def schema(self) -> Schema:
        """The schema of the training data."""
        return self.workspace.schema

    @property
    def rows(self) -> int:
        """Training and test rows."""
        return len(self.workspace.target) + len(self.test_target)

    def save(self, folder: RunFolder) -> None:
        """Lay everything down in the run folder; `restore` reads it back. The file `ready` is written last."""
        self.workspace.save(folder.folds)
        self.test_table.write_ipc(folder.sealed / "table.arrow", compression="uncompressed")
        np.save(folder.sealed / "target.npy", self.test_target.values)
        if self.test_target.weights is not None:
            np.save(folder.sealed / "weights.npy", self.test_target.weights)
        self.golden.write_ipc(folder.folds / "golden.arrow")
        write_json(folder.schema, self.schema.to_json())
        write_json(folder.profile, self.profile.to_json())
        write_json(folder.findings, {"findings": self.findings, "not_applicable": self.not_applicable})
        facts = {
            "strategy": self.strategy,
            "split": self.split_digest,
            "fingerprint": self.fingerprint,
            "source": dict(self.source),
        }
        write_json(folder.folds / "ready", facts)


def collect(session: Session, data: Any, test: Any) -> Collected:
    """Read, type, audit and split; nothing is written.

    Raises:
        RequestError, DataError: the data or the request cannot be used.
    """
    from sevenfold.data.dataset import build
    from sevenfold.data.profile import profile
    from sevenfold.data.readers.read import read
    from sevenfold.data.split import plan_split

    with session.step("data"):
        session.executor = start_workers(session)  # imports its libraries while the data are read
        plan = session.plan
        raw = read(data, target=plan.target)
        prepared = build(raw, plan)
        for reason in prepared.reasons:
            session.decide("data", reason, "")
        task, schema, table = prepared.task, prepared.dataset.schema, prepared.dataset.table
        sealed = None if test is None else _given_test(test, raw.source, schema, task)
        split = plan_split(
            table,
            schema,
            task,
            prepared.target,
            prepared.rows,
            session.streams,
            folds=plan.folds,
            given_test=sealed is not None,
            gap_seconds=None if plan.gap is None else _gap_seconds(plan.gap),
        )
        for reason in split.reasons:
            session.decide("data", reason, "")
        profiled = profile(table[split.train], schema)
        findings, not_applicable = _audit(session, prepared, table, sealed, profiled, list(split.findings))
        workspace, place = _workspace(session, prepared, split)
        if sealed is None:
            sealed = (table[split.test], prepared.target.take(place[split.test]))
        return Collected(
            workspace,
            *sealed,
            golden=_golden(raw.frame, split.train, schema, task),
            profile=profiled,
            strategy=split.strategy,
            split_digest=split.digest,
            fingerprint=prepared.dataset.fingerprint,
            findings=findings,
            not_applicable=not_applicable,
            source=dict(raw.source),
        )


def restore(session: Session, folder: RunFolder) -> Collected:
    """What `Collected.save` laid down."""
    import polars as pl

    session.executor = start_workers(session)
    facts = json.loads((folder.folds / "ready").read_text(encoding="utf-8"))
    workspace = Workspace.load(folder.folds)
    weights = folder.sealed / "weights.npy"
    target = Target(
        workspace.task.goal,
        np.load(folder.sealed / "target.npy"),
        workspace.target.classes,
        np.load(weights) if weights.exists() else None,
    )
    stored = json.loads(folder.findings.read_text(encoding="utf-8"))
    return Collected(
        workspace,
        pl.read_ipc(folder.sealed / "table.arrow"),
        target,
        golden=pl.read_ipc(folder.folds / "golden.arrow"),
        profile=Profile.from_json(json.loads(folder.profile.read_text(encoding="utf-8"))),
        strategy=facts["strategy"],
        split_digest=facts["split"],
        fingerprint=facts["fingerprint"],
        findings=stored["findings"],
        not_applicable=stored["not_applicable"],
        source=facts["source"],
    )


def _gap_seconds(gap: str) -> float:
    from sevenfold.core.config import parse_seconds

    return parse_seconds(gap)


def _given_test(test: Any, source: Mapping[str, Any], schema: Schema, task: Task) -> tuple[pl.DataFrame, Target]:
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode

    raw = read(test, target=task.target, like=source)
    if task.target not in raw.frame.columns:
        raise RequestError(
            "The test set has no target column.", task.target, ", ".join(raw.frame.columns[:20]), "Add the column."
        )
    table = conform(raw.frame, schema).table
    target, rows = encode(table, task)
    if not len(rows):
        raise DataError("The test set has no row with a target.", "1 or more", "0", "Check the test file.")
    return table[rows], target


def _audit(
    session: Session, prepared: Any, table: pl.DataFrame, sealed: Any, profiled: Profile, planned: list[Finding]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from sevenfold.data.checks import DataSubject, audit

    subject = DataSubject(
        table=table,
        schema=prepared.dataset.schema,
        task=prepared.task,
        target=prepared.target,
        rows=prepared.rows,
        test_table=None if sealed is None else sealed[0],
        profile=profiled,
        source=prepared.dataset.source,
        violations=prepared.violations,
        streams=session.streams,
    )
    result = audit(subject, slow=session.has_time)
    told = {(finding.code, finding.columns) for finding in result.findings}
    fresh = [finding for finding in planned if (finding.code, finding.columns) not in told]
    findings = [finding.to_json() for finding in [*fresh, *result.findings]]
    for finding in findings:
        session.note(Happening.FINDING, finding)
    return findings, [{"code": n.code, "reason": n.reason} for n in result.not_applicable]


def _workspace(session: Session, prepared: Any, split: Any) -> tuple[Workspace, Ints]:
    """Training rows alone, folds renumbered to them; and where each table row stands in the encoded target."""
    table = prepared.dataset.table
    place = np.full(table.height, -1, np.int64)
    place[prepared.rows] = np.arange(len(prepared.rows))
    renumbered = np.full(table.height, -1, np.int64)
    renumbered[split.train] = np.arange(len(split.train))
    folds = tuple((renumbered[fold.train], renumbered[fold.valid]) for fold in split.folds)
    target = prepared.target.take(place[split.train])
    workspace = Workspace(table[split.train], target, prepared.task, prepared.dataset.schema, folds, session.plan.seed)
    return workspace, place


def _golden(frame: pl.DataFrame, train: Ints, schema: Schema, task: Task) -> pl.DataFrame:
    """Rows spread over the training rows, fewer where they are heavy."""
    wanted = [c for c in frame.columns if c in schema and c != task.target]
    at = train[np.linspace(0, len(train) - 1, min(_GOLDEN_ROWS, len(train))).astype(np.int64)]
    rows = frame.select(wanted)[at]
    while rows.height > 1 and rows.estimated_size() > _GOLDEN_BYTES:
        rows = rows.head(rows.height // 2)
    return rows
