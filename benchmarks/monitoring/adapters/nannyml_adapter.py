"""What NannyML's univariate and multivariate drift calculators find in each window, with their defaults."""

import json
import sys
import warnings
from pathlib import Path

import pandas as pd

warnings.simplefilter("ignore")
import nannyml as nml  # noqa: E402 - it warns while it is imported


def alarms(folder: Path) -> tuple[list[list[str]], list[list[str]]]:
    reference = pd.read_parquet(folder / "reference.parquet")
    windows = [pd.read_parquet(path) for path in sorted(folder.glob("window-*.parquet"))]
    size, columns = len(windows[0]), list(reference.columns)
    live = pd.concat(windows, ignore_index=True)
    univariate = nml.UnivariateDriftCalculator(column_names=columns, chunk_size=size)
    univariate.fit(reference)
    found = univariate.calculate(live).filter(period="analysis").to_df()
    named = [[] for _ in windows]
    for column in found.columns:
        if column[-1] == "alert" and column[0] in columns:
            for place, alert in enumerate(found[column].tolist()[: len(windows)]):
                if alert and column[0] not in named[place]:
                    named[place].append(column[0])
    multivariate = nml.DataReconstructionDriftCalculator(column_names=columns, chunk_size=size)
    multivariate.fit(reference)
    table = multivariate.calculate(live).filter(period="analysis").to_df()
    flags = table[next(c for c in table.columns if c[-1] == "alert")].tolist()[: len(windows)]
    return named, [["rows"] if flag else [] for flag in flags]


def main() -> None:
    columns, rows = {}, {}
    for folder in map(Path, sys.argv[1:]):
        columns[folder.name], rows[folder.name] = alarms(folder)
    print(json.dumps({"NannyML, any column": columns, "NannyML, reconstruction": rows}))


main()
