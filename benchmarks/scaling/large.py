"""A table larger than memory, from made file to model, with the peak memory of all processes together.

    python benchmarks/scaling/large.py [--rows 20000000] [--limit 2GB] [--budget 600s] [--file FILE]

Makes the table once (seeded, row group by row group), then runs `sevenfold train` on it. Each 0.1 s the memory of all
processes of the training is added up, pages that several share counted once (PSS); a training over the limit is killed.
Writes large.json beside this file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from sevenfold.core.config import parse_bytes

HERE = Path(__file__).parent
GROUP_ROWS = 250_000
NUMBERS, CATEGORIES = 14, 5
LOOK_SECONDS = 0.1


def made(path: Path, rows: int) -> None:
    """A table of 20 columns, the same each time: numbers, categories, and a target that some of them tell."""
    levels = [pa.array([f"level {code}" for code in range(8 * 2**number)]) for number in range(CATEGORIES)]
    writer: Any = None
    temporary = path.with_suffix(".part")
    for group, start in enumerate(range(0, rows, GROUP_ROWS)):
        size = min(GROUP_ROWS, rows - start)
        generator = np.random.default_rng([rows, group])
        score = np.zeros(size)
        columns: dict[str, Any] = {}
        for number in range(NUMBERS):
            values = generator.standard_normal(size, dtype=np.float32).round(3)
            if number < 6:
                score += np.sin(values * (1 + number / 3))
            columns[f"n{number}"] = pa.array(values)
        for number, names in enumerate(levels):
            codes = generator.integers(0, len(names), size, dtype=np.int32)
            if number % 2 == 0:
                score += np.cos(codes * 1.7)
            columns[f"c{number}"] = pa.DictionaryArray.from_arrays(pa.array(codes), names).cast(pa.string())
        chance = 1 / (1 + np.exp(-score))
        columns["y"] = pa.array(np.where(generator.random(size) < chance, "yes", "no"))
        table = pa.table(columns)
        if writer is None:
            writer = pq.ParquetWriter(temporary, table.schema, compression="zstd")
        writer.write_table(table)
    writer.close()
    temporary.rename(path)


def memory_of(process: psutil.Process) -> list[int]:
    """Bytes of a process and of each that it started; shared pages count once in all."""
    found = []
    with contextlib.suppress(psutil.Error):
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(OSError, ValueError):
                rolled_up = Path(f"/proc/{one.pid}/smaps_rollup").read_text()
                found.append(1024 * int(rolled_up.split("\nPss:")[1].split()[0]))
    return found


def trained(path: Path, budget: str, limit: str, given_memory: str) -> dict[str, Any]:
    """One training; what it said, how long it took, and its peak."""
    most, peak, peak_at = parse_bytes(limit), [0], 0.0
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "sevenfold", "train", str(path), "--target", "y", "--budget", budget]
        command += ["--memory", given_memory, "--out", str(out), "--json"]
        started = time.perf_counter()
        with (Path(folder) / "said").open("wb") as said, (Path(folder) / "errors").open("wb") as errors:
            process = psutil.Popen(command, stdout=said, stderr=errors, start_new_session=True, env=dict(os.environ))
            while process.poll() is None:
                now = memory_of(process)
                if sum(now) > sum(peak):
                    peak, peak_at = now, time.perf_counter() - started
                if sum(now) > most:
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(LOOK_SECONDS)
            code = process.wait()
        seconds = time.perf_counter() - started
        row: dict[str, Any] = {"exit": code, "seconds": round(seconds, 1), "peak_mb": round(sum(peak) / 1e6)}
        row |= {"peak_of_each_mb": [round(one / 1e6) for one in peak], "peak_at_seconds": round(peak_at, 1)}
        row |= {"limit": limit, "budget": budget}
        if code:
            row["errors"] = (Path(folder) / "errors").read_text().splitlines()[-5:]
            return row
        result = json.loads((Path(folder) / "said").read_text())
        row |= {key: result[key] for key in ("metric", "validation", "test", "trials", "description")}
        row["bytes"] = result["bytes"]
        row["learned"] = [
            event["result"]["notes"]
            for line in (out / "journal.jsonl").read_text().splitlines()
            if (event := json.loads(line)).get("result", {}).get("notes", {}).get("share")
        ]
    return row


def main() -> None:
    """Make, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--limit", default="2GB")
    parser.add_argument("--memory", default="1.9GB", help="what the training is told")
    parser.add_argument("--budget", default="600s")
    parser.add_argument("--file", type=Path)
    parser.add_argument("--only-make", action="store_true")
    given = parser.parse_args()
    path = given.file or Path(tempfile.gettempdir()) / f"large-{given.rows}.parquet"
    if not path.exists():
        made(path, given.rows)
    if given.only_make:
        return
    row = {"rows": given.rows, "columns": NUMBERS + CATEGORIES + 1, "file_mb": round(path.stat().st_size / 1e6)}
    row |= trained(path, given.budget, given.limit, given.memory)
    (HERE / "large.json").write_text(json.dumps(row, indent=1) + "\n")
    print(json.dumps(row, indent=1))


if __name__ == "__main__":
    main()
