"""Counts what one server is asked and answers, window by window, in memory that does not grow with the rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.task import Task
from sevenfold.data.aspects import with_aspects
from sevenfold.deployment.predictions import prediction_table
from sevenfold.monitoring.reference import Watchlist
from sevenfold.monitoring.sketches import Sketch, Snapshot
from sevenfold.monitoring.snapshots import Counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from sevenfold.core.arrays import Floats

_OPEN_WINDOWS = 2  # rows are counted within seconds: an older window is complete


class Counter:
    """The counts of one start of one server.

    Args:
        folder: where snapshots go.
        model: digits of its digest.
        watched: what is counted, in which bins.
        task: what is predicted.
        replica, boot: of this start.
        window_seconds: length of a window.
        now: seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        model: str,
        watched: Watchlist,
        task: Task,
        *,
        replica: str,
        boot: str,
        window_seconds: int = 3600,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._model = model
        self._watched = watched
        self._task = task
        self._replica = replica
        self._boot = boot
        self._seconds = window_seconds
        self._now = now
        self._windows: dict[int, Sketch] = {}
        self._unsaved: set[int] = set()
        self._sequence = 0

    def window_of(self, seconds: float) -> int:
        """Start of the window in which a moment lies."""
        return int(seconds // self._seconds) * self._seconds

    def add(self, window: int, table: pl.DataFrame, predictions: Sequence[Any] | None, values: Floats | None) -> None:
        """Count some rows of one window.

        Args:
            window: its start.
            table: typed rows with their aspects.
            predictions: (rows,) labels or numbers; None where items were ranked.
            values: (rows, classes) probabilities, or None.
        """
        sketch = sketch_rows(self._watched, self._task, table, predictions, values)
        self._windows[window] = self._windows.get(window, Sketch()) + sketch
        self._unsaved.add(window)

    def save(self, closed: bool = False) -> None:
        """Write what has grown; forget windows that are complete."""
        last = max(self._windows, default=None)
        for window in sorted(self._unsaved | ({last} if closed and last is not None else set())):
            self._sequence += 1
            snapshot = Snapshot(self._sequence, self._windows[window])
            Counted(
                self._model, self._watched.digest, window, self._seconds, self._replica, self._boot, snapshot,
                round(self._now(), 3), closed and window == last,
            ).write(self._folder)  # fmt: skip
            self._unsaved.discard(window)
        for window in sorted(self._windows)[:-_OPEN_WINDOWS]:
            del self._windows[window]


def sketch_rows(
    watched: Watchlist,
    task: Task,
    table: pl.DataFrame,
    predictions: Sequence[Any] | None,
    values: Floats | None,
) -> Sketch:
    """Counts of some rows: inputs with their aspects, and predictions."""
    whole = with_aspects(table, watched.remembered)
    inputs = {n: w.bins for n, w in watched.columns.items() if n in whole.columns}
    sketch = Sketch.of(inputs, whole)
    if predictions is not None and table.height:
        bins = {n: w.bins for n, w in watched.columns.items() if n not in whole.columns}
        made = prediction_table(task, predictions, values)
        sketch = Sketch(sketch.rows, {**sketch.counts, **Sketch.of(bins, made).counts})
    return sketch
