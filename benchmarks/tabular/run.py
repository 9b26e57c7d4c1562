"""Train on every tabular data set of a folder through the command line, and compare on the given test files.

    python benchmarks/tabular/run.py --data FOLDER [--budget 60s] [--only a,b] [--out benchmarks/tabular/results.jsonl]

One JSON line for each data set: test scores of Sevenfold, of the constant, of a plain linear model and of plain
LightGBM; wall seconds from command to exit; peak memory of all processes; bundle size. `table.py` prints the table.
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from baselines import predictions

TABULAR = ("binary", "multiclass", "regression", "drift")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--data", required=True, type=Path)
    options.add_argument("--budget", default="60s")
    options.add_argument("--only", default="")
    options.add_argument("--seed", default=0, type=int)
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results.jsonl")
    given = options.parse_args()
    only = set(filter(None, given.only.split(",")))
    for folder in sorted(given.data.iterdir()):
        facts_file = folder / "dataset.json"
        if not facts_file.exists() or (only and folder.name not in only):
            continue
        facts = json.loads(facts_file.read_text())
        if facts["task"] not in TABULAR:
            continue
        row = measure(folder, facts, given.budget, given.seed)
        with given.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)


def measure(folder: Path, facts: dict, budget: str, seed: int) -> dict:
    """One data set: train, then score the bundle and the plain models on the test file with the same metric."""
    target = str(facts["target"])
    train, test = next(folder.glob("train.*")), next(folder.glob("test.*"))
    out = Path(tempfile.mkdtemp(prefix="bench-")) / "run"
    command = [sys.executable, "-m", "sevenfold", "train", str(train), "--target", target, "--test", str(test)]
    command += ["--budget", budget, "--seed", str(seed), "--out", str(out), "--json"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak = {"rss": 0, "pss": 0}
    watcher = threading.Thread(target=watch, args=(process.pid, peak), daemon=True)
    watcher.start()
    stdout, stderr = process.communicate()
    seconds = time.perf_counter() - started
    row: dict = {"set": folder.name, "budget": budget, "seed": seed, "wall_seconds": round(seconds, 2)}
    row |= {"peak_mb": round(peak["pss"] / 1e6), "peak_rss_mb": round(peak["rss"] / 1e6)}
    row |= {"exit": process.returncode, "machine": platform.processor() or "x86_64"}
    if process.returncode != 0:
        row["error"] = stderr.strip().splitlines()[-5:]
        return row
    result = json.loads(stdout)
    row |= {"task": result["task"], "metric": result["metric"], "trials": result["trials"], "bytes": result["bytes"]}
    row |= {"validation": result["validation"], "test": result["test"], "chosen": result["description"]}
    row["own_baselines"] = {name: score["value"] for name, score in result["baselines"].items()}
    row["codes"] = sorted({finding["code"] for finding in result["findings"] if finding["severity"] != "note"})
    try:
        row["plain"] = plain_scores(folder, facts, result)
    except Exception as error:  # a plain model that breaks on raw data is a result, not the end of the benchmark
        row["plain"] = dict.fromkeys(("constant", "linear", "lightgbm"), f"{type(error).__name__}: {error}")
    shutil.rmtree(out.parent)
    return row


def watch(pid: int, peak: dict[str, int]) -> None:
    """Highest sums over the process tree: resident sets, and with pages that several share counted once."""
    while True:
        try:
            parent = psutil.Process(pid)
            total = dict.fromkeys(peak, 0)
            for process in [parent, *parent.children(recursive=True)]:
                for kind, taken in memory_of(process.pid).items():
                    total[kind] += taken
            for kind, taken in total.items():
                peak[kind] = max(peak[kind], taken)
        except psutil.Error:
            return
        time.sleep(0.2)


def memory_of(pid: int) -> dict[str, int]:
    """Bytes of a process by kind; nothing of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return {}
    sizes = {line.split(":")[0].lower(): int(line.split()[1]) * 1024 for line in lines[1:]}
    return {kind: sizes[kind] for kind in ("rss", "pss") if kind in sizes}


def plain_scores(folder: Path, facts: dict, result: dict) -> dict[str, float]:
    """Test scores of the plain models, by the metric that Sevenfold chose."""
    from sevenfold.evaluation.metrics.catalogue import METRICS

    frames = []
    for stem in ("train", "test"):
        path = next(folder.glob(f"{stem}.*"))
        if path.suffix == ".parquet":
            frames.append(pd.read_parquet(path))
            continue
        header = None if facts.get("header") is False else "infer"
        frames.append(
            pd.read_csv(path, sep=facts.get("separator", ","), encoding=facts.get("encoding", "utf-8"), header=header)
        )
    train, test = (f.rename(columns=str) for f in frames)
    target = str(facts["target"])
    train, test = train[train[target].notna()], test[test[target].notna()]
    classes = None
    if result["task"] != "regression":
        classes = sorted(train[target].unique().tolist(), key=str)
        if result["task"] == "binary":
            shares = train[target].value_counts()
            positive = facts.get("positive", shares.index[-1])
            classes = sorted(classes, key=lambda c: str(c).strip() == str(positive).strip())
        test = test[test[target].isin(classes)]
    metric = METRICS.get(result["metric"])()
    truth = test[target].to_numpy(float) if classes is None else test[target].map(classes.index).to_numpy(float)
    scores = {}
    for name, predicted in predictions(train, test, target, classes).items():
        try:
            scores[name] = float(metric(truth, np.asarray(predicted, float)))
        except Exception as error:
            scores[name] = f"{type(error).__name__}: {error}"
    return scores


if __name__ == "__main__":
    main()
