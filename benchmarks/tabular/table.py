"""Print results.jsonl as a Markdown table: `python benchmarks/tabular/table.py [results.jsonl]`."""

import json
import sys
from pathlib import Path

_COLUMNS = (
    *("set", "metric", "Sevenfold (95 %)", "validation", "constant", "linear", "LightGBM"),
    *("wall s", "RSS MB", "PSS MB", "bundle MB"),
)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "results.jsonl"
    latest = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        latest[row["set"], row["budget"], row["seed"]] = row
    print(f"| {' | '.join(_COLUMNS)} |")
    print(f"|{' --- |' * len(_COLUMNS)}")
    for _, row in sorted(latest.items()):
        print(f"| {' | '.join(cells(row))} |")


def cells(row: dict) -> list[str]:
    """One line of the table."""
    spent = [f"{row['wall_seconds']:.1f}", str(row.get("peak_rss_mb", "")), str(row["peak_mb"])]
    if row["exit"] != 0:
        return [row["set"], f"failed: {row['error'][-1]}", *[""] * 5, *spent, ""]
    scores = [f"{s['value']:.4g} ({s['low']:.4g} to {s['high']:.4g})" for s in (row["test"], row["validation"])]
    plain = [row["plain"][name] for name in ("constant", "linear", "lightgbm")]
    shown = [f"{value:.4g}" if isinstance(value, float) else "failed" for value in plain]
    return [row["set"], row["metric"], *scores, *shown, *spent, f"{row['bytes'] / 1e6:.1f}"]


if __name__ == "__main__":
    main()
