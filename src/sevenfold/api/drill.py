"""Rehearse what can go wrong with a model's data before it goes live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.core.errors import RequestError

if TYPE_CHECKING:
    from sevenfold.deployment.model import LoadedModel


def drill(
    model: LoadedModel | str | Path,
    data: Any,
    *,
    window_rows: int = 500,
    windows: int = 10,
    repeats: int = 5,
    seed: int = 0,
) -> dict[str, Any]:
    """Replay rows with faults put in, and time the alarms.

    Args:
        model: a loaded model, or where it lies.
        data: rows that it was not trained on, best with the target.
        window_rows: rows of one window.
        windows: clean windows, and again as many after the fault's onset.
        repeats: how often each fault is rehearsed.
        seed: of the draws.
    Returns:
        {"faults": [{"fault", "column", "found", "repeats", "delay_windows", "false_alarms", "clean_windows", "named"}],
        "false_alarms", "clean_windows", "false_alarm_rate", "stated_rate", "not_found", "different"}.
    Raises:
        RequestError, DataError: the model or the data cannot be used.
    """
    import numpy as np

    from sevenfold.api.load import load
    from sevenfold.data.clean import conform
    from sevenfold.data.readers.read import read
    from sevenfold.data.target import encode
    from sevenfold.monitoring.drill import drill as run

    if window_rows < 100 or windows < 2 or repeats < 1:
        raise RequestError(
            "The drill is too small.", "windows of 100 rows, 2 windows, 1 repeat or more",
            f"{window_rows} rows, {windows} windows, {repeats} repeats", "Give larger numbers.",
        )  # fmt: skip
    loaded = load(model) if isinstance(model, str | Path) else model
    task = loaded.task
    frame = read(data, target=task.target, like=dict(loaded.source) or None).frame
    table = conform(frame, loaded.schema).table
    truth = None
    if task.target in frame.columns and task.target in table.columns:
        encoded, rows = encode(table, task)
        truth = np.full(table.height, np.nan)
        truth[rows] = encoded.values
    inputs = table.drop(task.target, strict=False)
    return run(
        loaded, inputs, truth, window_rows=window_rows, clean=windows, after=windows, repeats=repeats, seed=seed
    ).to_json()
