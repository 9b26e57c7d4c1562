"""What is deployed where a limit keeps the best choice out, from the command line to the served bundle."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import sevenfold
from sevenfold.api.replay import replay
from sevenfold.api.students import School
from sevenfold.cli.main import app
from sevenfold.core.errors import LimitError, RequestError
from sevenfold.core.events import Happening
from sevenfold.core.run import Event, Journal
from sevenfold.tuning.teacher import Teacher
from sevenfold.tuning.trial import Trial

LIMIT = 30_000


def frame(rows: int = 260, seed: int = 0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    a, b, c = generator.normal(size=rows), generator.normal(size=rows), generator.choice(["x", "z"], size=rows)
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": np.sin(2 * a) + a * b + (c == "x") * b})


def events(run: Path) -> list[Event]:
    return list(Journal(run / "journal.jsonl").events())


def decisions(run: Path) -> dict[str, str]:
    return {e.data["what"]: e.data["why"] for e in events(run) if e.kind == Happening.DECISION}


def made(run: Path, origin: str = "student") -> list[str]:
    return [e.data["trial"] for e in events(run) if e.kind == Happening.TRIAL_STARTED and e.data["origin"] == origin]


@pytest.fixture(scope="module")
def taught_only() -> Iterator[None]:
    """Students alone are tried: the same models taught by labels, which may well do better, are left out."""
    one = School._one

    def students_alone(self: School, trial: Trial, teacher: Teacher | None, share: float) -> Trial | None:
        return None if teacher is None else one(self, trial, teacher, share)

    with patch.object(School, "_one", students_alone):
        yield


@pytest.fixture(scope="module")
def limited(taught_only: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run from the command line whose best model is too large; what it printed, and its folder."""
    folder = tmp_path_factory.mktemp("limited")
    frame().write_csv(folder / "train.csv")
    arguments = [
        "train",
        str(folder / "train.csv"),
        "--target",
        "y",
        "--trials",
        "1",
        "--models",
        "lightgbm",
        "--folds",
    ]
    arguments += ["2", "--tune", "none", "--max-size", f"{LIMIT}B", "--out", str(folder / "run"), "--json", "--quiet"]
    done = CliRunner().invoke(app, arguments, env={"SEVENFOLD_INLINE": "1"}, catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout), folder / "run"


def test_a_student_is_deployed_and_its_price_is_told(limited: Any) -> None:
    told, run = limited
    assert "learned the answers of others" in told["description"]
    assert "MB instead of" in told["limits_cost"] and "95 % interval" in told["limits_cost"]
    assert decisions(run)["what the limits cost"] == told["limits_cost"]
    assert "What the limits cost" in (run / "card.md").read_text()
    assert "what the limits cost" in (run / "report.html").read_text()
    board = json.loads((run / "leaderboard.json").read_text())
    (chosen,) = next(e.data["members"] for e in events(run) if e.kind == Happening.ENSEMBLE_FINISHED)
    assert chosen["trial"] in made(run)
    assert chosen["trial"] in {row["trial"] for row in board if row["origin"] == "student"}


def test_its_bundle_is_an_ordinary_one_within_the_limit(limited: Any) -> None:
    _, run = limited
    from sevenfold.tuning.limits import state_bytes

    model = sevenfold.load(run)
    assert state_bytes(model.runtime.predictor) <= LIMIT
    fresh = frame(30, seed=5)
    assert np.isfinite(model.predict(fresh)).all()
    assert model.explain(fresh[:2])
    assert model.predict(fresh.row(0, named=True))[0] == model.predict(fresh)[0]


def test_every_fit_of_a_student_repeats(limited: Any) -> None:
    found = replay(limited[1])
    assert found["fits"] == found["identical"] >= 3


@pytest.mark.slow
def test_a_run_broken_off_before_its_students_ends_with_the_same(limited: Any, tmp_path: Path) -> None:
    _, run = limited
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    lines = (copy / "journal.jsonl").read_text().splitlines(keepends=True)
    begun = next(i for i, line in enumerate(lines) if '"student"' in line)
    (copy / "journal.jsonl").write_text("".join(lines[: begun + 2]))
    again = sevenfold.resume(copy)
    fresh = frame(30, seed=5)
    np.testing.assert_array_equal(again.model.predict(fresh), sevenfold.load(run).predict(fresh))


def test_without_students_the_run_ends_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_INLINE", "1")
    settings: Any = {"target": "y", "trials": 1, "models": ["lightgbm"], "folds": 2, "tune": "none"}
    with pytest.raises(LimitError, match="keeps the limits") as caught:
        sevenfold.train(frame(), max_size="30KB", distil="none", out=str(tmp_path / "none"), **settings)
    assert "0.03 MB are allowed" in caught.value.received
    assert made(tmp_path / "none") == []


def test_a_student_is_tried_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEVENFOLD_INLINE", "1")
    run = sevenfold.train(
        frame(), "y", trials=1, models=["ridge"], folds=2, tune="none", distil="always", out=str(tmp_path / "run")
    )
    assert len(made(run.path)) == 1
    assert any("leads" in what and "student" in why for what, why in decisions(run.path).items())


def test_the_setting_is_checked() -> None:
    with pytest.raises(RequestError, match="distil"):
        sevenfold.train(frame(), "y", distil="sometimes")
