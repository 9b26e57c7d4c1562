"""What is laid down for all processes comes back as it was, mapped and not copied."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Target, Task
from sevenfold.training.workspace import Stored, Workspace


def test_what_was_saved_is_mapped_read_only(tmp_path: Path) -> None:
    table = pl.DataFrame({"x": [1.0, None, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.0]})
    schema = Schema((Column("x", Kind.NUMBER), Column("y", Kind.NUMBER)))
    target = Target(Goal.REGRESSION, np.array([1.0, 2.0, 3.0, 4.0]), weights=np.array([1.0, 1.0, 2.0, 0.5]))
    folds = ((np.array([0, 1, 2, 3]), np.empty(0, np.int64)), (np.array([0, 3]), np.array([1, 2])))
    Workspace(table, target, Task(Goal.REGRESSION, "y", "rmse"), schema, folds, 5).save(tmp_path / "folds")
    loaded = Workspace.load(tmp_path / "folds")
    assert loaded.table.equals(table)
    np.testing.assert_array_equal(loaded.target.values, target.values)
    assert loaded.target.weights is not None
    np.testing.assert_array_equal(loaded.target.weights, np.array([1.0, 1.0, 2.0, 0.5]))
    assert not loaded.target.values.flags.writeable
    for (train, valid), (expected_train, expected_valid) in zip(loaded.folds, folds, strict=True):
        assert type(train) is np.ndarray
        np.testing.assert_array_equal(train, expected_train)
        np.testing.assert_array_equal(valid, expected_valid)
    assert loaded.table[loaded.folds[1][1]].get_column("y").to_list() == [2.0, 3.0]


def test_a_large_table_stays_in_its_file_and_is_read_by_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pl.DataFrame({"x": [1.0, None, 3.0, 4.0], "y": ["a", "b", None, "d"]})
    schema = Schema((Column("x", Kind.NUMBER), Column("y", Kind.CATEGORY)))
    target = Target(Goal.REGRESSION, np.arange(4.0))
    made = Workspace(table, target, Task(Goal.REGRESSION, "x", "rmse"), schema, (), 5)
    made.save(tmp_path)
    monkeypatch.setattr("sevenfold.training.workspace.LARGE_BYTES", 0)
    loaded = Workspace.load(tmp_path)
    assert isinstance(loaded.held, Stored)
    assert loaded.nbytes > 0
    assert loaded.table.equals(table)
    assert Stored((*loaded.held.paths, *loaded.held.paths)).read(["y"]).get_column("y").to_list()[4:6] == ["a", "b"]
    for rows in (np.array([1, 2, 3]), np.array([3, 0]), np.array([0, 2, 1]), np.empty(0, np.int64)):
        for columns in (["y"], ["y", "x"], []):
            part = loaded.part(rows, columns)
            assert part.height == len(rows)
            assert part.equals(table.select(columns or ["x"])[rows])
            assert part.equals(made.part(rows, columns))
    assert len(loaded.rows(-1)[0]) == 4
