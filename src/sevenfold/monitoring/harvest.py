"""Logged rows whose labels have come, as data to train with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.dataset import Kind
from sevenfold.core.errors import DataError
from sevenfold.monitoring.performance import performance
from sevenfold.monitoring.rows import joined, read_rows
from sevenfold.monitoring.store import Store

if TYPE_CHECKING:
    import polars as pl


def labelled_rows(store: str | Path, labels: Any) -> pl.DataFrame:
    """The logged rows of the last model that have a label, in the order in which they came, the target among them.

    Args:
        store: the folder that a server fills.
        labels: as `monitor` takes them; rows whose labels contradict each other are left out.
    Raises:
        RequestError: there is no store, or nothing tells which label belongs to which row.
        DataError: no row has a label, or the rows were not kept whole: pictures, or columns that are redacted.
    """
    import polars as pl

    from sevenfold.data.classes import spelled

    opened = Store.open(Path(store))
    reference = opened.reference()
    task, schema = reference.task, reference.schema
    logged = joined([part for _, part in read_rows(opened, reference)], reference)
    lacking = [c.name for c in schema if c.used and c.name not in task.apart and c.name not in logged.inputs.columns]
    lacking += [c.name for c in schema.of_kind(Kind.IMAGE) if c.used]
    if logged.rows and lacking:
        raise DataError(
            "The log does not hold whole rows.", "every input column", "without " + ", ".join(lacking[:10]),
            "Train with rows from where they came, --data.",
        )  # fmt: skip
    truth = performance(labels, logged, reference)[1] if logged.rows else np.empty(0)
    known = np.flatnonzero(~np.isnan(truth))
    if not len(known):
        raise DataError("No logged row has a label.", "1 or more", "0", "Check the labels and the store.")
    rows = logged.take(known[np.argsort(logged.times[known], kind="stable")])
    order = known[np.argsort(logged.times[known], kind="stable")]
    names = spelled(task.classes)
    if names:
        target = pl.Series(task.target, [names[int(code)] for code in truth[order]], dtype=pl.String)
    else:
        target = pl.Series(task.target, truth[order], dtype=pl.Float64)
    inputs = rows.inputs.select(name for name in rows.inputs.columns if name in schema and name != task.target)
    return inputs.with_columns(target)
