"""What `sevenfold monitor` finds at the end of each window. Prints {RULE: {FOLDER: [columns by window]}}."""

import json
import sys
from pathlib import Path

import polars as pl

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.data.profile import profile
from sevenfold.monitoring.drift import drift_over_windows
from sevenfold.monitoring.reference import watched
from sevenfold.monitoring.shift import tell_apart
from sevenfold.monitoring.sketches import Sketch

TOLD_APART_ROWS = 2_000  # so many of the newest rows `monitor` puts together for this


def alarms(folder: Path) -> tuple[list[list[str]], list[list[str]]]:
    reference = pl.read_parquet(folder / "reference.parquet")
    columns = []
    for name, dtype in reference.schema.items():
        if dtype == pl.String:
            levels = reference[name].value_counts(sort=True)[name].to_list()
            columns.append(Column(name, Kind.CATEGORY, levels=tuple(levels)))
        else:
            reference = reference.with_columns(pl.col(name).cast(pl.Float64))
            columns.append(Column(name, Kind.NUMBER))
    schema = Schema(tuple(columns))
    watch = watched(profile(reference, schema).to_json(), schema)
    bins = {name: entry.bins for name, entry in watch.items()}
    counts, drifted, apart, parts = [], [], [], []
    for path in sorted(folder.glob("window-*.parquet")):
        live = pl.read_parquet(path).with_columns(
            pl.col(c.name).cast(pl.Float64) for c in columns if c.kind == "number"
        )
        counts.append(Sketch.of(bins, live).counts)
        found = drift_over_windows(watch, counts)
        drifted.append([column.column for column in found if column.drifted])
        parts = [*parts, live][-max(1, TOLD_APART_ROWS // live.height) :]
        shift = tell_apart(reference, pl.concat(parts), schema, reference.columns, "reference")
        apart.append([name for name, _ in shift.columns] if shift is not None and shift.shifted else [])
    return drifted, apart


def main() -> None:
    columns, rows = {}, {}
    for folder in map(Path, sys.argv[1:]):
        columns[folder.name], rows[folder.name] = alarms(folder)
    print(json.dumps({"Sevenfold, columns": columns, "Sevenfold, rows told apart": rows}))


main()
