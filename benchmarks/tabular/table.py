"""Print results.jsonl as a Markdown table: `python benchmarks/tabular/table.py [results.jsonl]`."""

import json
import sys
from pathlib import Path


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "results.jsonl"
    latest = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        latest[row["set"], row["budget"], row["seed"]] = row
    print(
        "| set | metric | Sevenfold (95 %) | validation | constant | linear | LightGBM | wall s | peak MB | bundle MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for (name, _, _), row in sorted(latest.items()):
        if row["exit"] != 0:
            print(f"| {name} | failed: {row['error'][-1]} | | | | | | {row['wall_seconds']} | {row['peak_mb']} | |")
            continue
        test, validation, plain = row["test"], row["validation"], row["plain"]
        shown = [
            f"{plain[k]:.4g}" if isinstance(plain[k], float) else "failed" for k in ("constant", "linear", "lightgbm")
        ]
        print(
            f"| {name} | {row['metric']} | {test['value']:.4g} ({test['low']:.4g} to {test['high']:.4g}) "
            f"| {validation['value']:.4g} ({validation['low']:.4g} to {validation['high']:.4g}) | {' | '.join(shown)} "
            f"| {row['wall_seconds']:.1f} | {row['peak_mb']} | {row['bytes'] / 1e6:.1f} |"
        )


if __name__ == "__main__":
    main()
