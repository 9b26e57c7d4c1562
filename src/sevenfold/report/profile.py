"""The columns of a stored profile, as rows of the report's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from sevenfold.report.data import ColumnRow
from sevenfold.report.figures import figure, percent

BARS = 16


def profile_rows(profile: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[ColumnRow, ...]:
    """Rows from `profile.json`, with reasons and use from `schema.json` where that is there."""
    columns = profile.get("columns") or ()
    if isinstance(columns, Mapping):
        columns = [{"name": name, **entry} for name, entry in columns.items()]
    known = {c.get("name"): c for c in schema.get("columns", ())}
    return tuple(_row(column, known.get(column.get("name"), {})) for column in columns)


def _row(column: Mapping[str, Any], declared: Mapping[str, Any]) -> ColumnRow:
    rows = column.get("rows") or 0
    missing = column.get("missing")
    return ColumnRow(
        name=str(column.get("name", "")),
        kind=str(column.get("kind", "")),
        missing=missing / rows if rows and isinstance(missing, int | float) else None,
        distinct=column.get("distinct"),
        summary=_summary(column),
        histogram=_histogram(column),
        reason=str(declared.get("reason", "")),
        used=bool(declared.get("used", True)),
    )


def _summary(column: Mapping[str, Any]) -> str:
    low, high, kind = column.get("low"), column.get("high"), column.get("kind")
    top: Sequence[Sequence[Any]] = column.get("top") or ()
    if kind == "id":
        return "for example " + ", ".join(str(e) for e in (column.get("examples") or ())[:2])
    if top:
        present = max(1, (column.get("rows") or 0) - (column.get("missing") or 0))
        return ", ".join(f"{label} {percent(count / present)}" for label, count in top[:3])
    if low is None or high is None:
        return ""
    if kind == "date":
        return f"{_date(low)} to {_date(high)}"
    if kind == "text":
        return f"{figure(low)} to {figure(high)} characters"
    quantiles = column.get("quantiles") or ()
    middle = f", median {figure(quantiles[len(quantiles) // 2])}" if quantiles else ""
    return f"{figure(low)} to {figure(high)}{middle}"


def _date(seconds: float) -> str:
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d}"
    except OverflowError:
        return figure(seconds)


def _histogram(column: Mapping[str, Any]) -> tuple[float, ...]:
    edges, counts = column.get("edges") or (), column.get("counts") or ()
    if len(edges) == len(counts) + 1 and counts:
        return even_bars(edges, counts)
    top = column.get("top") or ()
    if column.get("kind") == "id" or not top:
        return ()
    rest = column.get("rest") or 0
    bars = [float(count) for _, count in top[:BARS]]
    return (*bars, float(rest)) if rest else tuple(bars)


def even_bars(edges: Sequence[float], counts: Sequence[float], bars: int = BARS) -> tuple[float, ...]:
    """Counts of bins of any width, spread over bars of equal width.

    The bars reach from the 2 % to the 98 % point at the least; a long tail would else leave one bar and a void.
    """
    limits = np.asarray(edges, dtype=np.float64)
    reached = np.concatenate(([0.0], np.cumsum(counts)))
    if limits[-1] <= limits[0] or reached[-1] <= 0:
        return (float(reached[-1]),)
    low, high = np.interp([0.02, 0.98], reached / reached[-1], limits)
    low = limits[0] if low - limits[0] < 0.25 * (high - low) else low
    high = limits[-1] if limits[-1] - high < 0.25 * (high - low) else high
    if high <= low:
        low, high = limits[0], limits[-1]
    shown = np.interp(np.linspace(low, high, bars + 1), limits, reached)
    return tuple(float(v) for v in np.diff(shown))
