"""A small workspace for tests of search and executors."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Target, Task
from sevenfold.training.workspace import Workspace


def made_workspace(rows: int = 120, folds: int = 3) -> Workspace:
    generator = np.random.default_rng(7)
    a, b = generator.normal(size=rows), generator.normal(size=rows)
    truth = (a + 0.5 * b + generator.normal(size=rows) * 0.5 > 0).astype(float)
    table = pl.DataFrame({"a": a, "b": b, "y": [str(int(t)) for t in truth]})
    schema = Schema((Column("a", Kind.NUMBER), Column("b", Kind.NUMBER), Column("y", Kind.CATEGORY, levels=("0", "1"))))
    task = Task(Goal.BINARY, "y", "roc_auc", (0, 1))
    order = np.arange(rows)
    parts = tuple((order[order % folds != k], order[order % folds == k]) for k in range(folds))
    return Workspace(table, Target(Goal.BINARY, truth, 2), task, schema, parts, 3)


@pytest.fixture
def workspace() -> Workspace:
    return made_workspace()


@pytest.fixture
def larger_workspace() -> Workspace:
    """Six thousand rows."""
    return made_workspace(6000)


@pytest.fixture(scope="session")
def shared_folds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a saved workspace."""
    folder = tmp_path_factory.mktemp("run") / "folds"
    made_workspace().save(folder)
    return folder
