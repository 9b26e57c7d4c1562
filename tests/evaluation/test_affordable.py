"""As many test rows are judged as the time suffices for."""

from __future__ import annotations

import numpy as np
import polars as pl

from sevenfold.core.arrays import Floats
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Target, Task
from sevenfold.evaluation.affordable import FEWEST_ROWS, LEAST_ROWS, affordable_rows
from sevenfold.evaluation.full import evaluation_report

ROWS = 5 * LEAST_ROWS
TABLE = pl.DataFrame({"x": np.arange(ROWS, dtype=np.float64), "y": np.arange(ROWS) % 7.0})


class Clocked:
    """Takes a second of its own clock for each thousand rows."""

    now = 0.0

    def predict(self, table: pl.DataFrame) -> Floats:
        self.now += table.height / 1000
        return table.get_column("x").to_numpy() % 5.0


def test_all_rows_are_judged_where_the_time_suffices() -> None:
    slow = Clocked()
    for seconds in (float("inf"), 1e6):
        assert affordable_rows([slow], TABLE, np.random.default_rng(0), seconds, clock=lambda: slow.now) is None
    few = TABLE.head(2 * LEAST_ROWS)
    assert affordable_rows([slow], few, np.random.default_rng(0), 0.01, clock=lambda: slow.now) is None


def test_fewer_rows_by_lot_where_it_does_not_but_never_too_few() -> None:
    slow = Clocked()
    some = affordable_rows([slow], TABLE, np.random.default_rng(0), 120.0, clock=lambda: slow.now)
    assert some is not None
    assert LEAST_ROWS < len(some) < ROWS / 2
    assert (np.diff(some) > 0).all()
    again = affordable_rows([Clocked(), slow], TABLE, np.random.default_rng(0), 0.1, clock=lambda: slow.now)
    assert again is not None
    assert len(again) == LEAST_ROWS


def test_a_slow_model_judges_fewer_of_few_rows_but_never_too_few() -> None:
    few = TABLE.head(3 * FEWEST_ROWS)

    def judged(seconds: float, row_seconds: float, table: pl.DataFrame = few) -> int | None:
        rows = affordable_rows([Clocked()], table, np.random.default_rng(0), seconds, row_seconds)
        assert rows is None or (np.diff(rows) > 0).all()
        return None if rows is None else len(rows)

    assert judged(5.0, 0.003) is None
    assert judged(4.0, 0.003) == int(4.0 / 0.003)
    assert judged(0.1, 0.003) == FEWEST_ROWS
    assert judged(0.1, 0.003, TABLE.head(FEWEST_ROWS)) is None
    assert judged(float("inf"), 0.003) is None


def test_a_report_says_how_many_rows_it_judged() -> None:
    slow = Clocked()
    schema = Schema((Column("x", Kind.NUMBER), Column("y", Kind.NUMBER)))
    task = Task(Goal.REGRESSION, "y", "rmse")
    target = Target(Goal.REGRESSION, TABLE.get_column("y").to_numpy(), 0)
    found = evaluation_report(slow, TABLE, target, task, schema, Streams(0), seconds=0.1, clock=lambda: slow.now)
    assert found["rows"] == found["test"]["rows"] == LEAST_ROWS
    assert any(part["part"] == "test rows" and "20,000 of 100,000" in part["reason"] for part in found["skipped"])
