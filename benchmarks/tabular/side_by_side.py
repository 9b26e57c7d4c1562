"""Sevenfold beside other AutoML systems: keeps a harness's rows, and prints the table.

    python benchmarks/tabular/side_by_side.py keep ROWS.jsonl ...     adds a harness's rows to side_by_side.jsonl
    python benchmarks/tabular/side_by_side.py table [--sets N]        prints the tables

The rows are those of a harness that measures every system through its public interface on the same files (see
`adapter.py`). A system at a budget is one line; of several seeds the median counts. Normalised score: 0 is the constant
baseline, 1 the best line of the set. Means are over the sets that all lines of a table have.
"""

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "side_by_side.jsonl"
FIELDS = (
    "system", "dataset", "budget", "seed", "threads", "status", "when", "task", "metric", "metric_value", "scores",
    "n_train", "n_test", "n_features", "fit_wall_s", "fit_cpu_s", "fit_other_cpu_s", "overrun", "peak_rss_bytes",
    "peak_pss_bytes", "model_bytes", "latency_ms", "rows_per_s", "versions", "info", "reason",
)  # fmt: skip
HIGHER = {"roc_auc", "accuracy", "average_precision", "r2"}
BASELINES = ("lightgbm", "histgb")
Line = tuple[str, float]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("what", choices=("keep", "table"))
    options.add_argument("files", nargs="*", type=Path)
    given = options.parse_args()
    if given.what == "keep":
        keep(given.files)
    else:
        print(tables(read(KEPT)))


