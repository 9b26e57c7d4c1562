"""How long an answer takes, in process: one record, one-row frames, batches; beside bare library calls of the same run.

    python benchmarks/latency/run.py [--rows 100000] [--markdown benchmarks/latency/RESULTS.md]

Everything is made and trained here; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import data
import models
from sevenfold.deployment.batch import predict_file
from sevenfold.deployment.bundle import load
from sevenfold.deployment.compiled.build import Compiled
from sevenfold.deployment.model import LoadedModel

EACH = (
    "xgboost", "catboost", "random_forest", "extra_trees", "decision_tree", "additive", "naive_bayes", "neighbours",
    "svm_linear", "svm_rbf", "logistic_l1", "logistic_l2", "perceptron",
)  # fmt: skip
OF_CLASSES = ("random_forest", "extra_trees", "lightgbm", "catboost")
ENSEMBLE = ("lightgbm", "extra_trees", "logistic_l2")
BOOSTERS = ("lightgbm", "xgboost", "catboost") * 2
WITH_SVM = ("svm_rbf", "lightgbm", "extra_trees")
WITH_TEXT = ("lightgbm", "logistic_l2")


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a batch")
    parser.add_argument("--markdown", type=Path, help="where the table is written")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lines = [*_one_row(Path(folder)), *_each(Path(folder)), *_batches(Path(folder), asked.rows)]
    text = _table(lines)
    print(text)
    if asked.markdown:
        asked.markdown.write_text(text, encoding="utf-8")


def _one_row(folder: Path) -> list[tuple[str, str, str]]:
    frame = data.mixed(4000, seed=0)
    rows = data.mixed(100, seed=1).drop("target")
    lines: list[tuple[str, str, str]] = []
    for title, names, calibrated in (
        ("LightGBM", ("lightgbm",), False),
        ("ensemble of 3", ENSEMBLE, True),
        ("6 boosters of 3 libraries", BOOSTERS, True),
    ):
        path = folder / f"{title}.sevenfold"
        model = models.bundle(path, frame, names, calibrated=calibrated)
        load_seconds = _best(partial(load, path), 3)
        started = time.process_time()
        compiled = model.compiled
        build_seconds = time.process_time() - started
        if not isinstance(compiled, Compiled):
            raise SystemExit(f"no compiled form: {compiled.reason}")
        parts = "all parts compiled" if not compiled.reasons else "; ".join(compiled.reasons)
        lines.append((f"{title}: load the bundle", _shown(load_seconds), ""))
        lines.append((f"{title}: build and prove the compiled form", _shown(build_seconds), parts))
        lines += _ways(title, model, rows)
    return lines


def _each(folder: Path) -> list[tuple[str, str, str]]:
    """Every other model by itself, on fewer rows; then models of classes, of categories and of text on more."""
    frame, asked = data.mixed(1000, seed=0), data.mixed(40, seed=1)
    lines = [_alone(folder, (name,), name, frame, asked) for name in EACH]
    frame, asked = data.several(6000, seed=0, classes=7), data.several(40, seed=1, classes=7)
    lines += [_alone(folder, (name,), f"{name} of 7 classes", frame, asked) for name in OF_CLASSES]
    frame, asked = data.several(3000, seed=0, classes=7), data.several(40, seed=1, classes=7)
    lines.append(_alone(folder, ("svm_rbf",), "svm_rbf of 7 classes, 3,000 rows", frame, asked))
    lines.append(_alone(folder, ("neighbours",), "neighbours of 10,000 rows", *_mixed(10_000)))
    frame, asked = data.crowded(6000, seed=0), data.crowded(40, seed=1)
    lines.append(_alone(folder, ("catboost",), "catboost, 8 categories of up to 2,000 values", frame, asked))
    lines.append(_alone(folder, WITH_SVM, "svm_rbf, lightgbm, extra_trees, 2,000 rows", *_mixed(2000), calibrated=True))
    frame, asked = data.texts(4000, seed=0), data.texts(200, seed=1)
    for names in (("lightgbm",), WITH_TEXT):
        lines.append(_alone(folder, names, f"{', '.join(names)} with four columns of text", frame, asked))
    return lines


def _mixed(rows: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    return data.mixed(rows, seed=0), data.mixed(100, seed=1)


def _alone(
    folder: Path,
    names: Sequence[str],
    title: str,
    frame: pl.DataFrame,
    asked: pl.DataFrame,
    calibrated: bool = False,
) -> tuple[str, str, str]:
    records = asked.drop("target").to_dicts()
    model = models.bundle(folder / f"{title}.sevenfold", frame, names, calibrated=calibrated)
    compiled = model.compiled
    if isinstance(compiled, Compiled):
        parts = "all parts compiled" if not compiled.reasons else "; ".join(compiled.reasons)
    else:
        parts = compiled.reason
    taken = _best(lambda: [model.predict_proba(record) for record in records], 5) / len(records)
    frames = _best(lambda: [model.runtime.answer([record]) for record in records[:10]], 2) / 10
    return (f"{title}: `predict_proba(record)`", _shown(taken), f"{parts}; through frames {_shown(frames)}")


def _ways(title: str, model: LoadedModel, rows: pl.DataFrame) -> list[tuple[str, str, str]]:
    records = rows.to_dicts()
    bodies = [json.dumps(record).encode() for record in records]
    frames = [rows[place] for place in range(len(records))]
    pandas_frames = [frame.to_pandas() for frame in frames]
    booster = model.runtime.predictor.members[0].pipelines[0].model.booster  # type: ignore[attr-defined]
    bare = np.random.default_rng(0).normal(size=(1, booster.num_feature()))

    def each(act: Callable[[Any], Any], items: list[Any]) -> float:
        return _best(lambda: [act(item) for item in items], 7) / len(items)

    record = each(model.predict_proba, records)
    wrapper = _best(lambda: [booster.predict(bare, num_threads=1) for _ in range(100)], 5) / 100
    return [
        (f"{title}: `predict_proba(record)`", _shown(record), "features included; bar 60 µs for LightGBM, else 100 µs"),
        (f"{title}: the same from JSON bytes", _shown(each(lambda b: model.predict_proba(json.loads(b)), bodies)), ""),
        (f"{title}: `answer([record])`, what the server asks", _shown(each(lambda r: model.answer([r]), records)), ""),
        (f"{title}: one-row pandas frame", _shown(each(model.predict_proba, pandas_frames)), "bar 2 ms"),
        (f"{title}: one-row polars frame", _shown(each(model.predict_proba, frames)), ""),
        (f"{title}: the way through frames", _shown(each(model.runtime.answer, records[:20])), ""),
        (f"{title}: bare `Booster.predict` of one numpy row", _shown(wrapper), f"{wrapper / record:.1f} times ours"),
    ]


def _batches(folder: Path, rows: int) -> list[tuple[str, str, str]]:
    model = models.bundle(folder / "numbers.sevenfold", data.numbers(8000, seed=0), ("lightgbm",), rounds=200)
    frame = data.numbers(rows, seed=1).drop("target")
    source, bare_out, own_out = (folder / name for name in ("rows.parquet", "bare.parquet", "own.parquet"))
    frame.write_parquet(source)
    booster = model.runtime.predictor.members[0].pipelines[0].model.booster  # type: ignore[attr-defined]
    values, threads = frame.to_numpy(), len(os.sched_getaffinity(0))

    def bare_file() -> None:
        found = booster.predict(pl.read_parquet(source).to_numpy(), num_threads=threads)
        pl.DataFrame({"probability": found}).write_parquet(bare_out)

    def own_file() -> None:
        predict_file(model, source, own_out, proba=True)

    # In turns, so that what else the machine does falls on both alike.
    bare, own, bare_whole, own_whole = _in_turns(
        lambda: booster.predict(values, num_threads=threads), lambda: model.predict_proba(frame), bare_file, own_file
    )
    return [
        (f"{rows:,} rows of 20 numbers: bare `Booster.predict`", _shown(bare), f"{booster.num_trees()} trees"),
        (
            f"{rows:,} rows of 20 numbers: `predict_proba(frame)`",
            _shown(own),
            f"{bare / own:.2f} of its speed; bar 0.80",
        ),
        (f"{rows:,} rows, Parquet to Parquet: bare", _shown(bare_whole), ""),
        (f"{rows:,} rows, Parquet to Parquet: ours", _shown(own_whole), f"{bare_whole / own_whole:.2f} of its speed"),
    ]


def _in_turns(*acts: Callable[[], Any]) -> list[float]:
    best = [float("inf")] * len(acts)
    for _ in range(4):
        for place, act in enumerate(acts):
            best[place] = min(best[place], _best(act, 1, time.perf_counter))
    return best


def _best(act: Callable[[], Any], repeats: int, clock: Callable[[], float] = time.thread_time) -> float:
    """The shortest of several times, in seconds; by default of this thread's processor, for the machine is shared."""
    taken = []
    for _ in range(repeats):
        started = clock()
        act()
        taken.append(clock() - started)
    return min(taken)


def _shown(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _table(lines: list[tuple[str, str, str]]) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("lightgbm", "numpy", "polars"))
    head = [
        "# Latency",
        "",
        "Made by `python benchmarks/latency/run.py --markdown benchmarks/latency/RESULTS.md`; the shortest of several",
        "times, of one thread's processor for single rows, of the wall clock for batches.",
        f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}, Python {platform.python_version()}, {libraries}.",
        "Records have 20 mixed columns: 12 numbers, 4 categories, 2 flags, 2 dates. The same records are asked several",
        "times: what texts and dates hold is remembered then, as it is of names, brands and days that come again.",
        "",
        "| what | time | |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *(f"| {what} | {taken} | {note} |" for what, taken, note in lines)]) + "\n"


if __name__ == "__main__":
    main()
