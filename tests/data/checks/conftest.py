"""Clean data of several seeds, and a builder for data with a fault put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.report import Finding, NotApplicable
from sevenfold.core.task import Goal, Target, Task
from sevenfold.data.checks import DataSubject
from sevenfold.data.checks.catalogue import CHECKS

_KIND = {pl.Float64: Kind.NUMBER, pl.String: Kind.CATEGORY, pl.Boolean: Kind.FLAG, pl.Datetime: Kind.DATE}


def build(
    table: pl.DataFrame, goal: Goal = Goal.BINARY, kinds: dict[str, Kind] | None = None, **settings: Any
) -> DataSubject:
    """A subject from a typed table with target 'y' (class index or number; missing where null)."""
    kinds = kinds or {}
    unused = settings.pop("unused", ())
    columns = tuple(
        Column(
            name,
            kinds.get(name) or next(kind for dtype, kind in _KIND.items() if table[name].dtype == dtype),
            used=name not in unused,
        )
        for name in table.columns
    )
    task_settings = {key: settings.pop(key) for key in ("sensitive", "id", "time", "group") if key in settings}
    rows = np.flatnonzero(table["y"].is_not_null().to_numpy()).astype(np.int64)
    if goal.is_classification:
        labels = table["y"].drop_nulls().cast(pl.String)
        classes = tuple(sorted(labels.unique().to_list()))
        values = np.array([classes.index(label) for label in labels], dtype=np.float64)
    else:
        classes = ()
        values = table["y"].drop_nulls().to_numpy().astype(np.float64)
    task = Task(goal, "y", "log_loss", classes, **task_settings)
    target = Target(goal, values, len(classes))
    return DataSubject(table, Schema(columns), task, target, rows, **settings)


def clean_table(seed: int = 0, goal: Goal = Goal.BINARY, rows: int = 1200) -> pl.DataFrame:
    """Honest data: numbers of several shapes, a category, a flag, and a target that they tell in part."""
    stream = np.random.default_rng(seed)
    table = pl.DataFrame(
        {
            "height": stream.normal(170, 10, rows),
            "income": np.round(stream.lognormal(10, 0.5, rows), 2),
            "visits": stream.poisson(4, rows).astype(float),
            "debt": np.where(stream.random(rows) < 0.6, 0.0, np.round(stream.lognormal(8, 1, rows), 2)),
            "city": stream.choice(["Bonn", "Graz", "Lyon", "Oslo"], rows),
            "member": stream.random(rows) < 0.4,
        }
    )
    pull = (table["height"].to_numpy() - 170) / 10 + 0.5 * table["member"].to_numpy()
    noise = stream.normal(0, 1.5, rows)
    if goal is Goal.REGRESSION:
        return table.with_columns(y=pl.Series(50 + 10 * pull + 10 * noise))
    cut = [0.2] if goal is Goal.BINARY else [-1.0, 1.0]
    return table.with_columns(y=pl.Series([f"class {code}" for code in np.searchsorted(cut, pull + noise)]))


@pytest.fixture
def subject_of() -> Callable[..., DataSubject]:
    return build


@pytest.fixture
def clean() -> Callable[..., pl.DataFrame]:
    return clean_table


@pytest.fixture
def findings_of() -> Callable[[str, DataSubject], Sequence[Finding]]:
    def run(code: str, subject: DataSubject) -> Sequence[Finding]:
        result = CHECKS.get(code)().run(subject)
        return [] if isinstance(result, NotApplicable) else list(result)

    return run


@pytest.fixture(params=range(4))
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)
