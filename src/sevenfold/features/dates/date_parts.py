"""What the calendar says of a date."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, final

import numpy as np

from sevenfold.core.arrays import Floats
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Choice, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, sample_rows
from sevenfold.features.memory import remembered

if TYPE_CHECKING:
    import polars as pl

# Parts in the order of output, and the length of the cycle of those that come round. `time` is hours with their
# fraction: one threshold on it is one moment of the day.
_PARTS = ("year", "month", "day", "yearday", "weekday", "weekend", "hour", "minute", "time")
_SAMPLE_ROWS = 100_000
_CYCLES = {"month": 12, "yearday": 366, "weekday": 7, "hour": 24}


def _circle(length: int) -> Floats:
    """(2, length + 2) sines and cosines by table, so that no vector routine can change their last bits; NaN last."""
    turns = [2 * math.pi * step / length for step in range(length + 1)]
    return np.array([[*map(math.sin, turns), math.nan], [*map(math.cos, turns), math.nan]])


@final
class DateParts(LearnedFeature):
    """Year, month, day, day of the year, weekday (1 is Monday), weekend, hour, minute, time of day (hours), and cycles.

    Only parts that vary in training rows. Missing dates give NaN.
    """

    spec = FeatureSpec(
        name="date_parts",
        takes=frozenset({Kind.DATE}),
        gives=Form.NUMBERS,
        summary="Calendar parts that vary in training rows, with sine and cosine of those that come round.",
        space=Space(
            cycles=Choice(True, (True, False), "Add sine and cosine of month, day of year, weekday and hour."),
            year=Choice(True, (True, False), "Give the year; later years lie outside what a model has seen."),
        ),
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """For each column the parts that vary, by name."""
        kept: list[list[str]] = []
        chosen = sample_rows(columns.rows, _SAMPLE_ROWS, stream)
        for name in self.inputs:
            dates = columns.table.get_column(name)
            parts = _parts(dates if chosen is None else dates.gather(chosen))
            kept.append([part for part in _PARTS if self._wanted(part) and _varies(parts[part])])
            if "minute" not in kept[-1] and "time" in kept[-1]:
                kept[-1].remove("time")
        return {"parts": kept}

    def _wanted(self, part: str) -> bool:
        return part != "year" or bool(self.params["year"])

    def transform(self, columns: Columns) -> Block:
        """Columns "NAME:PART", then "NAME:PART:sin" and "NAME:PART:cos"."""
        values: list[Floats] = []
        names: list[str] = []
        for name, kept in zip(self.inputs, self.learned["parts"], strict=True):
            parts = _parts(columns.table.get_column(name))
            for part in kept:
                values.append(parts[part])
                names.append(f"{name}:{part}")
            for part, length in _CYCLES.items() if self.params["cycles"] else ():
                if part in kept:
                    places = np.nan_to_num(parts[part], nan=length + 1).astype(np.int64)
                    values.extend(column[places] for column in _circle(length))
                    names.extend((f"{name}:{part}:sin", f"{name}:{part}:cos"))
        stacked = np.stack(values, axis=1) if values else np.empty((columns.rows, 0))
        return Block(Form.NUMBERS, tuple(names), stacked)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        circles = {part: _circle(length).tolist() for part, length in _CYCLES.items()}
        kept = [
            (parts, [(part, *circles[part]) for part in _CYCLES if part in parts and self.params["cycles"]])
            for parts in self.learned["parts"]
        ]
        readers = [remembered(partial(_row_parts, parts, cycles)) for parts, cycles in kept]

        def convert(values: list[datetime | None]) -> list[float]:
            result: list[float] = []
            for value, parts in zip(values, readers, strict=True):
                result += parts(value)
            return result

        return RowStep(Reads.DATES, convert)


def _row_parts(
    parts: Sequence[str], cycles: Sequence[tuple[str, list[float], list[float]]], value: datetime | None
) -> list[float]:
    """Parts of one date, then sine and cosine of those that go round in circles."""
    if value is None:
        return [math.nan] * (len(parts) + 2 * len(cycles))
    result = [float(_READ[part](value)) for part in parts]
    for part, sines, cosines in cycles:
        place = _READ[part](value)
        result += (sines[place], cosines[place])
    return result


_READ: dict[str, Callable[[datetime], Any]] = {
    "year": lambda date: date.year,
    "month": lambda date: date.month,
    "day": lambda date: date.day,
    "yearday": lambda date: date.toordinal() - datetime(date.year, 1, 1).toordinal() + 1,
    "weekday": lambda date: date.isoweekday(),
    "weekend": lambda date: date.isoweekday() >= 6,
    "hour": lambda date: date.hour,
    "minute": lambda date: date.minute,
    "time": lambda date: date.hour + date.minute / 60,
}
"""Each part of one date, as `_parts` gives it."""


def _varies(values: Floats) -> bool:
    present = values[~np.isnan(values)]
    return len(present) > 0 and bool(present.min() < present.max())


def _parts(dates: pl.Series) -> dict[str, Floats]:
    weekday, hour, minute = dates.dt.weekday(), dates.dt.hour(), dates.dt.minute()
    read: dict[str, Any] = {
        "year": dates.dt.year(),
        "month": dates.dt.month(),
        "day": dates.dt.day(),
        "yearday": dates.dt.ordinal_day(),
        "weekday": weekday,
        "weekend": weekday >= 6,
        "hour": hour,
        "minute": minute,
    }
    parts = {name: _floats(series) for name, series in read.items()}
    parts["time"] = parts["hour"] + parts["minute"] / 60
    return parts


def _floats(series: pl.Series) -> Floats:
    import polars as pl

    if series.dtype == pl.Boolean:
        series = series.cast(pl.UInt8)
    return np.asarray(series.cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)
