"""Scoring a model on labelled rows."""

import polars as pl
import pytest

from sevenfold.api.evaluate import evaluate
from sevenfold.api.train import train
from sevenfold.core.errors import RequestError


def test_a_target_column_that_is_not_there_is_a_wrong_request(tmp_path):
    rows = {"visits": [i % 7 for i in range(120)], "churned": ["yes" if i % 7 > 3 else "no" for i in range(120)]}
    run = train(pl.DataFrame(rows), "churned", trials=1, models=("logistic_l2",), out=str(tmp_path / "run"))
    truth = pl.DataFrame(rows).rename({"churned": "left"})
    with pytest.raises(RequestError, match="'lef'"):
        evaluate(run.path, truth, target="lef")
    both = truth.with_columns(churned=pl.lit("no"))
    found = evaluate(run.path, truth, target="left")
    assert evaluate(run.path, both, target="left") == found
    covered = found["coverage"]
    assert covered["level"] == 0.9 and covered["unit"] == "classes" and covered["rows"] == 120
    assert covered["low"] <= covered["value"] <= covered["high"] and 1 <= covered["size"] <= 2
    assert evaluate(run.path, truth, target="left", coverage=0.6)["coverage"]["level"] == 0.6
    with pytest.raises(RequestError, match="coverage"):
        evaluate(run.path, truth, target="left", coverage=1.5)
