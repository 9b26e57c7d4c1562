"""After the score is told, the deployed model learns from all rows; what was told stays that of the model before."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

import sevenfold
from sevenfold.api.deploy import deployed
from sevenfold.api.refit import fits_in_time, folds_kept, repeats_for
from sevenfold.api.replay import replay
from sevenfold.core.events import Happening
from sevenfold.core.predictor import Member
from sevenfold.core.recipe import Recipe
from sevenfold.core.run import Journal
from sevenfold.tuning.job import JobResult
from sevenfold.tuning.reserve import Reserve
from sevenfold.tuning.trial import Trial


def frame(rows: int = 150, seed: int = 0) -> pl.DataFrame:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=rows), generator.choice(["x", "y", "z"], size=rows)
    return pl.DataFrame({"a": a, "b": b, "y": 3 * a + (b == "x") + generator.normal(size=rows) * 0.1})


def trained(folder: Path, **settings: Any) -> Any:
    return sevenfold.train(
        frame(), target="y", trials=1, models=["lightgbm"], folds=3, tune="none", out=str(folder), **settings
    )


def last_fits(path: Path) -> list[Any]:
    events = Journal(path / "journal.jsonl").events()
    return [e.data for e in events if e.kind == Happening.FOLD_FINISHED and e.data.get("sealed")]


def test_the_deployed_model_learns_from_all_rows_and_repeats(tmp_path: Path) -> None:
    one, other = trained(tmp_path / "one"), trained(tmp_path / "other")
    assert one.result["refitted"]
    assert len(last_fits(one.path)) == 3
    assert "Deployed model" in (one.path / "card.md").read_text()
    fresh = frame(40, seed=5)
    np.testing.assert_array_equal(one.model.predict(fresh), other.model.predict(fresh))
    assert one.result["test"] == other.result["test"]
    found = replay(one.path)
    assert found["fits"] == found["identical"] == 6


def test_what_was_told_is_what_it_is_without_the_last_fit(tmp_path: Path) -> None:
    with_it, without = trained(tmp_path / "one"), trained(tmp_path / "two", refit="none")
    assert not without.result["refitted"]
    assert last_fits(without.path) == []
    assert with_it.result["test"] == without.result["test"]
    assert with_it.result["validation"] == without.result["validation"]


def test_a_test_set_that_was_given_stays_one(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", test=frame(60, seed=9))
    assert not run.result["refitted"]
    assert last_fits(run.path) == []


def test_a_resumed_run_does_no_last_fit_twice(tmp_path: Path) -> None:
    run = trained(tmp_path / "run")
    journal = run.path / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    opened = next(i for i, line in enumerate(lines) if json.loads(line)["kind"] == Happening.SEALED_OPENED)
    journal.write_text("".join(lines[: opened + 1]))
    before = {path: path.stat().st_mtime_ns for path in (run.path / "trials").glob("*/all*/state.json")}
    assert len(before) == 3
    again = sevenfold.resume(run.path)
    assert again.result["refitted"]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_only_chance_is_averaged_and_size_is_kept() -> None:
    boosted, forest = (Trial("t", Recipe(model), "", "portfolio") for model in ("lightgbm", "extra_trees"))
    assert repeats_for(boosted) == 3
    assert repeats_for(forest) == 1
    boosted.add(0, JobResult(0.0, 0.0, 1, 1.0, 0.0, 0.0, 10_000_000, 0))
    assert fits_in_time([boosted], None, float("inf")) == {boosted.name: 2}
    assert fits_in_time([boosted], None, float("inf"), most_bytes=1e6) == {boosted.name: 1}


def folded(name: str, model: str, seconds: float, size: int = 1000) -> Trial:
    made = Trial(name, Recipe(model), "", "portfolio")
    for fold in range(5):
        made.add(fold, JobResult(0.0, 0.0, 1, seconds, 0.0, 0.0, size, 0))
    return made


def test_the_dearest_member_keeps_its_folds_and_the_cheap_ones_are_fitted_more_than_once() -> None:
    members = [folded("t1", "catboost", 10.0), folded("t2", "lightgbm", 1.0), folded("t3", "extra_trees", 0.5)]
    reserve = Reserve(60.0, slots=2, growth=1.25)
    assert fits_in_time(members, reserve, 10.0) == {"t2": 3, "t3": 1}
    assert fits_in_time(members, reserve, 100.0) == {"t1": 3, "t2": 3, "t3": 1}
    assert fits_in_time(members, reserve, 17.0)["t1"] == 1
    assert fits_in_time(members, reserve, 0.1) == {}
    assert fits_in_time(members, None, float("inf")) == {"t1": 3, "t2": 3, "t3": 1}


def test_models_of_fewer_folds_are_kept_where_all_take_too_much_room() -> None:
    large, small = folded("t1", "extra_trees", 1.0, 6_000_000), folded("t2", "svm_rbf", 1.0, 1_000_000)
    assert folds_kept([large, small], 40e6) == {"t1": [0, 1, 2, 3, 4], "t2": [0, 1, 2, 3, 4]}
    assert folds_kept([large, small], 25e6) == {"t1": [0, 1, 2], "t2": [0, 1, 2, 3, 4]}
    assert folds_kept([large, small], 1.0) == {"t1": [0], "t2": [0]}


def test_time_is_kept_for_fits_in_place_of_models_that_take_too_much_room() -> None:
    reserve = Reserve(60.0, slots=2, growth=1.25, enough_folds=4)
    assert reserve.refit([folded("t1", "extra_trees", 1.0)]) == 0.0
    assert reserve.refit([folded("t1", "extra_trees", 1.0, 6_000_000)]) == 1.25


def test_size_bounds_the_fits() -> None:
    reserve = Reserve(60.0, slots=2, growth=1.25)
    assert fits_in_time([folded("t1", "lightgbm", 1.0, 10_000_000)], reserve, 100.0) == {"t1": 2}


def test_a_stack_is_fitted_again_whole_or_not_at_all() -> None:
    members = tuple(Member(name, ()) for name in ("t001", "t002"))
    told: list[str] = []

    class Partly:
        def finish(self) -> dict[str, tuple[Any, ...]]:
            return {"t001": ()}

    session: Any = SimpleNamespace(decide=lambda step, what, why: told.append(what))
    trials = [folded(name, "lightgbm", 1.0) for name in ("t001", "t002")]
    stack: Any = SimpleNamespace(name="stack")
    judged = SimpleNamespace(members=members, combiner=stack)
    final: Any = SimpleNamespace(predictor=judged, choice=SimpleNamespace(members=trials))
    fit: Any = Partly()
    collected: Any = None
    assert deployed(session, collected, final, fit) is judged
    assert told == ["the model is deployed as it was judged, without the sealed rows"]
