"""Step 1 in one call: from raw rows to a typed dataset with its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sevenfold.core.arrays import Ints
from sevenfold.core.config import Plan
from sevenfold.core.dataset import Dataset, Schema
from sevenfold.core.errors import DataError
from sevenfold.core.task import Target, Task
from sevenfold.data.clean import Conformed, conform, source_columns, source_of
from sevenfold.data.fingerprint import fingerprint
from sevenfold.data.infer import infer
from sevenfold.data.schema_file import read_schema
from sevenfold.data.target import encode, resolve

if TYPE_CHECKING:
    import polars as pl


class RawRows(Protocol):
    """What a reader gives."""

    @property
    def frame(self) -> pl.DataFrame:
        """Raw rows."""

    @property
    def source(self) -> Mapping[str, Any]:
        """Where they came from and how they were read."""


@dataclass(frozen=True)
class Prepared:
    """Data ready to learn from.

    Args:
        dataset: typed rows with their schema; rows without a target are still there.
        task: the resolved task.
        target: encoded target of `rows`.
        rows: numbers of the rows that have a target.
        reasons: what was decided and why.
        conformed: what in the raw rows did not keep to the schema.
    """

    dataset: Dataset
    task: Task
    target: Target
    rows: Ints
    reasons: tuple[str, ...]
    conformed: Conformed

    @property
    def violations(self) -> Any:
        """Places where raw values could not be taken as they stand."""
        return self.conformed.violations


def build(raw: RawRows, plan: Plan) -> Prepared:
    """Type, check and encode the rows of a training.

    Args:
        raw: rows as read.
        plan: what was asked; `plan.schema` names a schema.json to read by instead of inferring one.
    Raises:
        RequestError: the plan does not fit the data.
        DataError: there are no rows, or the target cannot be used.
    """
    frame = raw.frame
    if not frame.height:
        raise DataError("There are no rows.", "at least one row", f"{frame.width} columns, no rows", "Check the file.")
    schema = _schema(frame, plan)
    resolved = resolve(frame, schema, plan)
    schema = _without_dropped(resolved.schema, plan)
    conformed = conform(frame, schema)
    dataset = Dataset(conformed.table, schema, dict(raw.source), fingerprint(conformed.table))
    target, rows = encode(conformed.table, resolved.task)
    reasons = resolved.reasons
    left_out = frame.height - len(rows)
    if left_out:
        reasons = (*reasons, f"{left_out:,} rows have no target that can be read and are left out")
    return Prepared(dataset, resolved.task, target, rows, reasons, conformed)


def _schema(frame: pl.DataFrame, plan: Plan) -> Schema:
    """The edited schema that the plan names, or an inferred one; kinds asked for beat both."""
    if not plan.schema:
        return infer(frame, target=plan.target, kinds=plan.kind, roles=plan.role)
    schema = read_schema(Path(plan.schema))
    conform(frame.head(0), schema, require=frozenset(source_columns(schema)))
    if plan.kind:
        changed = infer(frame, target=plan.target, kinds=plan.kind)
        for name in plan.kind:
            schema = schema.replacing(changed[name])
    return schema


def _without_dropped(schema: Schema, plan: Plan) -> Schema:
    """The schema with the columns that are to be left out marked so, and with them what was made of them."""
    apart = {name: f"made of '{name}', which is no input" for name in (plan.id, plan.group, plan.weight) if name}
    for column in schema:
        if column.name in plan.drop:
            schema = schema.replacing(replace(column, used=False, reason="left out on request"))
        elif source_of(column) != column.name and source_of(column) in {*plan.drop, *apart}:
            reason = apart.get(source_of(column), "left out on request, with what it is made of")
            schema = schema.replacing(replace(column, used=False, reason=reason))
    return schema
