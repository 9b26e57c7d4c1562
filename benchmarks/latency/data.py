"""Made tables: 20 mixed columns, and 20 numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl


def mixed(rows: int, seed: int) -> pl.DataFrame:
    """12 numbers, 4 categories, 2 flags and 2 dates, some of them missing, and a target."""
    stream = np.random.default_rng(seed)

    def holed(values: list[Any]) -> list[Any]:
        return [None if stream.random() < 0.03 else value for value in values]

    columns: dict[str, list[Any]] = {}
    numbers = stream.normal(size=(rows, 12)).round(4)
    for place in range(12):
        columns[f"number_{place}"] = holed((numbers[:, place] * 10.0 ** (place % 4)).tolist())
    codes = [stream.integers(0, levels, rows) for levels in (3, 6, 12, 30)]
    for place, code in enumerate(codes):
        columns[f"category_{place}"] = holed([f"level {v}" for v in code])
    columns["flag_0"] = [bool(v) for v in stream.random(rows) < 0.4]
    columns["flag_1"] = ["yes" if v else "no" for v in stream.random(rows) < 0.3]
    start = datetime(2022, 1, 1)
    columns["moment"] = [str(start + timedelta(hours=int(h))) for h in stream.integers(0, 20_000, rows)]
    columns["day"] = [str((start + timedelta(days=int(d))).date()) for d in stream.integers(0, 900, rows)]
    score = numbers[:, 0] + 0.7 * numbers[:, 4] * numbers[:, 5] + 0.2 * codes[2] - 1.2 + stream.normal(size=rows)
    columns["target"] = ["good" if v > 0 else "bad" for v in score]
    return pl.DataFrame(columns)


def several(rows: int, seed: int, classes: int) -> pl.DataFrame:
    """`mixed` with a target of several classes."""
    table = mixed(rows, seed)
    chosen = table.select(pl.col("number_0", "number_4", "number_5").fill_null(0.0)).to_numpy()
    score = chosen[:, 0] + 0.07 * chosen[:, 1] * chosen[:, 2] + np.random.default_rng(seed + 1).normal(size=rows)
    places = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    return table.with_columns(target=pl.Series([f"class {place}" for place in places]))


def crowded(rows: int, seed: int) -> pl.DataFrame:
    """Eight categories, three of them with up to 2,000 values, and a target."""
    stream = np.random.default_rng(seed)
    levels = (2000, 800, 300, 60, 20, 9, 5, 3)
    codes = [stream.zipf(1.3, rows) % count for count in levels]
    # What a value does is the same in every table: it follows from its number.
    score = sum(np.sin(code * (3.0 + place)) for place, code in enumerate(codes[:4]))
    score = score + np.sin(codes[0] * 7.0 + codes[4]) + stream.normal(size=rows)
    columns: dict[str, Any] = {f"code_{place}": [f"v{c}" for c in code] for place, code in enumerate(codes)}
    return pl.DataFrame({**columns, "target": ["good" if v > 0 else "bad" for v in score]})


def texts(rows: int, seed: int) -> pl.DataFrame:
    """6 numbers, 2 categories, 2 columns of measured numbers and 2 of free text (a name, a remark), and a target."""
    stream = np.random.default_rng(seed)
    vocabulary = np.random.default_rng(7)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = ["".join(vocabulary.choice(letters, int(size))) for size in vocabulary.integers(3, 10, 600)]
    brands = [word.title() for word in words[:25]]
    columns: dict[str, Any] = {f"number_{place}": stream.normal(size=rows).round(4) for place in range(6)}
    brand, power = stream.integers(0, len(brands), rows), stream.integers(40, 250, rows)
    columns["fuel"] = [("petrol", "diesel", "gas")[code] for code in stream.integers(0, 3, rows)]
    columns["region"] = [f"region {code}" for code in stream.zipf(1.4, rows) % 80]
    columns["power"] = [f"{value}Nm@ {value * 9}rpm" for value in power]
    columns["tank"] = [f"{value / 2} l" for value in stream.integers(60, 140, rows)]
    picked = stream.zipf(1.3, (rows, 14)) % len(words)
    columns["name"] = [
        f"{brands[code]} {words[of[0]].title()} {of[1] % 30}.{of[2] % 9}"
        for code, of in zip(brand, picked, strict=True)
    ]
    columns["remark"] = [" ".join(words[code] for code in of) + "!" * int(of[0] % 2) for of in picked]
    good = np.array([7 in of for of in picked])
    score = columns["number_0"] + np.sin(brand * 3.0) + power / 100 - 1.45 + good + stream.normal(size=rows)
    columns["target"] = ["good" if v > 0 else "bad" for v in score]
    return pl.DataFrame(columns)


def numbers(rows: int, seed: int) -> pl.DataFrame:
    """20 numbers and a target."""
    stream = np.random.default_rng(seed)
    values = stream.normal(size=(rows, 20))
    score = values[:, 0] + values[:, 1] * values[:, 2] + stream.normal(size=rows)
    made = pl.DataFrame({f"x{place}": values[:, place] for place in range(20)})
    return made.with_columns(target=pl.Series(["good" if v > 0 else "bad" for v in score]))
