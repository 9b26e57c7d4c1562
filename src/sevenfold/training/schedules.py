"""Learning-rate schedules: the share of the full rate at each point of a training's way."""

from __future__ import annotations

import math
from collections.abc import Callable

from sevenfold.core.errors import unknown_name


def _cosine(progress: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def _linear(progress: float) -> float:
    return 1.0 - progress


def _constant(progress: float) -> float:
    return 1.0


SCHEDULES: dict[str, Callable[[float], float]] = {"cosine": _cosine, "linear": _linear, "constant": _constant}
"""The way down, by name: from 1 at the end of the warm-up to the end of the training."""


def rate_share(schedule: str, progress: float, warmup: float) -> float:
    """Share of the full learning rate, in (0, 1] until the very end.

    With a warm-up, "cosine" and "linear" are one-cycle schedules (Smith 2018).

    Args:
        schedule: a name in `SCHEDULES`.
        progress: how much of the training is done, in [0, 1].
        warmup: share of the training in which the rate rises.
    Raises:
        RequestError: unknown name.
    """
    if schedule not in SCHEDULES:
        raise unknown_name("Schedule", schedule, SCHEDULES)
    if progress < warmup:
        return max(0.02, progress / warmup)
    return SCHEDULES[schedule](min(1.0, (progress - warmup) / (1.0 - warmup)))
