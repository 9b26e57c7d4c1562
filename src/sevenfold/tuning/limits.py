"""What a predictor costs in use: bytes on disk and time for one row, for `--max-size` and `--max-latency`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.core.config import Plan, parse_bytes, parse_seconds
from sevenfold.core.predictor import Predictor
from sevenfold.core.state import pack

if TYPE_CHECKING:
    import polars as pl

_RUNS = 15
DEFAULT_BYTES = 25_000_000
"""What a model takes at most where no limit is given and a smaller one is about as good."""


@dataclass(frozen=True)
class Price:
    """What a model costs in use.

    Args:
        bytes: of learned state.
        seconds: for one record, as it is served; NaN where that was not measured.
    """

    bytes: float
    seconds: float

    def __str__(self) -> str:
        time = "" if np.isnan(self.seconds) else f"{self.seconds * 1e6:,.0f} µs a row, "
        return f"{time}{self.bytes / 1e6:,.3g} MB"


@dataclass(frozen=True)
class Limits:
    """What the user allows; None is no limit.

    Args:
        bytes: of learned state.
        seconds: for one typed row, features included, on this machine.
    """

    bytes: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, plan: Plan) -> Limits:
        """The limits a plan sets."""
        return cls(
            None if plan.max_size is None else parse_bytes(plan.max_size),
            None if plan.max_latency is None else parse_seconds(plan.max_latency),
        )

    @property
    def any(self) -> bool:
        """Whether there is a limit at all."""
        return self.bytes is not None or self.seconds is not None

    def broken_by(self, predictor: Predictor, row: pl.DataFrame, served: Callable[[], float] | None = None) -> str:
        """Which limit the predictor breaks, with figures; "" for none.

        Args:
            row: one typed row to measure on.
            served: seconds of a row in the form in which it will be served; asked where a data frame is too slow.
        """
        size = state_bytes(predictor) if self.bytes is not None else 0
        if self.seconds is None or self.broken(size, 0.0):
            return self.broken(size, 0.0)
        took = row_seconds(predictor, row)
        if took > self.seconds and served is not None:
            took = min(took, served())
        return self.broken(size, took)

    def broken(self, size: float, seconds: float) -> str:
        """Which limit such bytes and seconds a row break, with figures; "" for none, NaN breaks none."""
        if self.bytes is not None and size > self.bytes:
            return f"{size / 1e6:.2f} MB, and {self.bytes / 1e6:.2f} MB are allowed"
        if self.seconds is not None and seconds > self.seconds:
            return f"{seconds * 1e3:.3g} ms a row, and {self.seconds * 1e3:.3g} ms are allowed"
        return ""


def state_bytes(predictor: Predictor) -> int:
    """Size of everything learned, as it is stored."""
    pipelines = [pipeline for member in predictor.members for pipeline in member.pipelines]
    return sum(len(content) for pipeline in pipelines for content in pack(pipeline.state()).values())


def row_seconds(predictor: Predictor, row: pl.DataFrame) -> float:
    """Median time of one row's prediction."""
    return median_seconds(lambda: predictor.predict(row))


def median_seconds(ask: Callable[[], object]) -> float:
    """Median wall time of some calls, after one that is not timed."""
    ask()
    times = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
