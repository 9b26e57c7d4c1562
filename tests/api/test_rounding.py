"""Weights in eight bits, from a limit that only they keep to the loaded bundle; and where accuracy does not hold."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import sevenfold
from sevenfold.api.replay import replay
from sevenfold.core.errors import LimitError, RequestError
from sevenfold.core.events import Happening
from sevenfold.core.run import Journal
from sevenfold.tuning.limits import state_bytes

LIMIT = "130KB"
SETTINGS: dict[str, Any] = {
    "refit": "none",
    "target": "y",
    "trials": 2,
    "models": ["neighbours"],
    "folds": 2,
    "tune": "none",
}


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_INLINE", "1")


def frame(rows: int = 1800, seed: int = 0) -> pl.DataFrame:
    """Nearest neighbours are good at it."""
    draws = np.random.default_rng(seed)
    a, b, c = draws.uniform(-2, 2, size=(3, rows))
    more = {f"x{i}": a + i * b + 0.1 * draws.normal(size=rows) for i in range(7)}
    return pl.DataFrame({"a": a, "b": b, "c": c, **more, "y": np.sin(3 * a) + b * c})


@pytest.fixture
def two_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are rounded to three levels, and lose what they have learned."""
    monkeypatch.setattr("sevenfold.core.int8._TOP", 1)


def decisions(run: Path) -> dict[str, str]:
    return {
        e.data["what"]: e.data["why"] for e in Journal(run / "journal.jsonl").events() if e.kind == Happening.DECISION
    }


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run whose limit only eight bits keep."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVENFOLD_INLINE", "1")
        out = str(tmp_path_factory.mktemp("limited") / "run")
        return sevenfold.train(frame(), max_size=LIMIT, distil="none", out=out, **SETTINGS)


def test_a_limit_that_only_eight_bits_keep(limited: Any) -> None:
    run, told = limited.path, decisions(limited.path)
    assert "neighbours in int8" in limited.result["description"]
    assert "MB instead of" in limited.result["limits_cost"] and "95 % interval" in limited.result["limits_cost"]
    assert any(what.endswith("accuracy holds in int8") for what in told)
    assert "What the limits cost" in (run / "card.md").read_text()
    board = json.loads((run / "leaderboard.json").read_text())
    (made,) = (row for row in board if row["origin"] == "int8")
    kept = next(row for row in board if row["trial"] == made["trial"].removesuffix("-int8"))
    assert made["bytes"] < 0.8 * kept["bytes"] and made["loss"] == pytest.approx(kept["loss"], rel=0.01)


def test_its_bundle_is_an_ordinary_one(limited: Any) -> None:
    model, fresh = sevenfold.load(limited.path), frame(rows=40, seed=3).drop("y")
    predictor = model.runtime.predictor
    assert all(p.precision == "int8" for member in predictor.members for p in member.pipelines)
    assert state_bytes(predictor) <= 130_000
    together = model.predict(fresh)
    alone = [model.predict(fresh.row(number, named=True))[0] for number in range(5)]
    assert alone == together[:5].tolist()


def test_every_fit_repeats(limited: Any) -> None:
    found = replay(limited.path)
    assert found["fits"] == found["identical"] >= 3


@pytest.mark.usefixtures("two_bits")
def test_where_accuracy_does_not_hold_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="keeps the limits"):
        sevenfold.train(frame(), max_size=LIMIT, distil="none", out=str(tmp_path / "run"), **SETTINGS)
    why = next(why for what, why in decisions(tmp_path / "run").items() if "weights are not stored in int8" in what)
    assert "is allowed" in why


@pytest.mark.slow
@pytest.mark.usefixtures("two_bits")
def test_asked_for_but_not_held_weights_stay_float(tmp_path: Path) -> None:
    run = sevenfold.train(frame(), precision="int8", out=str(tmp_path / "run"), **SETTINGS)
    assert "int8" not in run.result["description"]
    assert run.result["limits_cost"].startswith("weights stay float: its loss may be")


def test_asked_for_without_limits_it_is_taken_where_accuracy_holds(tmp_path: Path) -> None:
    run = sevenfold.train(frame(), precision="int8", out=str(tmp_path / "run"), **SETTINGS)
    assert "neighbours in int8" in run.result["description"]


def test_it_can_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match="keeps the limits"):
        sevenfold.train(
            frame(), max_size=LIMIT, distil="none", precision="float", out=str(tmp_path / "run"), **SETTINGS
        )
    with pytest.raises(RequestError, match="precision"):
        sevenfold.train(frame(), "y", precision="half")