def keep(files: list[Path]) -> None:
    """A later row of the same system, set, budget and seed replaces an earlier one."""
    rows = {key(row): row for path in [KEPT, *files] if path.exists() for row in read(path)}
    with KEPT.open("w") as file:
        for row in sorted(rows.values(), key=key):
            file.write(json.dumps({name: short(row[name]) for name in FIELDS if name in row}) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def key(row: dict[str, Any]) -> tuple[str, str, float, int]:
    return row["dataset"], row["system"], row["budget"], row["seed"]


def short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return {name: short(held) for name, held in value.items()} if isinstance(value, dict) else value


def name_of(line: Line) -> str:
    system, budget = line
    return system if system in BASELINES else f"{system}, {budget:g} s"


def tables(rows: list[dict[str, Any]]) -> str:
    constants = {row["dataset"]: row for row in rows if row["system"] == "dummy"}
    cells: dict[Line, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["system"] != "dummy" and row["dataset"] in constants:
            budget = 60.0 if row["system"] in BASELINES else row["budget"]
            cells[row["system"], budget][row["dataset"]].append(row)
    most = max(len(sets) for sets in cells.values())
    wide = {line for line, sets in cells.items() if len(sets) >= min(10, most)}
    common = sorted(set.intersection(*(set(cells[line]) for line in wide)))
    parts = [f"{len(common)} sets: {', '.join(common)}.", "", *whole(cells, sorted(wide), common, constants)]
    few = sorted(line for line in cells if line not in wide)
    for line in few:
        sets = sorted(set(cells[line]) & set.intersection(*(set(cells[other]) for other in wide)))
        if len(sets) > 1:
            parts += ["", f"With {name_of(line)}, {len(sets)} sets: {', '.join(sets)}.", ""]
            parts += whole(cells, sorted([*wide, line]), sets, constants)
    parts += ["", *each(cells, sorted(wide) + few, sorted(constants), "metric_value"), ""]
    parts += ["Log loss of the same runs:", "", *each(cells, sorted(wide) + few, sorted(constants), "log_loss")]
    several = [line for line in sorted(cells) if any(len(runs) > 1 for runs in cells[line].values())]
    if several:
        parts += ["", "Several seeds, lowest and highest value:", "", *spread(cells, several, sorted(constants))]
    return "\n".join(parts)


def value_of(runs: list[dict[str, Any]], field: str = "metric_value") -> float | None:
    """Median over seeds; None where a run has failed or the field is not there."""
    found = [run.get(field) if field == "metric_value" else (run.get("scores") or {}).get(field) for run in runs]
    return None if not found or any(value is None for value in found) else statistics.median(found)


def whole(
    cells: dict[Line, dict[str, list[dict[str, Any]]]], lines: list[Line], sets: list[str], constants: dict[str, Any]
) -> list[str]:
    """Mean rank and normalised score, and what they cost."""
    ranks: dict[Line, list[float]] = defaultdict(list)
    normal: dict[Line, list[float]] = defaultdict(list)
    for name in sets:
        sign = 1.0 if constants[name]["metric"] in HIGHER else -1.0
        floor = sign * constants[name]["metric_value"]
        told = {line: value_of(cells[line][name]) for line in lines}
        scores = {line: floor if value is None else sign * value for line, value in told.items()}
        best = max(scores.values())
        for line, score in scores.items():
            better = sum(other > score for other in scores.values())
            equal = sum(other == score for other in scores.values())
            ranks[line].append(better + (equal + 1) / 2)
            normal[line].append((score - floor) / (best - floor))
    head = ["system", "mean rank", "norm. score", "fit s", "worst overrun", "peak RSS MB", "PSS MB", "model MB",
            "one row ms", "rows/s"]  # fmt: skip
    body = []
    for line in sorted(lines, key=lambda line: statistics.mean(ranks[line])):
        runs = [run for name in sets for run in cells[line][name]]
        body.append(
            [
                name_of(line),
                f"{statistics.mean(ranks[line]):.2f}",
                f"{statistics.mean(normal[line]):.3f}",
                typical(runs, "fit_wall_s", 1.0, "{:.0f}"),
                "-" if line[0] in BASELINES else f"{max(run.get('overrun') or 0.0 for run in runs):.2f}",
                typical(runs, "peak_rss_bytes", 2.0**-20, "{:,.0f}"),
                typical(runs, "peak_pss_bytes", 2.0**-20, "{:,.0f}"),
                typical(runs, "model_bytes", 1e-6, "{:.1f}"),
                typical(runs, "latency_ms", 1.0, "{:.2f}"),
                typical(runs, "rows_per_s", 1.0, "{:,.0f}"),
            ]
        )
    return markdown(head, body)


def typical(runs: list[dict[str, Any]], field: str, factor: float, form: str) -> str:
    found = [run[field] for run in runs if run.get(field) is not None]
    return form.format(statistics.median(found) * factor) if found else "-"


def each(
    cells: dict[Line, dict[str, list[dict[str, Any]]]], lines: list[Line], sets: list[str], field: str
) -> list[str]:
    """One line a set, one column a system; the best in bold."""
    body = []
    for name in sets:
        told = {line: value_of(cells[line].get(name, []), field) for line in lines}
        known = [value for value in told.values() if value is not None]
        if not known:
            continue
        runs = next(iter(runs for line in lines if (runs := cells[line].get(name))))
        metric = runs[0]["metric"] if field == "metric_value" else field
        best = max(known) if metric in HIGHER else min(known)
        shown = ["-" if v is None else f"**{v:.4g}**" if v == best else f"{v:.4g}" for v in told.values()]
        body.append([name, metric, *shown])
    return markdown(["set", "metric", *map(name_of, lines)], body)


def spread(cells: dict[Line, dict[str, list[dict[str, Any]]]], lines: list[Line], sets: list[str]) -> list[str]:
    """One line a set: lowest to highest value over seeds, and how many there are."""
    body = []
    for name in sets:
        row = [name]
        for line in lines:
            runs = cells[line].get(name, [])
            values = [run["metric_value"] for run in runs if run.get("metric_value") is not None]
            row.append(f"{min(values):.4g} to {max(values):.4g} ({len(values)})" if values else "-")
        body.append(row)
    return markdown(["set", *map(name_of, lines)], body)


def markdown(head: list[str], body: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]


if __name__ == "__main__":
    main()
