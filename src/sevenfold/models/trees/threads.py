"""How many threads a prediction by trees starts."""

from __future__ import annotations

from sevenfold.core.context import Resources

# Below this many rows times trees, starting threads costs more than they gain.
_SMALL_WORK = 1_000_000


def prediction_threads(rows: int, trees: int) -> int:
    """One for small batches, else as many as this process may use."""
    return 1 if rows * trees < _SMALL_WORK else Resources.detect().cores
