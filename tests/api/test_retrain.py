"""A challenger is trained by the plan of the champion and compared on rows that neither has seen."""

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sevenfold
from sevenfold.api.retrain import retrain
from sevenfold.core.config import Plan
from sevenfold.core.errors import DataError, RequestError
from sevenfold.monitoring.harvest import labelled_rows
from sevenfold.monitoring.log import Log


def frame(rows: int, seed: int, slope: float = 3.0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=rows), generator.choice(["x", "y", "z"], size=rows)
    return pl.DataFrame({"a": a, "b": b, "y": slope * a + (b == "x") + generator.normal(size=rows) * 0.1})


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first"
    return sevenfold.train(frame(200, 0), target="y", trials=1, models=["ridge"], folds=2, out=str(out)).path


def test_the_challenger_wins_where_the_world_has_changed(champion: Path) -> None:
    found = retrain(champion, frame(300, 1, slope=-3.0))
    assert found["better"] and found["gain"]["low"] > 0
    assert found["challenger_score"]["high"] < found["champion_score"]["low"]  # errors
    plan = Plan.load(Path(found["run"]) / "plan.toml")
    assert (plan.models, plan.folds, plan.trials, plan.target) == (("ridge",), 2, 1, "y")
    assert Path(found["run"]).parent == champion.parent
    assert sevenfold.load(found["model"]).predict({"a": 1.0, "b": "z"})[0] == pytest.approx(-3, abs=0.5)


def test_logged_rows_with_labels_are_data_to_train_with(champion: Path, tmp_path: Path) -> None:
    model = sevenfold.load(champion)
    start = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    rows = frame(150, 2)
    log = Log(tmp_path / "store", model, clock=lambda: start)
    log.record("r", model.answer(rows.drop("y")))
    log.close()
    labels = rows.select("y").with_columns(request_id=pl.lit("r"), row=pl.int_range(150))[:120]
    harvested = labelled_rows(tmp_path / "store", labels.reverse())
    assert harvested.select("a", "b", "y").equals(rows[:120])
    found = retrain(champion, store=tmp_path / "store", labels=labels, out=tmp_path / "second")
    assert found["rows"] > 10 and found["run"] == str(tmp_path / "second")
    with pytest.raises(DataError, match="No logged row"):
        labelled_rows(tmp_path / "store", labels.with_columns(request_id=pl.lit("other")))


def test_it_has_to_be_clear_what_to_train_on(champion: Path, tmp_path: Path) -> None:
    for given in ({}, {"store": tmp_path}, {"data": frame(10, 0), "store": tmp_path, "labels": frame(10, 0)}):
        with pytest.raises(RequestError, match="not clear"):
            retrain(champion, **given)
