"""Look at data before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.data.split import Split


def audit(
    data: Any, target: str | None = None, *, test: Any = None, sensitive: Sequence[str] = (), **settings: Any
) -> dict[str, Any]:
    """What would spoil a model of these data, as plain data: rows, columns, findings, not_applicable,
    failures (checks that broke).

    Args:
        data: as for `train`.
        target: the column to predict; without it only checks that need none are run.
        test: a test set to compare with.
        sensitive: columns whose groups are compared.
        settings: further settings of `core.config.Plan` (time, group, kind, ...).
    Raises:
        RequestError, DataError: the data cannot be read, or a named column is not there.
    """
    from sevenfold.core.config import Plan
    from sevenfold.data.checks import DataSubject
    from sevenfold.data.checks import audit as run_checks
    from sevenfold.data.clean import conform
    from sevenfold.data.dataset import build
    from sevenfold.data.infer import infer
    from sevenfold.data.profile import profile
    from sevenfold.data.readers.read import read

    raw = read(data, target=target)
    named = {"data": data if isinstance(data, str) else "frame", "target": target, "sensitive": tuple(sensitive)}
    plan = Plan.of({**named, **settings})
    if target is None and not plan.role:
        schema = infer(raw.frame, kinds=plan.kind)
        conformed = conform(raw.frame, schema)
        table, task, encoded, rows = conformed.table, None, None, None
        violations: Any = conformed.violations
        counts = conformed.counts
    else:
        prepared = build(raw, plan)
        schema, table, task = prepared.dataset.schema, prepared.dataset.table, prepared.task
        encoded, rows, violations = prepared.target, prepared.rows, prepared.violations
        counts = prepared.conformed.counts
    test_table = None
    if test is not None:
        test_table = conform(read(test, target=target, like=raw.source).frame, schema).table
    split = None if task is None else _split(table, schema, task, encoded, rows, test_table)
    subject = DataSubject(
        table=table,
        schema=schema,
        task=task,
        target=encoded,
        rows=rows,
        test_table=test_table,
        profile=profile(table, schema),
        raw=raw.frame,
        source=raw.source,
        violations=violations,
        counts=counts,
        split=split,
    )
    result = run_checks(subject)
    told = {(finding.code, finding.columns) for finding in result.findings}
    settled = [f for f in (split.findings if split else ()) if (f.code, f.columns) not in told]
    return {
        "rows": table.height,
        "columns": len(schema),
        "findings": [finding.to_json() for finding in (*result.findings, *settled)],
        "not_applicable": [{"code": n.code, "reason": n.reason} for n in result.not_applicable],
        "failures": [{"code": n.code, "reason": n.reason} for n in result.failures],
        "schema": schema.to_json()["columns"],
    }


def _split(table: Any, schema: Any, task: Any, target: Any, rows: Any, test_table: Any) -> Split | None:
    """How a training would split the rows: what it settles by itself is no finding. None where it could not."""
    from sevenfold.core.context import Streams
    from sevenfold.core.errors import SevenfoldError
    from sevenfold.data.split import plan_split

    try:
        return plan_split(
            table, schema, task, target, rows, Streams(0), given_test=test_table is not None, test_table=test_table
        )
    except SevenfoldError:
        return None  # too few rows, or too few of a class: the checks say so in their own words
