"""How time and memory of one model grow with rows and columns, beside plain LightGBM in the same run.

    python benchmarks/scaling/run.py [--rows 1000,10000,...] [--columns 10,100,...] [--repeats 3]

Writes results.jsonl, RESULTS.md and scaling.svg beside this file; a point measured before and not asked for stays. The
tables are made: three quarters of the columns are numbers, the rest categories; a tenth of the columns says something
of the target. Each system has a process of its own for each point; the median of the repeats counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HERE = Path(__file__).parent
SYSTEMS = ("sevenfold", "lightgbm")
COLUMNS_OF_ROWS, ROWS_OF_COLUMNS = 20, 2_000


def made(path: Path, rows: int, columns: int) -> None:
    """A table to learn from, the same each time."""
    generator = np.random.default_rng([rows, columns])
    numbers = columns * 3 // 4
    score = np.zeros(rows)
    parts: dict[str, Any] = {}
    for index in range(columns):
        if index < numbers:
            values = generator.standard_normal(rows)
            parts[f"n{index}"] = values.round(4)
        else:
            values = generator.integers(0, 20, rows)
            parts[f"c{index}"] = pl.Series(values).cast(pl.String)
        if index % 10 == 0:
            score += np.sin(values * 1.7)
    chance = 1 / (1 + np.exp(-score / np.sqrt(max(1, columns / 10)) * 2))
    parts["y"] = np.where(generator.random(rows) < chance, "yes", "no")
    pl.DataFrame(parts).write_parquet(path)


def measured(system: str, path: Path, threads: int) -> dict[str, float]:
    """One run of one system."""
    command = [sys.executable, str(HERE / "point.py"), system, str(path), "--threads", str(threads)]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def point(axis: str, rows: int, columns: int, repeats: int, threads: int, folder: Path) -> list[dict[str, Any]]:
    """Both systems on one table, in turns."""
    path = folder / "table.parquet"
    made(path, rows, columns)
    runs: dict[str, list[dict[str, float]]] = {system: [] for system in SYSTEMS}
    for _ in range(repeats):
        for system in SYSTEMS:
            runs[system].append(measured(system, path, threads))
    path.unlink()
    return [
        {
            "axis": axis,
            "rows": rows,
            "columns": columns,
            "system": system,
            "repeats": repeats,
            **{key: statistics.median(run[key] for run in runs[system]) for key in runs[system][0]},
        }
        for system in SYSTEMS
    ]


def table(results: list[dict[str, Any]], axis: str) -> list[str]:
    """Lines of Markdown, a line for each point."""
    lines = [
        "| rows | columns | runs | LightGBM: read s | learn s | peak MB "
        "| Sevenfold: read s | learn s | peak MB | learning, times |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    points = sorted({(r["rows"], r["columns"]) for r in results if r["axis"] == axis})
    for rows, columns in points:
        ours, plain = (
            next(r for r in results if (r["axis"], r["rows"], r["columns"], r["system"]) == (axis, rows, columns, name))
            for name in SYSTEMS
        )
        cells = [f"{rows:,}", f"{columns:,}", str(ours["repeats"])]
        for one in (plain, ours):
            cells += [f"{one['read_seconds']:.2f}", f"{one['learn_seconds']:.2f}", f"{one['peak_bytes'] / 1e6:.0f}"]
        lines.append("| " + " | ".join([*cells, f"{ours['learn_seconds'] / plain['learn_seconds']:.2f}"]) + " |")
    return lines


def picture(results: list[dict[str, Any]]) -> str:
    """Seconds of learning over rows and over columns, both axes logarithmic."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="760" height="330" font-family="sans-serif" font-size="12">'
    ]
    for number, axis in enumerate(("rows", "columns")):
        chosen = [r for r in results if r["axis"] == axis]
        if not chosen:
            continue
        left, top, width, height = 60 + 370 * number, 30, 290, 240
        xs = np.log10([r[axis] for r in chosen])
        ys = np.log10([max(r["learn_seconds"], 1e-3) for r in chosen])
        x0, x1, y0, y1 = xs.min(), max(xs.max(), xs.min() + 1e-9), np.floor(ys.min()), np.ceil(ys.max())

        def place(x: float, y: float, box: tuple[Any, ...] = (left, top, width, height, x0, x1, y0, y1)) -> str:
            x_at, y_at, wide, high, a, b, c, d = box
            return f"{x_at + wide * (x - a) / (b - a):.1f},{y_at + high * (1 - (y - c) / max(d - c, 1)):.1f}"

        parts.append(f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999"/>')
        parts.append(f'<text x="{left + width / 2}" y="{top + height + 36}" text-anchor="middle">{axis}</text>')
        parts.append(f'<text x="{left}" y="{top - 10}">seconds to learn one model</text>')
        for y in np.arange(y0, y1 + 1):
            at = place(x0, float(y)).split(",")[1]
            parts.append(f'<text x="{left - 6}" y="{at}" text-anchor="end">{10.0**y:g}</text>')
        for x in sorted(set(xs.tolist())):
            at = place(x, y0).split(",")[0]
            parts.append(f'<text x="{at}" y="{top + height + 16}" text-anchor="middle">{10**x:,.0f}</text>')
        for system, colour in zip(SYSTEMS, ("#0b62a4", "#d1731f"), strict=True):
            line = [
                place(np.log10(r[axis]), np.log10(max(r["learn_seconds"], 1e-3)))
                for r in sorted(chosen, key=lambda r: r[axis])
                if r["system"] == system
            ]
            parts.append(f'<polyline points="{" ".join(line)}" fill="none" stroke="{colour}" stroke-width="2"/>')
            row = 16 * SYSTEMS.index(system)
            parts.append(f'<text x="{left + 10}" y="{top + 18 + row}" fill="{colour}">{system}</text>')
    return "\n".join([*parts, "</svg>", ""])


def beyond_memory(found: dict[str, Any]) -> str:
    """What `large.py` wrote, in a sentence."""
    learned = found["learned"][-1]["rows"]
    return (
        "A table larger than memory: `python benchmarks/scaling/large.py`, results in `large.json`: "
        f"{found['rows']:,} rows x {found['columns']} columns ({found['file_mb']} MB of Parquet), told to keep within "
        f"{found['limit']} and {found['budget']}, trained in {found['seconds']:.0f} s with a peak of "
        f"{found['peak_mb']:,} MB for all processes together (pages that several share counted once); the "
        f"deployed model learned {learned:,} rows in batches: what the time left allowed."
    )


def main() -> None:
    """Run the grid, write table and picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="1000,10000,100000,1000000")
    parser.add_argument("--columns", default="10,100,1000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    grid = [("rows", int(n), COLUMNS_OF_ROWS) for n in given.rows.split(",") if n]
    grid += [("columns", ROWS_OF_COLUMNS, int(n)) for n in given.columns.split(",") if n]
    old = HERE / "results.jsonl"
    kept = [json.loads(line) for line in old.read_text().splitlines()] if old.exists() else []
    results = [row for row in kept if (row["axis"], row["rows"], row["columns"]) not in grid]
    with tempfile.TemporaryDirectory() as folder:
        for axis, rows, columns in grid:
            results += point(axis, rows, columns, given.repeats, given.threads, Path(folder))
            print(f"{axis} {rows:,} x {columns:,} measured", flush=True)
    (HERE / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results))
    (HERE / "scaling.svg").write_text(picture(results))
    about = (
        f"`python benchmarks/scaling/run.py`, {given.threads} threads, medians, "
        f"Python {platform.python_version()}, polars {pl.__version__}. 100 rounds of 31 leaves each, both from a "
        "Parquet file; learning takes in encoding and binning. Reading is Sevenfold's with typing and inference."
    )
    larger = beyond_memory(json.loads((HERE / "large.json").read_text()))
    text = [
        "# Growth with rows and columns",
        "",
        about,
        "",
        larger,
        "",
        *table(results, "rows"),
        "",
        *table(results, "columns"),
    ]
    (HERE / "RESULTS.md").write_text("\n".join([*text, "", "![Growth](scaling.svg)", ""]))


if __name__ == "__main__":
    main()
