"""Cost formulas: work counted in elementary steps, turned into seconds of one ordinary core."""

from __future__ import annotations

from sevenfold.core.model import Cost, Size

_CELL_BYTES = 8


def cost_of(size: Size, nanoseconds: float, *, parallel: bool = False, extra_bytes: float = 0.0) -> Cost:
    """A cost from an amount of work.

    Args:
        size: the fit's size.
        nanoseconds: time of the whole work on one core.
        parallel: whether the work spreads over threads; three quarters of it are taken to.
        extra_bytes: memory beyond one working copy of the inputs.
    """
    threads = max(1, size.threads)
    share = 0.25 + 0.75 / threads if parallel else 1.0
    start_seconds = 0.005
    cells = float(size.rows) * max(1, size.columns)
    return Cost(start_seconds + nanoseconds * 1e-9 * share, 2 * cells * _CELL_BYTES + extra_bytes)
