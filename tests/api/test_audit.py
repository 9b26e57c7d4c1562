"""The audit as Python calls it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from sevenfold.api.audit import audit
from sevenfold.cli.show import show_audit


def rows_in_time(start: int, rows: int) -> pl.DataFrame:
    stream = np.random.default_rng(start)
    first = dt.datetime(2024, 1, 1)
    level = np.cumsum(np.random.default_rng(0).normal(size=start + rows))[start:]
    return pl.DataFrame(
        {
            "number": np.arange(start, start + rows),
            "at": [first + dt.timedelta(hours=start + hour) for hour in range(rows)],
            "x": stream.normal(size=rows),
            "y": level + stream.normal(0, 0.1, rows),
        }
    )


def test_what_the_split_settles_is_a_note_and_is_said_once() -> None:
    found = audit(rows_in_time(0, 600), "y", test=rows_in_time(600, 200))
    about_time = [f for f in found["findings"] if f["code"] in ("time-order", "order-leakage")]
    assert [(f["code"], f["severity"]) for f in about_time] == [("time-order", "note")]
    assert "The split is by time" in about_time[0]["text"]
    assert found["failures"] == []


def test_too_few_rows_to_split_are_still_audited(capsys) -> None:
    found = audit(pl.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0.5, 1.5, 2.5]}), "y")
    assert "small-data" in {f["code"] for f in found["findings"]}
    show_audit({**found, "failures": [{"code": "outliers", "reason": "ValueError: no"}]}, json_output=False)
    assert "The check outliers broke" in capsys.readouterr().out
