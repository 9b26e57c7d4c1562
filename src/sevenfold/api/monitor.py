"""Compare what a served model was asked with what it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def monitor(store: str | Path, labels: Any = None) -> dict[str, Any]:
    """Drift by column, performance where labels are given, and alerts, as plain data.

    Raises:
        RequestError, DataError: the store or the labels cannot be read.
    """
    from sevenfold.monitoring.monitor import monitor as run

    return run(Path(store), labels).to_json()
