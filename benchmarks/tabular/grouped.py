"""Does validation tell the truth about groups that the model has never seen?

    python benchmarks/tabular/grouped.py --data FOLDER [--budget 10s] [--seeds 0,1,2] [--only a,b] > GROUPED.md

Of each set a fifth of its groups (people of one job, houses of one stretch of land, cars of one brand, ...) is held out
as the test file, drawn anew with each seed; the rest is given to `sevenfold train --group COLUMN`. The table shows
validation's score with its interval beside the score on the groups held out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

_GROUPS: dict[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "adult_income": ("occupation", lambda frame: frame["occupation"]),
    "amazon_employee_access": ("manager", lambda frame: frame["MGR_ID"].astype(str)),
    "bike_sharing_hour": ("day", lambda frame: frame["dteday"]),
    "california_housing": (
        "degree of land",
        lambda frame: frame["latitude"].floordiv(1).astype(str) + "/" + frame["longitude"].floordiv(1).astype(str),
    ),
    "nyc_taxi_trips": ("zone of pickup", lambda frame: frame["pickup_zone"]),
    "used_car_price": ("brand", lambda frame: frame["name"].str.split(" ").str[0]),
    "vehicle_insurance_fraud": ("make of the car", lambda frame: frame["Make"]),
}
_COLUMN = "its_group"
_TEST_SHARE = 0.2


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--data", required=True, type=Path)
    options.add_argument("--budget", default="10s")
    options.add_argument("--seeds", default="0,1,2")
    options.add_argument("--only", default="")
    given = options.parse_args()
    only = set(filter(None, given.only.split(",")))
    print("| set | groups | seed | metric | validation (95 %) | groups held out | within |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    held = []
    for name, (title, group_of) in _GROUPS.items():
        if only and name not in only:
            continue
        frame = read(given.data / name)
        groups = group_of(frame).fillna("none")
        target = str(json.loads((given.data / name / "dataset.json").read_text())["target"])
        for seed in map(int, given.seeds.split(",")):
            told = measured(frame.assign(**{_COLUMN: groups}), target, given.budget, seed)
            validation, test = told["validation"], told["test"]["value"]
            held.append(validation["low"] <= test <= validation["high"])
            print(
                f"| {name} | {groups.nunique():,} of {title} | {seed} | {told['metric']} | {validation['value']:.4g} "
                f"({validation['low']:.4g} to {validation['high']:.4g}) | {test:.4g} | {'yes' if held[-1] else 'no'} |",
                flush=True,
            )
    print(f"\n{sum(held)} of {len(held)} within their interval.")


def read(folder: Path) -> pd.DataFrame:
    """All rows of a set, those of its test file among them."""
    facts = json.loads((folder / "dataset.json").read_text())
    parts = []
    for path in sorted(folder.glob("t*.*")):
        if path.suffix == ".parquet":
            parts.append(pd.read_parquet(path))
        elif path.suffix == ".csv":
            parts.append(pd.read_csv(path, sep=facts.get("separator", ","), encoding=facts.get("encoding", "utf-8")))
    return pd.concat(parts, ignore_index=True)


def measured(frame: pd.DataFrame, target: str, budget: str, seed: int) -> dict:
    """What a training says of itself, and of groups that it was not given."""
    names = np.array(sorted(frame[_COLUMN].unique()))
    sizes = frame[_COLUMN].value_counts()
    apart: list[str] = []
    for name in np.random.default_rng(seed).permutation(names):
        if sizes[[*apart, name]].sum() <= _TEST_SHARE * len(frame) or not apart:
            apart.append(name)
    tested = frame[_COLUMN].isin(apart)
    with tempfile.TemporaryDirectory(prefix="grouped-") as folder:
        train, test = Path(folder) / "train.csv", Path(folder) / "test.csv"
        frame[~tested].to_csv(train, index=False)
        frame[tested].to_csv(test, index=False)
        command = [sys.executable, "-m", "sevenfold", "train", str(train), "--target", target, "--test", str(test)]
        command += ["--group", _COLUMN, "--budget", budget, "--seed", str(seed), "--out", f"{folder}/run", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)


if __name__ == "__main__":
    main()
