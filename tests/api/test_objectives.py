"""Regression objectives are measured by what suits them, and named models alone are deployed."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sevenfold


def frame(rows: int = 200) -> pl.DataFrame:
    generator = np.random.default_rng(1)
    a = generator.uniform(0.5, 3, size=rows)
    return pl.DataFrame({"a": a, "b": generator.normal(size=rows), "y": generator.poisson(3 * a).astype(float) + 0.0})


@pytest.mark.parametrize(
    ("objective", "metric"), [("median", "mae"), ("quantile", "pinball"), ("counts", "poisson_deviance")]
)
def test_each_objective_has_its_metric(objective: str, metric: str, tmp_path: Path) -> None:
    run = sevenfold.train(
        frame(),
        target="y",
        task="regression",
        objective=objective,
        quantile=0.9,
        trials=1,
        folds=2,
        models=["lightgbm"],
        out=str(tmp_path / "run"),
    )
    assert run.result["metric"] == metric
    assert run.result["description"].startswith("lightgbm")
    predicted = run.model.predict(frame())
    below = float((frame()["y"].to_numpy() <= predicted).mean())
    if objective == "quantile":
        assert below > 0.75
