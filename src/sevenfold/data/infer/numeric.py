"""Columns of numbers: which are measurements, flags, times, row keys or codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.dataset import Column, Kind
from sevenfold.data.infer.evidence import Evidence, percent
from sevenfold.data.infer.labels import category
from sevenfold.data.names import NUMBERED, last, says_code, says_key, says_time
from sevenfold.data.parse.date_formats import recognise as recognise_dates
from sevenfold.data.parse.numbers import read_numbers

if TYPE_CHECKING:
    import polars as pl

YEARS = (1800, 2200)
EPOCHS = (("s", 3.1e8, 4.2e9), ("ms", 3.1e11, 4.2e12), ("us", 3.1e14, 4.2e15))
"""Counts since 1970 that fall between 1979 and 2103, by unit."""


def decide_numbers(evidence: Evidence, parse: dict[str, Any], why: str) -> Column:
    """What a column is whose values read as numbers by `parse`."""
    read = _without_nulls(read_numbers(evidence.sample, parse).values)
    values, rows = _distinct(read)
    note = evidence.missing_note(words=True)
    whole = len(values) > 0 and bool(np.all(values == np.round(values))) and float(np.abs(values).max()) < 2**53
    plain = not parse
    if len(values) <= 2 and plain and set(values.tolist()) <= {0.0, 1.0} and (flag := _flag(evidence, note)):
        return flag
    if len(values) == 1 and (constant := _constant(evidence, parse, float(values[0]), note)):
        return constant
    if whole and plain:
        date = _date(evidence, values, rows, note)
        if date:
            return date
        if not evidence.is_target:
            key = row_key(evidence, read, values)
            if key:
                return Column(evidence.name, Kind.ID, key + note, {"numeric": True}, used=False)
            if says_code(evidence.name) and len(values) > 2:
                return category(
                    evidence, {"numeric": True}, "whole numbers that the name calls codes, without an order"
                )
    what = "whole numbers" if whole else "numbers"
    said = f"{what} from {_figure(values[0])} to {_figure(values[-1])}" if len(values) else what
    return Column(evidence.name, Kind.NUMBER, said + (f", {why}" if why else "") + note, parse)


def counted(evidence: Evidence) -> tuple[Floats, Ints]:
    """The sample's plain numbers, ascending and each once, and how often each occurs."""
    return _distinct(_without_nulls(read_numbers(evidence.sample, {}).values))


def _without_nulls(read: pl.Series) -> pl.Series:
    return read.drop_nulls() if read.null_count() else read


def _distinct(read: pl.Series) -> tuple[Floats, Ints]:
    values, rows = np.unique(read.to_numpy() + 0.0, return_counts=True)  # one zero only
    return values, rows.astype(np.int64)


def _figure(value: float) -> str:
    if value == round(value) and YEARS[0] <= value <= YEARS[1]:
        return f"{value:.0f}"
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.6g}"


def _flag(evidence: Evidence, note: str) -> Column | None:
    """The column as a flag if the whole of it holds nothing but 0 and 1, both of them."""
    import polars as pl

    whole = evidence.whole
    read = read_numbers(whole.get_column("value"), {})
    counted = pl.DataFrame({"value": read.values, "rows": whole.get_column("rows")}).drop_nulls("value")
    counted = counted.group_by("value").agg(pl.col("rows").sum()).sort(["rows", "value"], descending=[True, False])
    if set(counted.get_column("value").to_list()) != {0.0, 1.0}:
        return None
    if any(bool(problem.any()) for _, problem in read.problems):
        note += "; some values cannot be read"
    levels = tuple("true" if value else "false" for value in counted.get_column("value"))
    return Column(evidence.name, Kind.FLAG, "0 and 1 only" + note, {}, levels)


def _constant(evidence: Evidence, parse: dict[str, Any], value: float, note: str) -> Column | None:
    whole = evidence.whole.get_column("value")
    if read_numbers(whole, parse).values.drop_nulls().n_unique() > 1:
        return None
    if note:
        said = f"one value, {_figure(value)}, or none: whether it is there may tell something"
        return Column(evidence.name, Kind.NUMBER, said + note, parse)
    return Column(evidence.name, Kind.NUMBER, f"constant: always {_figure(value)}", parse, used=evidence.is_target)


def _date(evidence: Evidence, values: Floats, rows: Ints, note: str) -> Column | None:
    """The column as dates: days written 20190304, or seconds since 1970 where the name speaks of time."""
    import polars as pl

    if len(values) >= 5 and values[0] >= 19_000_101 and values[-1] <= 22_001_231:
        text = pl.Series(values).cast(pl.Int64).cast(pl.String)
        found = recognise_dates(text, pl.Series(rows))
        if found and found.share >= 0.995 and found.parse["formats"] == ["%Y%m%d"]:
            return Column(
                evidence.name, Kind.DATE, "days written as year, month and day in eight digits" + note, found.parse
            )
    if not says_time(evidence.name) or not len(values):
        return None
    for unit, low, high in EPOCHS:
        inside = (values >= low) & (values <= high)
        if rows[inside].sum() >= 0.99 * rows.sum():
            said = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}[unit]
            return Column(evidence.name, Kind.DATE, f"{said} since 1970, as the name suggests" + note, {"epoch": unit})
    return None


def row_key(evidence: Evidence, read: pl.Series, values: Floats) -> str | None:
    """Why whole numbers only name their rows, or None. A measurement may well be different in each row, too."""
    named = says_key(evidence.name)
    numbered = last(evidence.name) in NUMBERED
    count = len(read)
    if count < (3 if named else 20) or len(values) < (0.95 if named else 1.0) * count:
        return None
    if values[0] < 0 or (YEARS[0] <= values[0] and values[-1] <= YEARS[1]):
        return None
    full = read_numbers(evidence.raw, {}).values.drop_nulls() if len(evidence.sample) < evidence.rows else read
    share = full.n_unique() / len(full)
    if named and share >= 0.95:
        said = "a number of its own in each" if share == 1 else f"{percent(share)} of the numbers come once only"
        return f"names the row: {said}, and the name says so"
    if share < 1:
        return None
    extent = float(full.max() - full.min() + 1)  # type: ignore[operator]
    steps = full.diff().drop_nulls()
    running = bool((steps > 0).all() or (steps < 0).all())
    if running and (extent <= 3 * len(full) or numbered):
        return "names the row: whole numbers that run with the rows"
    if len(full) >= 100 and extent <= 1.5 * len(full):
        return "names the row: every number of a running count once"
    if numbered and len(full) >= 50:
        return "names the row: a number of its own in each, and the name says so"
    return None


def looks_like_codes(values: Floats, rows: Ints, *, in_company: bool = False) -> bool:
    """Whether whole numbers, by their distribution alone, are codes rather than amounts.

    Codes are repeated values strewn irregularly over a huge range: not round, no value or small ones on top, and how
    often one occurs says nothing of its neighbours. `values` (distinct,) ascending, `rows` (distinct,) their counts.
    In the company of columns that are codes already, repeated values strewn over a huge range are enough.
    """
    total = float(rows.sum())
    if len(values) < 20 or total / len(values) < 3 or values[0] < 0 or values[-1] < 10_000:
        return False
    sparse = (values[-1] - values[0]) / len(values)
    if sparse < 20 or rows[values % 10 == 0].sum() / total > 0.25:
        return False
    if in_company and sparse >= 50:
        return True
    if rows.max() / total > 0.5:
        return False
    order = np.repeat(values, rows)
    if values[-1] / max(1.0, float(np.median(order))) > 20:
        return False
    logs = np.log(rows.astype(np.float64))
    if logs.std() < 0.3:
        return False
    return abs(float(np.corrcoef(logs[:-1], logs[1:])[0, 1])) < 0.3
