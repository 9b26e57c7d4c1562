"""Every check: listed, described, silent on clean data, never broken by odd data, the same twice."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sevenfold.data.checks
from sevenfold.core.context import Streams
from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.report import Check, Finding, Severity
from sevenfold.core.task import Goal, Target, Task
from sevenfold.data.checks import AuditResult, DataSubject, audit
from sevenfold.data.checks.catalogue import CHECKS

_HELPERS = Path(__file__).parents[1] / "data" / "checks" / "conftest.py"
_spec = importlib.util.spec_from_file_location("clean_data", _HELPERS)
assert _spec is not None and _spec.loader is not None
data = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(data)


def test_every_file_with_a_check_is_listed():
    folder = Path(sevenfold.data.checks.__file__).parent
    with_check = {path.stem for path in folder.glob("*.py") if "(Check[DataSubject])" in path.read_text()}
    listed = {check.__module__.rsplit(".", 1)[1] for _, check in CHECKS}
    assert with_check == listed


def test_every_check_has_a_test_file():
    folder = Path(__file__).parents[1] / "data" / "checks"
    assert {f"test_{check.__module__.rsplit('.', 1)[1]}.py" for _, check in CHECKS} <= {
        path.name for path in folder.glob("test_*.py")
    }


@pytest.mark.parametrize("code", CHECKS.names())
def test_a_check_describes_itself(code):
    check = CHECKS.get(code)
    assert issubclass(check, Check)
    assert check.spec.code == code
    assert check.spec.title and check.spec.summary.endswith(".")
    assert check.__doc__


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
@pytest.mark.parametrize("seed", range(6))
def test_clean_data_have_no_findings(goal, seed):
    table = data.clean_table(seed, goal)
    test = data.clean_table(seed + 100, goal, rows=400)
    result = audit(data.build(table, goal, test_table=test))
    assert result.failures == ()
    assert result.findings == ()


def _odd_tables() -> dict[str, pl.DataFrame]:
    stream = np.random.default_rng(0)
    labels = pl.Series("y", ["a", "b"] * 30)
    return {
        "all missing": pl.DataFrame({"x": pl.Series([None] * 60, dtype=pl.Float64), "y": labels}),
        "no inputs": pl.DataFrame({"y": labels}),
        "two rows": pl.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}),
        "no rows": pl.DataFrame({"x": pl.Series([], dtype=pl.Float64), "y": pl.Series([], dtype=pl.String)}),
        "one value": pl.DataFrame({"x": [1.0] * 60, "c": ["k"] * 60, "y": labels}),
        "one class": pl.DataFrame({"x": stream.normal(size=60), "y": ["a"] * 60}),
        "no target": pl.DataFrame({"x": [1.0] * 60, "y": pl.Series([None] * 60, dtype=pl.String)}),
        "lists": pl.DataFrame({"x": pl.Series([[1.0, 2.0]] * 60, dtype=pl.List(pl.Float64)), "y": labels}),
        "bytes": pl.DataFrame({"x": [b"\x00"] * 60, "y": labels}),
        "missing words": pl.DataFrame({"x": pl.Series([None, "a"] * 30, dtype=pl.String), "y": labels}),
        "dates": pl.DataFrame({"x": pl.Series([None] * 60, dtype=pl.Datetime("us")), "y": labels}),
        "huge numbers": pl.DataFrame({"x": [1e300, -1e300] * 30, "z": stream.normal(size=60), "y": labels}),
    }


@pytest.mark.parametrize("name", list(_odd_tables()))
def test_odd_data_break_no_check(name):
    table = _odd_tables()[name]
    kinds = {}
    if "x" in table.columns and table["x"].dtype == pl.List(pl.Float64):
        kinds = {"x": Kind.SEQUENCE}
    elif "x" in table.columns and table["x"].dtype == pl.Binary:
        kinds = {"x": Kind.IMAGE}
    for settings in ({}, {"test_table": table}, {"sensitive": ("x",)}):
        result = audit(data.build(table, Goal.BINARY, kinds, **settings))
        assert result.failures == ()


def test_an_audit_without_a_target_works():
    table = data.clean_table().drop("y").with_columns(same=pl.lit("k"))
    schema = Schema(tuple(Column(name, data._KIND[type(table[name].dtype)]) for name in table.columns))
    result = audit(DataSubject(table, schema))
    assert result.failures == ()
    assert [finding.code for finding in result.findings] == ["constant-columns"]
    assert {"target-leakage", "broken-target"} <= {item.code for item in result.not_applicable}


def test_findings_are_complete_and_plain():
    table = data.clean_table(3).with_columns(
        same=pl.lit("k"), leak=pl.col("y"), number=pl.int_range(pl.len()).cast(pl.Float64)
    )
    result = audit(data.build(pl.concat([table, table[:100]])))
    assert {"constant-columns", "target-leakage", "duplicate-rows"} <= {finding.code for finding in result.findings}
    for finding in result.findings:
        assert finding.code in CHECKS and finding.text and finding.why and finding.advice
        assert Finding.from_json(finding.to_json()) == finding
    ranks = [list(Severity)[::-1].index(finding.severity) for finding in result.findings]
    assert ranks == sorted(ranks), "worst first"


def test_the_same_audit_twice_and_a_sample_says_so():
    table = data.clean_table(0, rows=60_000).with_columns(leak=pl.col("y"))
    one, two = (audit(data.build(table, streams=Streams(5)), slow=False) for _ in range(2))
    assert one.to_json() == two.to_json()
    assert "looked at 50,000 of 60,000 rows" in one.of("target-leakage")[0].text


def test_slow_checks_can_be_left_out():
    result = audit(data.build(data.clean_table()), slow=False)
    assert [item.code for item in result.not_applicable if "slow" in item.reason] == [
        code for code, check in CHECKS if check.spec.slow
    ]


def test_a_broken_check_is_listed_and_ends_nothing():
    target = Target(Goal.BINARY, np.zeros(5), 2)
    # Rows that the table does not have: a fault of the caller that no check can make sense of.
    subject = DataSubject(
        data.clean_table(), Schema((Column("height", Kind.NUMBER),)), Task(Goal.BINARY, "y", "auc"), target,
        np.array([10**9] * 5),
    )  # fmt: skip
    result = audit(subject)
    assert isinstance(result, AuditResult) and result.failures
