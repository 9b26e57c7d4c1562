"""Streams with known faults: reference rows, then windows of which the first are clean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

REFERENCE_ROWS, WINDOW_ROWS, LARGE_WINDOW_ROWS, CLEAN, FAULTY = 10_000, 500, 5_000, 10, 8
QUARTER = "shift, quarter of the deviation"
LIVE_ROW = 17_424  # from here on three columns of electricity are live
NUMBERS = [f"number_{i}" for i in range(8)]
LABELS = [f"label_{i}" for i in range(3)]

Change = Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame]


def rows(count: int, stream: np.random.Generator) -> pl.DataFrame:
    """Eight numbers of several shapes, three categories; all independent."""
    made: dict[str, np.ndarray] = {}
    for place, name in enumerate(NUMBERS):
        plain = stream.normal(size=count)
        made[name] = np.exp(plain) if place % 3 == 1 else np.round(plain * 3) if place % 3 == 2 else plain
    for place, name in enumerate(LABELS):
        levels = [f"v{i}" for i in range(4 + 8 * place)]
        chances = 1 / np.arange(1, len(levels) + 1)
        made[name] = stream.choice(levels, count, p=chances / chances.sum())
    return pl.DataFrame(made)


def _new_label(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
    hit = pl.Series(stream.random(table.height) < 0.1)
    return table.with_columns(label_0=pl.when(hit).then(pl.lit("new")).otherwise("label_0"))


def _missing(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
    return table.with_columns(number_0=pl.when(pl.Series(stream.random(table.height) >= 0.3)).then("number_0"))


def _relation(table: pl.DataFrame, stream: np.random.Generator) -> pl.DataFrame:
    return table.with_columns(number_3=0.9 * pl.col("number_0") + (1 - 0.81) ** 0.5 * pl.col("number_3"))


FAULTS: dict[str, Change | None] = {
    "no fault": None,
    QUARTER: lambda t, s: t.with_columns(pl.col("number_0") + 0.25),
    "shift, half the deviation": lambda t, s: t.with_columns(pl.col("number_0") + 0.5),
    "deviation times 1.5": lambda t, s: t.with_columns(pl.col("number_0") * 1.5),
    "another unit, times 1,000": lambda t, s: t.with_columns(pl.col("number_0") * 1000),
    "new category, 10 % of rows": _new_label,
    "missing, 30 % of rows": _missing,
    "relation of two columns": _relation,
}


def write_faults(folder: Path, repeats: int) -> list[Path]:
    """One folder for each fault and repeat: reference.parquet, window-NNN.parquet, facts.json.

    Every system gets these very files. The quarter of a deviation and no fault come with large windows as well.
    """
    cases = [(name, WINDOW_ROWS) for name in FAULTS] + [("no fault", LARGE_WINDOW_ROWS), (QUARTER, LARGE_WINDOW_ROWS)]
    made: list[Path] = []
    for place, (name, size) in enumerate(cases):
        change = FAULTS[name]
        for repeat in range(repeats):
            stream = np.random.default_rng([place, repeat])
            reference = rows(REFERENCE_ROWS, stream)
            clean = [rows(size, stream) for _ in range(CLEAN)]
            later = [rows(size, stream) for _ in range(FAULTY)]
            faulty = later if change is None else [change(part, stream) for part in later]
            told = name if size == WINDOW_ROWS else f"{name}; windows of {size:,} rows"
            onset = None if change is None else CLEAN
            made.append(_write(folder / f"{place}-{repeat}", told, reference, [*clean, *faulty], onset))
    return made


def write_electricity(folder: Path, path: Path) -> Path:
    """The first 10,000 rows, as a user would take them, against windows of the next 10,000.

    Three columns are constant up to row 17,424, and live from there on: their onset is what is timed. Prices and demand
    move with the seasons throughout, so an alarm on them is true before and after, and tells nothing of the onset.
    """
    table = pl.read_csv(path).drop("class", "period")
    windows = [table[start : start + WINDOW_ROWS] for start in range(10_000, 20_000, WINDOW_ROWS)]
    onset = (LIVE_ROW - 10_000) // WINDOW_ROWS
    live = ["vicprice", "vicdemand", "transfer"]
    return _write(folder / "electricity", "electricity", table[:10_000], windows, onset, live)


def _write(
    folder: Path, name: str, reference: pl.DataFrame, windows: list[pl.DataFrame], onset: int | None,
    columns: list[str] | None = None,
) -> Path:  # fmt: skip
    folder.mkdir(parents=True)
    reference.write_parquet(folder / "reference.parquet")
    for number, window in enumerate(windows):
        window.write_parquet(folder / f"window-{number:03d}.parquet")
    facts = {"name": name, "onset": onset, "windows": len(windows), "columns": columns}
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder
