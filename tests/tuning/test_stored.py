"""A model that stays in its files answers as the loaded one does, and is never in memory as a whole."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest

from sevenfold.core.pipeline import Pipeline
from sevenfold.core.recipe import Recipe, Step
from sevenfold.training.fit import StepCache
from sevenfold.training.workspace import Workspace
from sevenfold.tuning import stored
from sevenfold.tuning.ensemble import AverageCombiner
from sevenfold.tuning.final import load_pipeline
from sevenfold.tuning.job import Job, run_job
from sevenfold.tuning.stored import StoredMember, StoredPredictor

FILLED = Step("filled", "impute", ("a", "b"))
SCALED = Step("scaled", "scale", ("@filled",))
RECIPES = {
    "t000": Recipe("extra_trees", {"trees": 10}, (FILLED,), ("filled",)),
    "t001": Recipe("logistic_l2", {}, (FILLED, SCALED), ("scaled",)),
}


class Watch:
    """Loads pipelines, and counts those that are alive."""

    def __init__(self) -> None:
        self.alive: weakref.WeakSet[Pipeline] = weakref.WeakSet()
        self.most = 0
        self.loads: list[str] = []

    def load(self, folder: Path) -> Pipeline:
        pipeline = Watched(**vars(load_pipeline(folder)))
        self.alive.add(pipeline)
        self.most = max(self.most, len(self.alive))
        self.loads.append(f"{folder.parent.name}/{folder.name}")
        return pipeline


class Watched(Pipeline):
    """Counted by who it is, not by what it holds."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


@pytest.fixture
def watch() -> Iterator[Watch]:
    gc.collect()
    watching = Watch()
    with patch.object(stored, "load_pipeline", watching.load):
        yield watching


@pytest.fixture
def members(workspace: Workspace, tmp_path: Path) -> tuple[StoredMember, ...]:
    for name, recipe in RECIPES.items():
        for fold in range(3):
            run_job(workspace, Job(name, recipe.to_json(), fold, str(tmp_path / name)), StepCache())
    return tuple(StoredMember(name, tuple(tmp_path / name / f"fold-{n}" for n in range(3))) for name in RECIPES)


def made(workspace: Workspace, members: tuple[StoredMember, ...], held_bytes: int) -> StoredPredictor:
    return StoredPredictor(workspace.task, members, AverageCombiner([0.7, 0.3]), held_bytes=held_bytes)


@pytest.mark.parametrize("held_bytes", [0, 10**9])
def test_it_answers_bit_for_bit_as_the_loaded_one(
    workspace: Workspace, members: tuple[StoredMember, ...], held_bytes: int
) -> None:
    predictor = made(workspace, members, held_bytes)
    whole = predictor.load()
    assert [len(member.pipelines) for member in whole.members] == [3, 3]
    for table in (workspace.table, workspace.table[:1]):
        np.testing.assert_array_equal(predictor.predict(table), whole.predict(table))
        np.testing.assert_array_equal(predictor.predict(table), whole.predict(table))
    alone = made(workspace, (StoredMember("t001", members[1].folders[:1]),), held_bytes)
    alone.combiner = AverageCombiner([1.0])
    np.testing.assert_array_equal(alone.predict(workspace.table), alone.load().predict(workspace.table))


def test_no_two_large_pipelines_are_in_memory_at_once(
    workspace: Workspace, members: tuple[StoredMember, ...], watch: Watch
) -> None:
    predictor = made(workspace, members, held_bytes=0)
    for _ in range(2):
        predictor.predict(workspace.table)
    assert watch.most == 1
    assert len(watch.loads) == 12
    assert not watch.alive


def test_small_pipelines_are_read_once(workspace: Workspace, members: tuple[StoredMember, ...], watch: Watch) -> None:
    sizes = sorted(sum(path.stat().st_size for path in f.iterdir()) for member in members for f in member.folders)
    predictor = made(workspace, members, held_bytes=sum(sizes[:3]))
    tables: list[pl.DataFrame] = [workspace.table, workspace.table[:5]]
    for table in tables:
        predictor.predict(table)
    assert len(watch.loads) == 6 + 3
    assert {name for name in watch.loads if watch.loads.count(name) == 1} == {f"t001/fold-{n}" for n in range(3)}
    assert watch.most == 4
    predictor.let_go()
    assert not watch.alive
