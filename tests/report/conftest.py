"""A run folder as a training leaves it, written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sevenfold.core.config import Plan
from sevenfold.core.report import Finding, Severity
from sevenfold.core.run import Journal, RunFolder, write_json


def score(value: float, low: float, high: float, rows: int = 500) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "rows": rows}


def rate(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "rows": 250}


def evaluation(column: str = "tenure") -> dict[str, Any]:
    return {
        "task": {"goal": "binary", "target": "churned", "classes": ["stays", "leaves"]},
        "metric": "roc_auc",
        "rows": 500,
        "looks": 2,
        "validation": score(0.83, 0.8, 0.86, 4000),
        "test": score(0.84, 0.81, 0.87),
        "metrics": {"roc_auc": score(0.84, 0.81, 0.87), "log_loss": score(0.4, 0.35, 0.45)},
        "references": {
            "constant": {"validation": score(0.5, 0.5, 0.5), "test": score(0.5, 0.5, 0.5), "gain": gain(0.34)},
            "linear": {"validation": score(0.8, 0.77, 0.83), "test": score(0.81, 0.78, 0.84), "gain": gain(0.03)},
        },
        "importances": [
            {"column": column, "value": 0.1, "low": 0.05, "high": 0.15, "repeats": 3},
            {"column": "joined", "value": 0.01, "low": 0.001, "high": 0.02, "repeats": 3},
            {"column": "late", "value": 0.0, "low": 0.0, "high": 0.0, "repeats": 0},
        ],
        "partial_dependence": [
            {
                "column": column,
                "kind": "number",
                "x": [1.0, 2.0, 3.0, "missing"],
                "lines": [
                    {
                        "name": "leaves",
                        "mean": [0.5, 0.4, 0.3, 0.35],
                        "low": [0.4, 0.3, 0.2, 0.3],
                        "high": [0.6, 0.5, 0.4, 0.4],
                    }
                ],
            },
            {
                "column": "joined",
                "kind": "date",
                "x": ["2020-01-01 00:00", "2021-01-01 00:00"],
                "lines": [{"name": "leaves", "mean": [0.5, 0.4], "low": [0.4, 0.3], "high": [0.6, 0.5]}],
            },
        ],
        "slices": [
            {
                "column": column,
                "label": "0 to under 3",
                "share": 0.2,
                **score(0.6, 0.5, 0.7, 100),
                "rest": 0.86,
                "worse": 0.26,
                "p_value": 1e-6,
                "q_value": 1e-5,
                "significant": True,
            }
        ],
        "curves": {
            "confusion": {"classes": ["stays", "leaves"], "counts": [[300.0, 60.0], [40.0, 100.0]]},
            "calibration": {
                "said": [0.1, 0.5, 0.9],
                "happened": [0.12, 0.45, 0.92],
                "low": [0.05, 0.35, 0.85],
                "high": [0.2, 0.55, 0.97],
                "rows": [166, 167, 167],
            },
            "roc": {"false_positive_rate": [0.0, 0.2, 1.0], "true_positive_rate": [0.0, 0.8, 1.0]},
            "precision_recall": {"recall": [0.0, 1.0], "precision": [1.0, 0.3], "threshold": [0.9, 0.1], "base": 0.3},
            "lift": {"share": [0.0, 0.5, 1.0], "found": [0.0, 0.9, 1.0]},
            "scores": {"edges": [0.0, 0.5, 1.0], "positive": [40, 100], "negative": [300, 60]},
        },
        "fairness": [
            {
                "column": "gender",
                "groups": [
                    {"group": "f", "rows": 250, "selection_rate": rate(0.5), "error_rate": rate(0.2)},
                    {"group": "m", "rows": 250, "selection_rate": rate(0.2), "error_rate": rate(0.2)},
                ],
                "disparities": [
                    {
                        "figure": "selection_rate",
                        "lowest": "m",
                        "highest": "f",
                        "measure": "ratio",
                        "value": 0.4,
                        "low": 0.3,
                        "high": 0.5,
                        "clear": True,
                    }
                ],
            }
        ],
        "coverage": coverage(column),
        "skipped": [{"part": "importances", "reason": "the time did not suffice for 1 of 3 columns"}],
    }


def covered(value: float, rows: int = 500) -> dict[str, Any]:
    return {**score(value, value - 0.03, value + 0.03, rows), "size": 1.3, "median_size": 1.0, "p_value": 0.4}


def coverage(column: str) -> dict[str, Any]:
    return {
        **covered(0.91),
        "level": 0.9,
        "unit": "classes",
        "enough": True,
        "ordered": True,
        "by_class": True,
        "calibration_rows": 4000,
        "validation": covered(0.87),
        "classes": [{"label": "stays", **covered(0.92, 350)}, {"label": "leaves", **covered(0.89, 150)}],
        "groups": [{"column": "gender", "label": "f", **covered(0.9, 250)}],
        "segments": [{"column": column, "label": "0 to under 3", **covered(0.7, 100)}],
    }


def gain(value: float) -> dict[str, Any]:
    return {"value": value, "low": value / 2, "high": value * 2, "chance": 1.0, "real": True}


HOSTILE = "</title></script><script>alert(1)</script><img src=x onerror=alert(1)> | \" ' & \x00\x07 \u202egnp.exe"
FINDINGS = [
    Finding("copies", Severity.WARNING, "Two columns are equal.", ("a", "b"), (), "They share weight.", "Drop one."),
    Finding("constant", Severity.NOTE, "One column has one value.", ("c",)),
]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path / "churn-1")
    write_run(folder)
    return folder


@pytest.fixture
def hostile_run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path / "hostile")
    write_run(folder, HOSTILE, HOSTILE)
    return folder


def write_run(folder: RunFolder, column: str = "tenure", text: str = "ordinary") -> None:
    write_json(folder.path / "evaluation.json", evaluation(column))
    findings = [*FINDINGS, Finding("odd", Severity.WARNING, f"Odd {text}.", (column,), (1, 2), text, text)]
    write_json(
        folder.findings,
        {"findings": [f.to_json() for f in findings], "not_applicable": [{"code": "order", "reason": text}]},
    )
    write_json(folder.leaderboard, leaderboard(text))
    write_json(
        folder.profile,
        {
            "rows": 4000,
            "columns": [
                {
                    "name": column,
                    "kind": "number",
                    "rows": 4000,
                    "missing": 40,
                    "distinct": 70,
                    "low": 0.0,
                    "high": 72.0,
                    "quantiles": [0, 1, 5, 20, 40, 60, 70],
                    "edges": [0.0, 10.0, 72.0],
                    "counts": [2000, 1960],
                },
                {"name": "joined", "kind": "date", "rows": 4000, "missing": 0, "low": 0.0, "high": 86400.0},
                {"name": "gender", "kind": "category", "rows": 4000, "missing": 0, "top": [[text, 3000], ["m", 1000]]},
                {"name": "key", "kind": "id", "rows": 4000, "missing": 0, "examples": [text, "k2"]},
                {"name": "note", "kind": "text", "rows": 4000, "missing": 0, "low": 0.0, "high": 90.0},
            ],
        },
    )
    write_json(
        folder.schema,
        {"columns": [{"name": "key", "kind": "id", "reason": f"every value differs {text}", "used": False}]},
    )
    plan = Plan(data="my data.csv", target="churned", budget="60s", sensitive=("gender",), role={"user": "u"})
    folder.plan.write_text(plan.dump(), encoding="utf-8")
    journal = Journal(folder.journal)
    journal.append("run.started", {"python": "3.11", "versions": {"numpy": text}, "fingerprint": "ab12", "seed": 0})
    journal.append("step.started", {"step": "data"})
    journal.append("step.finished", {"step": "data", "took": 12.5})
    journal.append("step.started", {"step": "training"})
    journal.append("decision", {"step": "data", "what": f"split {text}", "why": "no time column"})
    journal.append("trial.started", {"trial": "t9", "recipe": {"model": "svm"}})
    journal.append("trial.failed", {"trial": "t9", "reason": f"out of memory {text}"})
    journal.append(
        "ensemble.finished", {"members": [{"trial": "t1", "model": "lightgbm"}, "t2"], "weights": [0.7, 0.3]}
    )
    journal.append("run.finished", {"result": {"seconds": 57.0, "trials": 2}})


def leaderboard(text: str) -> list[dict[str, Any]]:
    return [
        {
            "trial": f"t{i}",
            "model": model,
            "params": {"depth": 3, "rate": 0.0512345, "mode": text},
            "value": 0.84 - i / 100,
            "low": 0.8,
            "high": 0.86,
            "seconds": 3.2,
            "bytes": 123456,
            "latency_ms": 0.4,
            "status": status,
        }
        for i, (model, status) in enumerate([("lightgbm", "finished"), ("ridge", "finished"), ("svm", "failed")], 1)
    ]
