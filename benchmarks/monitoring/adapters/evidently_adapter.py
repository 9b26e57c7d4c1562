"""What Evidently's data drift preset finds in each window, with its defaults."""

import json
import sys
import warnings
from pathlib import Path

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

warnings.simplefilter("ignore")


def alarms(folder: Path) -> tuple[list[list[str]], list[list[str]]]:
    reference = pd.read_parquet(folder / "reference.parquet")
    any_column, dataset = [], []
    for path in sorted(folder.glob("window-*.parquet")):
        result = Report([DataDriftPreset()]).run(pd.read_parquet(path), reference)
        names, half = [], False
        for metric in json.loads(result.json())["metrics"]:
            config = metric.get("config", {})
            kind = config.get("type", "")
            if kind.endswith("ValueDrift"):
                # p-values alarm when small, distances when large; the library says which by the method's name.
                small = "p_value" in config["method"]
                value, threshold = float(metric["value"]), float(config["threshold"])
                if value < threshold if small else value >= threshold:
                    names.append(config["column"])
            elif kind.endswith("DriftedColumnsCount"):
                half = metric["value"]["share"] >= config.get("drift_share", 0.5)
        any_column.append(names)
        dataset.append(names if half else [])
    return any_column, dataset


def main() -> None:
    columns, datasets = {}, {}
    for folder in map(Path, sys.argv[1:]):
        columns[folder.name], datasets[folder.name] = alarms(folder)
    print(json.dumps({"Evidently, any column": columns, "Evidently, data set": datasets}))


main()
