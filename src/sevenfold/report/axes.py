"""Scales, ticks and frames of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sevenfold.report.figures import marking
from sevenfold.report.markup import Markup, join, tag


@dataclass(frozen=True)
class Scale:
    """A straight line from values in [low, high] to positions in [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The position of a value, kept within the ends and to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)


def extent(values: Sequence[float], margin: float = 0.05) -> tuple[float, float]:
    """The least and largest value with some air; (0, 1) where there are none."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    if high == low:
        room = abs(high) * 0.1 or 1.0
        return low - room, high + room
    return low - margin * (high - low), high + margin * (high - low)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within [low, high]: multiples of 1, 2, 2.5 or 5 times a power of ten."""
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    made = [0.0 if i == 0 else float(f"{i * step:.12g}") for i in range(first, last + 1)]
    return [value for value in made if low <= value <= high]


@dataclass(frozen=True)
class Frame:
    """The plotting area of a chart with two numeric axes."""

    x: Scale
    y: Scale

    def drawn(self, x_label: str, y_label: str) -> Markup:
        """Grid lines, tick labels and axis titles."""
        left, right, bottom, top = self.x.start, self.x.end, self.y.start, self.y.end
        marks: list[Markup] = []
        for value in ticks(self.x.low, self.x.high, 5):
            place = self.x(value)
            marks.append(tag("line", x1=place, x2=place, y1=top, y2=bottom, class_="grid"))
            marks.append(tag("text", marking(value), x=place, y=bottom + 15, class_="tick middle"))
        for value in ticks(self.y.low, self.y.high, 5):
            place = self.y(value)
            marks.append(tag("line", x1=left, x2=right, y1=place, y2=place, class_="grid"))
            marks.append(tag("text", marking(value), x=left - 6, y=place + 4, class_="tick end"))
        marks.append(tag("text", x_label, x=(left + right) / 2, y=bottom + 32, class_="axis middle"))
        marks.append(tag("text", y_label, x=left - 34, y=top - 9, class_="axis"))
        return join(marks)
