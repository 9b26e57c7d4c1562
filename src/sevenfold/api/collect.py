"""Step 1 of a training: read, type, audit and split the data, and lay down what every trial shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.api.data_audit import Audited, audit_prepared, audit_restored, in_background
from sevenfold.api.session import Session
from sevenfold.api.tune import start_workers
from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Kind, Schema
from sevenfold.core.errors import DataError, RequestError
from sevenfold.core.run import RunFolder, write_json
from sevenfold.core.task import Target, Task
from sevenfold.data.profile import Profile
from sevenfold.data.readers.lottery import Lottery
from sevenfold.data.rows import taken
from sevenfold.evaluation.metrics.catalogue import check_metric, default_metric
from sevenfold.training.memory import frames_given_back
from sevenfold.training.whole import Whole
from sevenfold.training.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.data.dataset import Prepared
    from sevenfold.data.readers.base import Options, Raw
    from sevenfold.data.split import Split

_PICTURE_FOLDS = 4
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
        strategy, split_column, split_digest: how the rows were split, and by which column.
        audit: the checks on the data, which run beside the first trials; `audited` waits for them.
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
    audit: Future[Audited]
    source: Mapping[str, Any] = field(default_factory=dict)
    split_column: str | None = None

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
        facts = {
            "strategy": self.strategy,
            "split_column": self.split_column,
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
        frames_given_back()
        plan = session.plan
        raw = read(data, target=plan.target, options=_options(session))
        prepared = build(raw, plan)
        if plan.metric is None and prepared.task.objective != "mean":
            suited = default_metric(prepared.task.goal, prepared.task.objective)
            prepared = replace(prepared, task=replace(prepared.task, metric=suited))
            session.decide("data", f"measured by {suited}, which suits the objective", prepared.task.objective)
        for reason in [*_sampled(raw), *prepared.reasons]:
            session.decide("data", reason, "")
        task, schema, table = prepared.task, prepared.dataset.schema, prepared.dataset.table
        check_metric(task.metric, task.goal)
        sealed = None if test is None else _given_test(session, test, raw.source, schema, task)
        split = plan_split(
            table,
            schema,
            task,
            prepared.target,
            prepared.rows,
            session.streams,
            folds=plan.folds or _folds_for(schema, task),
            given_test=sealed is not None,
            test_table=None if sealed is None else sealed[0],
            gap_seconds=None if plan.gap is None else _gap_seconds(plan.gap),
        )
        for reason in split.reasons:
            session.decide("data", reason, "")
        profiled = profile(taken(table, split.train), schema)
        given = sealed
        audit = in_background(
            lambda: audit_prepared(session, prepared, raw.frame, given, profiled, split), session.ahead
        )
        workspace, place = _workspace(session, prepared, split, given is not None)
        if sealed is None:
            sealed = (table[split.test], prepared.target.take(place[split.test]))
        return Collected(
            workspace,
            *sealed,
            golden=_golden(raw.frame, split.train, schema, task),
            profile=profiled,
            strategy=split.strategy,
            split_column=split.column,
            split_digest=split.digest,
            fingerprint=prepared.dataset.fingerprint,
            audit=audit,
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
    profiled = Profile.from_json(json.loads(folder.profile.read_text(encoding="utf-8")))
    sealed_table = pl.read_ipc(folder.sealed / "table.arrow")
    return Collected(
        workspace,
        sealed_table,
        target,
        golden=pl.read_ipc(folder.folds / "golden.arrow"),
        profile=profiled,
        strategy=facts["strategy"],
        split_column=facts.get("split_column"),
        split_digest=facts["split"],
        fingerprint=facts["fingerprint"],
        audit=in_background(lambda: audit_restored(session, folder, workspace, sealed_table, profiled), session.ahead),
        source=facts["source"],
    )


def _folds_for(schema: Schema, task: Task) -> int | None:
    """Few folds where one fit takes long, whatever the rows: networks on pictures."""
    pictures = [c for c in schema.of_kind(Kind.IMAGE) if c.used and c.name not in task.apart]
    return _PICTURE_FOLDS if pictures else None


def _gap_seconds(gap: str) -> float:
    from sevenfold.core.config import parse_seconds

    return parse_seconds(gap)


def _options(session: Session) -> Options:
    """Of a table that is too large for the run's memory, a sample is read."""
    from sevenfold.data.readers.base import Options

    return Options(memory_bytes=session.memory_bytes, seed=session.streams.integer("data", "sample"))


def _sampled(raw: Raw) -> list[str]:
    lottery = raw.source.get("lottery")
    if lottery is None:
        return []
    return [
        f"a sample of {raw.frame.height:,} of {lottery['rows']:,} rows is held in memory: "
        "all of them would take more than the run may use"
    ]


def _given_test(
    session: Session, test: Any, source: Mapping[str, Any], schema: Schema, task: Task
) -> tuple[pl.DataFrame, Target]:
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import EVENT, encode

    raw = read(test, target=task.target, like=source, options=_options(session))
    if task.target not in raw.frame.columns and task.target != EVENT:
        raise RequestError(
            "The test set has no target column.", task.target, ", ".join(raw.frame.columns[:20]), "Add the column."
        )
    table = conform(raw.frame, schema).table
    target, rows = encode(table, task)
    if not len(rows):
        raise DataError("The test set has no row with a target.", "1 or more", "0", "Check the test file.")
    return table[rows], target


def _workspace(session: Session, prepared: Prepared, split: Split, given_test: bool) -> tuple[Workspace, Ints]:
    """Training rows alone, folds renumbered to them; and where each table row stands in the encoded target."""
    table = prepared.dataset.table
    place = np.full(table.height, -1, np.int64)
    place[prepared.rows] = np.arange(len(prepared.rows))
    renumbered = np.full(table.height, -1, np.int64)
    renumbered[split.train] = np.arange(len(split.train))
    folds = tuple((renumbered[fold.train], renumbered[fold.valid]) for fold in split.folds)
    target = prepared.target.take(place[split.train])
    workspace = Workspace(
        taken(table, split.train),
        target,
        prepared.task,
        prepared.dataset.schema,
        folds,
        session.plan.seed,
        _whole(session, prepared, split, given_test),
    )
    return workspace, place


def _whole(session: Session, prepared: Prepared, split: Split, given_test: bool) -> Whole | None:
    """The file behind a sample, where its other rows may be learned from."""
    lottery = prepared.dataset.source.get("lottery")
    if lottery is None:
        return None
    if not given_test and split.strategy not in ("shuffled", "stratified"):
        # Unsampled rows may be later than the test's, or of its groups.
        session.decide("data", "only the sample is learned", f"the test rows were split off by {split.strategy}")
        return None
    kept = np.ones(prepared.dataset.table.height, np.bool_)
    if not given_test:
        kept[split.test] = False
    return Whole(Lottery(**lottery), kept, session.memory_bytes)


def _golden(frame: pl.DataFrame, train: Ints, schema: Schema, task: Task) -> pl.DataFrame:
    """Rows spread over the training rows, fewer where they are heavy."""
    wanted = [c for c in frame.columns if c in schema and c != task.target]
    at = train[np.linspace(0, len(train) - 1, min(_GOLDEN_ROWS, len(train))).astype(np.int64)]
    rows = frame.select(wanted)[at]
    while rows.height > 1 and rows.estimated_size() > _GOLDEN_BYTES:
        rows = rows.head(rows.height // 2)
    return rows
