"""One point: from a Parquet file to one fitted model, by Sevenfold's own steps or by plain LightGBM.

    python benchmarks/scaling/point.py sevenfold|lightgbm FILE --threads 2

Prints one line of JSON: seconds of reading (with typing) and of learning (with encoding), and the peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time

ROUNDS = 100
LEAVES = 31
RATE = 0.1


def plain(path: str, threads: int) -> tuple[float, float]:
    """LightGBM as its own documents show it."""
    import lightgbm
    import numpy as np
    import polars as pl

    started = time.perf_counter()
    frame = pl.read_parquet(path)
    target = (frame["y"] == "yes").to_numpy().astype(np.float32)
    names = [name for name in frame.columns if name != "y"]
    texts = [name for name in names if frame[name].dtype == pl.String]
    codes = frame.select(pl.col(name).cast(pl.Categorical).to_physical() if name in texts else name for name in names)
    read = time.perf_counter()
    rows = lightgbm.Dataset(codes.to_numpy(), target, categorical_feature=[names.index(name) for name in texts])
    settings = {"objective": "binary", "num_leaves": LEAVES, "learning_rate": RATE, "num_threads": threads}
    lightgbm.train({**settings, "verbosity": -1, "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1},
                   rows, ROUNDS)  # fmt: skip
    return read - started, time.perf_counter() - read


def ours(path: str, threads: int) -> tuple[float, float]:
    """Reading, schema, task, feature plan and LightGBM, with as many rounds."""
    from threadpoolctl import threadpool_limits

    import sevenfold.models.trees.lightgbm  # noqa: F401 - what a worker has loaded before its first job
    from sevenfold.core.config import Plan
    from sevenfold.core.context import Streams
    from sevenfold.core.model import FitContext
    from sevenfold.data.dataset import build
    from sevenfold.data.profile import profile
    from sevenfold.data.readers.read import read
    from sevenfold.training.fit import fit_pipeline
    from sevenfold.tuning.candidates import gather

    started = time.perf_counter()
    prepared = build(read(path, target="y"), Plan(target="y"))
    typed = time.perf_counter()
    table, target = prepared.dataset.table, prepared.target
    schema = prepared.dataset.schema
    candidates, _ = gather(prepared.task, schema, profile(table[:10_000], schema), target, ("lightgbm",))
    (candidate,) = (c for c in candidates if c.name == "lightgbm")
    recipe = candidate.recipe({"leaves": LEAVES, "learning_rate": RATE})
    context = FitContext(Streams(0).generator("scaling"), threads=threads, metric=prepared.task.metric, rounds=ROUNDS)
    planned = time.perf_counter()
    with threadpool_limits(threads):
        fit_pipeline(recipe, table, target, None, None, context)
    return typed - started, time.perf_counter() - planned


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=("sevenfold", "lightgbm"))
    parser.add_argument("file")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    # Libraries are loaded first: what is measured is the work on the data.
    import lightgbm
    import numpy as np
    import polars as pl

    lightgbm.Dataset(np.ones((40, 1)), np.arange(40) % 2, params={"verbosity": -1}).construct()
    pl.DataFrame({"a": [1]}).select(pl.col("a").sum())
    read, learn = (ours if given.system == "sevenfold" else plain)(given.file, given.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"read_seconds": read, "learn_seconds": learn, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
