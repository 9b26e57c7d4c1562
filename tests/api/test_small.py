"""The same model taught by labels is weighed beside its student, and the smaller loss wins."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sevenfold
from sevenfold.core.events import Happening
from sevenfold.core.run import Journal


def test_labels_and_answers_are_weighed_by_one_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_INLINE", "1")
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=240), generator.normal(size=240)
    odds = np.sin(2 * a) + a * b
    table = pl.DataFrame({"a": a, "b": b, "y": np.where(odds > 0.7, "high", np.where(odds < -0.3, "low", "middle"))})
    run = sevenfold.train(
        table, "y", trials=1, models=["lightgbm"], folds=2, tune="none", max_size="60KB", refit="none",
        metric="log_loss", out=str(tmp_path / "run"),
    )  # fmt: skip
    board = json.loads((run.path / "leaderboard.json").read_text())
    made = [row for row in board if row["origin"] in ("small", "student") and row["status"] == "finished"]
    assert {row["origin"] for row in made} == {"small", "student"}
    ended = [e for e in Journal(run.path / "journal.jsonl").events() if e.kind == Happening.ENSEMBLE_FINISHED]
    (chosen,) = ended[-1].data["members"]
    assert chosen["trial"] in {row["trial"] for row in made}
    assert "MB instead of" in run.result["limits_cost"]
    shown = run.model.predict_proba(table.drop("y"))
    np.testing.assert_allclose(shown.sum(axis=1), 1.0)
