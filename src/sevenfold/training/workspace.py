"""What every trial of a run shares: typed rows, target and folds, laid down once and read by each worker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Ints
from sevenfold.core.dataset import Schema
from sevenfold.core.run import write_json
from sevenfold.core.task import Target, Task
from sevenfold.training.whole import Whole

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Workspace:
    """Training rows (the sealed test rows are not among them), their target and the folds.

    Args:
        table: typed training rows.
        target: their target.
        task, schema: as resolved.
        folds: (train, valid) row numbers of each fold, within `table`.
        seed: of the run.
        whole: the file behind the rows, where they are a sample of it.
    """

    table: pl.DataFrame
    target: Target
    task: Task
    schema: Schema
    folds: tuple[tuple[Ints, Ints], ...]
    seed: int
    whole: Whole | None = None

    def save(self, folder: Path) -> None:
        """Write all of it; `load`, in this process or another, maps table and arrays into memory."""
        folder.mkdir(parents=True, exist_ok=True)
        self.table.write_ipc(folder / "table.arrow", compression="uncompressed")
        np.save(folder / "target.npy", self.target.values)
        if self.target.weights is not None:
            np.save(folder / "weights.npy", self.target.weights)
        for number, (train, valid) in enumerate(self.folds):
            np.save(folder / f"train-{number}.npy", train)
            np.save(folder / f"valid-{number}.npy", valid)
        facts = {
            "task": self.task.to_json(),
            "schema": self.schema.to_json(),
            "classes": self.target.classes,
            "folds": len(self.folds),
            "seed": self.seed,
        }
        if self.whole is not None:
            self.whole.save(folder)
        write_json(folder / "workspace.json", facts)

    @classmethod
    def load(cls, folder: Path) -> Workspace:
        """The workspace that `save` wrote."""
        import polars as pl

        facts = json.loads((folder / "workspace.json").read_text(encoding="utf-8"))
        task = Task.from_json(facts["task"])
        weights = folder / "weights.npy"
        target = Target(
            task.goal,
            _mapped(folder / "target.npy"),
            facts["classes"],
            _mapped(weights) if weights.exists() else None,
        )
        folds = tuple(
            (_mapped(folder / f"train-{number}.npy"), _mapped(folder / f"valid-{number}.npy"))
            for number in range(facts["folds"])
        )
        table = pl.read_ipc(folder / "table.arrow")
        return cls(table, target, task, Schema.from_json(facts["schema"]), folds, facts["seed"], Whole.load(folder))

    def rows(self, number: int) -> tuple[Ints, Ints]:
        """(train, valid) rows of a fold; fold -1 trains on every row and validates on none."""
        if number < 0:
            return np.arange(self.table.height), np.empty(0, np.int64)
        return self.folds[number]


def _mapped(path: Path) -> Any:
    """An array as it lies in its file, read-only: processes share its pages, and what is not read takes no memory."""
    return np.asarray(np.load(path, mmap_mode="r"))


def out_of_fold(
    parts: Mapping[int, Any], folds: Sequence[tuple[Ints, Ints]], rows: int
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Join predictions of validation rows, averaged where folds repeat.

    Args:
        parts: (valid rows, ...) predictions by fold number.
        folds: (train, valid) rows of each fold.
        rows: rows in all.
    Returns:
        (rows, ...) predictions, NaN where no fold validated the row, and (rows,) which rows have one.
    """
    first = next(iter(parts.values()))
    total = np.zeros((rows, *first.shape[1:]))
    count = np.zeros(rows)
    for number, predicted in sorted(parts.items()):
        valid = folds[number][1]
        total[valid] += predicted
        count[valid] += 1
    seen = count > 0
    shape = (-1,) + (1,) * (total.ndim - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / count.reshape(shape), seen
