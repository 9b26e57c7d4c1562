"""All rows of a table that is too large for memory: found again in the file when the winner is fitted.

Trials learn from a sample. For a model that can learn from batches (`core.model.Batched`) the last fit goes through
the file once more, typing and encoding piece by piece with the sample's schema and features.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sevenfold.core.arrays import Flags
from sevenfold.core.dataset import Schema
from sevenfold.core.inputs import Inputs
from sevenfold.core.model import Batches
from sevenfold.core.run import write_json
from sevenfold.core.task import Target, Task
from sevenfold.core.transform import TargetTransform
from sevenfold.data.clean import conform, source_of
from sevenfold.data.readers.lottery import Lottery
from sevenfold.data.target import encode

ROW_BYTES = 44
"""What boosting holds of a row beside its bins: scores, gradients, label, places in leaves."""
_RESERVED_BYTES = 500 * 10**6  # libraries, the encoded sample, and the piece of the file that is being read
_WORKER_BYTES = 330 * 10**6  # the fitting process's part of these
_FILE, _KEPT = "whole.json", "whole-kept.npy"


@dataclass(frozen=True)
class Whole:
    """The file behind a sample.

    Args:
        lottery: file and sample.
        kept: (sample rows,) False for those that nobody may learn from: the sealed test rows.
        memory_bytes: of the run, all processes together.
    """

    lottery: Lottery
    kept: Flags
    memory_bytes: float

    def save(self, folder: Path) -> None:
        """Write it beside the workspace."""
        np.save(folder / _KEPT, self.kept)
        write_json(folder / _FILE, {"lottery": self.lottery.to_json(), "memory_bytes": self.memory_bytes})

    @classmethod
    def load(cls, folder: Path) -> Whole | None:
        """What `save` wrote, or None."""
        if not (folder / _FILE).exists():
            return None
        facts = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return cls(Lottery(**facts["lottery"]), np.load(folder / _KEPT), facts["memory_bytes"])

    def fitting_share(self, columns: int, worker_bytes: float = float("inf")) -> float:
        """Share of the file's rows that a boosted model of so many columns can hold as bins.

        Args:
            worker_bytes: that the process which fits may take.
        """
        free = min(self.memory_bytes - _RESERVED_BYTES, worker_bytes - _WORKER_BYTES)
        rows = free / (columns + ROW_BYTES)
        return float(min(1.0, max(self.lottery.share, rows / self.lottery.rows)))


@dataclass(frozen=True)
class Reading:
    """One way of going through the file: which rows, how typed, how encoded."""

    whole: Whole
    share: float
    schema: Schema
    task: Task
    target: TargetTransform
    encoder: Any
    """Gives `inputs(table)`: the pipeline's features."""

    def batches(self) -> Batches:
        """Batches of the rows that may be learned from; their sizes are found by reading the target alone."""
        sizes = tuple(len(target) for target in self._targets())
        return Batches(sizes, self._parts)

    def _targets(self) -> Iterator[Target]:
        names = {self.task.target} | ({self.task.weight} if self.task.weight else set())
        schema = Schema(tuple(column for column in self.schema if column.name in names))
        for table, target in self._tables(schema, sorted({source_of(column) for column in schema})):
            del table
            yield target

    def _parts(self) -> Iterator[tuple[Inputs, Target]]:
        for table, target in self._tables(self.schema, None):
            yield self.encoder.inputs(table), self.target.apply(target)

    def _tables(self, schema: Schema, columns: list[str] | None) -> Iterator[tuple[Any, Target]]:
        """Typed rows that have a target and may be learned from, piece by piece; pieces without any are left out."""
        passed = 0
        for piece in self.whole.lottery.pieces(self.share, columns):
            drawn = int(piece.drawn.sum())
            free = np.ones(piece.frame.height, np.bool_)
            free[piece.drawn] = self.whole.kept[passed : passed + drawn]
            passed += drawn
            table = conform(piece.frame.filter(free), schema).table
            if not table.height or not table.get_column(self.task.target).is_not_null().any():
                continue
            target, rows = encode(table, self.task)
            yield table if len(rows) == table.height else table[rows], target


def share_within(pace: float | None, rounds: int | None, rows: int, seconds: float) -> float:
    """Share of the rows that can be learned in the time left.

    Args:
        pace: seconds a row and round that a fold took; None is not known.
        rounds: that are to be learned.
        rows: of the file.
        seconds: left.
    """
    if pace is None or not rounds or seconds == float("inf"):
        return 1.0
    return float(min(1.0, 0.7 * seconds / max(pace * rounds * rows, 1e-9)))


def facts_of(share: float, batches: Batches) -> Mapping[str, Any]:
    """What the journal tells of such a fit."""
    return {"share": share, "rows": batches.rows}
