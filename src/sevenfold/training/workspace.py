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
from sevenfold.data.rows import taken
from sevenfold.training.whole import Whole

if TYPE_CHECKING:
    import polars as pl


LARGE_BYTES = 32 * 2**20
"""Of a table's file: above it no process holds the table, each reads what a job needs and lets it go."""


@dataclass(frozen=True)
class Stored:
    """A typed table that stays in its files (Arrow, uncompressed), one part of the rows after the other."""

    paths: tuple[Path, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the files: about as many as the table takes in memory."""
        return sum(path.stat().st_size for path in self.paths)

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows, anew each time; of all columns or of some."""
        import polars as pl

        lazy = [pl.scan_ipc(path) for path in self.paths]
        wanted = lazy[0].collect_schema().names() if columns is None else list(columns)
        return pl.concat([part.select(wanted).collect() for part in lazy])


@dataclass(frozen=True)
class Workspace:
    """Training rows (the sealed test rows are not among them), their target and the folds.

    Args:
        held: typed training rows, or the file where they lie.
        target: their target.
        task, schema: as resolved.
        folds: (train, valid) row numbers of each fold, within `table`.
        seed: of the run.
        whole: the file behind the rows, where they are a sample of it.
    """

    held: pl.DataFrame | Stored
    target: Target
    task: Task
    schema: Schema
    folds: tuple[tuple[Ints, Ints], ...]
    seed: int
    whole: Whole | None = None

    @property
    def table(self) -> pl.DataFrame:
        """The typed training rows; read anew each time where they are many."""
        return self.held.read() if isinstance(self.held, Stored) else self.held

    @property
    def nbytes(self) -> int:
        """Bytes of the table."""
        return self.held.nbytes if isinstance(self.held, Stored) else int(self.held.estimated_size())

    def part(self, rows: Ints, columns: Sequence[str]) -> pl.DataFrame:
        """Some typed rows of some columns; without a copy where the rows stand together."""
        wanted = columns or self.schema.names[:1]  # a frame without columns has no rows
        table = self.held.read(wanted) if isinstance(self.held, Stored) else self.held.select(wanted)
        return taken(table, rows)

    def save(self, folder: Path) -> None:
        """Write all of it; `load`, in this process or another, maps the arrays into memory, and the table stays in its
        file where it is large."""
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
        stored = Stored((folder / "table.arrow",))
        table = stored if stored.nbytes > LARGE_BYTES else stored.read()
        return cls(table, target, task, Schema.from_json(facts["schema"]), folds, facts["seed"], Whole.load(folder))

    def rows(self, number: int) -> tuple[Ints, Ints]:
        """(train, valid) rows of a fold; fold -1 trains on every row and validates on none."""
        if number < 0:
            return np.arange(len(self.target)), np.empty(0, np.int64)
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
