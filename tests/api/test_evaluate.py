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
    assert evaluate(run.path, both, target="left") == evaluate(run.path, truth, target="left")
