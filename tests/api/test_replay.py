"""A finished run can be done again, by the work its journal records."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sevenfold
from sevenfold.api.replay import replay
from sevenfold.core.errors import RequestError


def frame(rows: int = 150) -> pl.DataFrame:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=rows), generator.choice(["x", "y", "z"], size=rows)
    return pl.DataFrame({"a": a, "b": b, "y": 3 * a + (b == "x") + generator.normal(size=rows) * 0.1})


def test_every_deployed_fit_repeats_bit_for_bit(tmp_path: Path) -> None:
    run = sevenfold.train(
        frame(), target="y", trials=2, models=["ridge", "lightgbm"], folds=2, out=str(tmp_path / "run")
    )
    found = replay(run.path)
    assert found["fits"] >= 2
    assert found["identical"] == found["fits"]
    assert found["largest_difference"] == 0.0


def test_a_run_that_has_not_ended_cannot_be_replayed(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"kind": "run.started", "at": 0.0}\n')
    with pytest.raises(RequestError, match="has not ended"):
        replay(tmp_path)
