"""From the files of a run folder to plain data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sevenfold.core.config import Plan
from sevenfold.core.run import Journal, RunFolder
from sevenfold.report.build import command, report_data
from sevenfold.report.data import ReportData
from sevenfold.report.page import page
from sevenfold.report.profile import even_bars, profile_rows


def test_every_file_is_read(run: RunFolder) -> None:
    data = report_data(run)
    assert (data.name, data.target, data.goal, data.classes) == ("churn-1", "churned", "binary", ("stays", "leaves"))
    assert data.metric is not None and data.metric.title == "ROC AUC"
    assert data.test is not None and data.test.value == 0.84 and data.test.rows == 500
    assert [r.name for r in data.references] == ["constant", "linear"]
    assert data.references[0].gain["real"] is True
    assert (data.rows, data.columns, data.test_rows, data.looks) == (4000, 5, 500, 2)
    assert (data.seconds, data.budget_seconds) == (57.0, 60.0)
    assert [(s.step, s.seconds) for s in data.steps] == [("data", 12.5), ("training", None)]
    assert len(data.findings) == 3 and len(data.leaderboard) == 3 and len(data.slices) == 1
    assert data.decisions == (("data", "split ordinary", "no time column"),)
    assert data.failures == ({"trial": "t9", "model": "svm", "kind": "failed", "reason": "out of memory ordinary"},)
    assert [m["trial"] for m in data.ensemble["members"]] == ["t1", "t2"]
    assert data.ensemble["weights"] == [0.7, 0.3]
    assert data.facts["Fingerprint of the data"] == "ab12"
    assert data.facts["Seed"] == "0" and "numpy ordinary" in data.facts["Versions"]


@pytest.mark.parametrize(
    "gone", ["plan.toml", "profile.json", "findings.json", "leaderboard.json", "evaluation.json", "schema.json"]
)
def test_a_missing_or_broken_file_leaves_its_part_out(run: RunFolder, gone: str) -> None:
    (run.path / gone).unlink()
    assert page(report_data(run))
    (run.path / gone).write_text("{ not json")
    assert page(report_data(run))


def test_a_run_that_has_just_begun_has_a_page(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "new")
    Journal(folder.journal).append("run.started", {"python": "3.11"})
    data = report_data(folder)
    assert data.test is None and data.profile == ()
    assert "No score has been measured yet." in page(data)


def test_the_command_says_what_differs_from_the_defaults() -> None:
    assert command(Plan()) == ""
    plan = Plan(data="a b.csv", target="y", trials=5, models=("ridge", "tree"), seed=3, max_latency="1ms", out="x")
    assert command(plan) == (
        "sevenfold train 'a b.csv' --target y --trials 5 --models ridge,tree --max-latency 1ms --seed 3"
    )


def test_columns_are_summed_up_by_kind(run: RunFolder) -> None:
    rows = {row.name: row for row in report_data(run).profile}
    assert rows["tenure"].missing == 0.01 and rows["tenure"].summary == "0 to 72, median 20"
    assert rows["joined"].summary == "1970-01-01 to 1970-01-02"
    assert rows["gender"].summary == "ordinary 75 %, m 25 %"
    assert rows["key"].summary == "for example ordinary, k2" and not rows["key"].used
    assert rows["note"].summary == "0 to 90 characters"
    assert profile_rows({"columns": {"a": {"kind": "flag"}}}, {})[0].name == "a"
    assert profile_rows({}, {}) == ()


def test_bars_of_equal_width_keep_the_rows() -> None:
    bars = even_bars([0.0, 1.0, 2.0, 10.0], [10, 10, 80])
    assert sum(bars) == pytest.approx(100)
    assert bars[0] > bars[-1] * 0.5
    tail = even_bars([0.0, 1.0, 2.0, 3.0, 1e6], [33, 33, 33, 1])
    assert max(tail) < 90  # the tail does not press everything into one bar
    assert even_bars([5.0, 5.0], [7]) == (7.0,)


def test_plain_data_makes_a_round_trip(run: RunFolder) -> None:
    assert isinstance(report_data(run), ReportData)
    assert json.loads((run.path / "evaluation.json").read_text())["metric"] == "roc_auc"
