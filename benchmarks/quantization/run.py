"""What weights in eight bits cost: the same fitted model with all bits and with eight, on test sets.

    python benchmarks/quantization/run.py DATA [--seeds 0,1] [--cases a,b] [--rows 3000] [--markdown RESULTS.md]

DATA is a folder of data sets, each a folder with `train.*`, `test.*` and `dataset.json`. One trial of one model learns
some rows of the training set, drawn by the seed; nothing is chosen on the test set. Scores and sizes repeat; times
do not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import sevenfold
from sevenfold.api.price import price_of
from sevenfold.core.predictor import Predictor
from sevenfold.evaluation.metrics.catalogue import METRICS
from sevenfold.training.int8 import in_int8
from sevenfold.training.workspace import Workspace
from sevenfold.tuning.objective import score_predictions

CASES: dict[str, tuple[str, str]] = {
    "california_housing/mlp": ("california_housing", "mlp"),
    "letter_recognition/mlp": ("letter_recognition", "mlp"),
    "fashion_mnist/image_network": ("fashion_mnist", "image_network"),
    "imdb_reviews/logistic_l2": ("imdb_reviews", "logistic_l2"),
}
TEST_ROWS = 2000


@dataclass(frozen=True)
class Line:
    """One fitted model in one form."""

    case: str
    seed: int
    metric: str
    form: str
    value: float
    megabytes: float
    microseconds: float


def lines_of(data: Path, case: str, seed: int, rows: int) -> Iterator[Line]:
    """Both forms of one fitted model."""
    name, model = CASES[case]
    facts = json.loads((data / name / "dataset.json").read_text())
    train, test = (_read(data / name, part) for part in ("train", "test"))
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "train.parquet"
        train.sample(min(rows, train.height), seed=seed, shuffle=True).write_parquet(small)
        held = Path(folder) / "test.parquet"
        test.sample(min(TEST_ROWS, test.height), seed=0, shuffle=True).write_parquet(held)
        wanted: dict[str, Any] = {"folds": 2, "seed": seed, "metric": facts["metric"], "refit": "none"}
        # Pictures take minutes to learn in full: they get a time instead, to which the network fits its epochs.
        wanted |= {"budget": "25s"} if model == "image_network" else {"trials": 2}
        drop = facts.get("leakage_columns", [])
        run = sevenfold.train(
            str(small), facts["target"], test=str(held), models=[model], tune="none", drop=drop,
            out=f"{folder}/run", **wanted,
        )  # fmt: skip
        workspace = Workspace.load(run.folder.folds)
        table = pl.read_ipc(run.folder.sealed / "table.arrow")
        truth = np.load(run.folder.sealed / "target.npy")
        target = replace(workspace.target, values=truth, weights=None)
        whole: Predictor = sevenfold.load(run.path).runtime.predictor
        members = tuple(replace(m, pipelines=tuple(map(in_int8, m.pipelines))) for m in whole.members)
        for form, predictor in (("float", whole), ("int8", replace(whole, members=members))):
            value = score_predictions(workspace.task, target, predictor.predict(table))[0]
            price = price_of(predictor, workspace)
            metric = METRICS.get(workspace.task.metric).spec.name
            yield Line(case, seed, metric, form, float(value), price.bytes / 1e6, price.seconds * 1e6)


def _read(folder: Path, part: str) -> pl.DataFrame:
    path = next(folder.glob(f"{part}.*"))
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)


def table_of(lines: Sequence[Line]) -> str:
    """Markdown: a row for each case and seed."""
    text = ["| set, model (seed) | metric | float | int8 | MB float | MB int8 | µs float | µs int8 |", "|" + "---|" * 8]
    for case, seed in dict.fromkeys((line.case, line.seed) for line in lines):
        both = {line.form: line for line in lines if (line.case, line.seed) == (case, seed)}
        whole, small = both["float"], both["int8"]
        cells = [f"{case} ({seed})", whole.metric, f"{whole.value:.5g}", f"{small.value:.5g}"]
        cells += [f"{whole.megabytes:.3g}", f"{small.megabytes:.3g}"]
        cells += [f"{whole.microseconds:.0f}", f"{small.microseconds:.0f}"]
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join([*text, ""])


def main() -> None:
    """Measure, print, and write lines and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--lines", type=Path, help="JSON lines, added to")
    parser.add_argument("--markdown", type=Path, help="the table of all lines")
    asked = parser.parse_args()
    lines: list[Line] = []
    if asked.lines and asked.lines.exists():
        lines = [Line(**json.loads(text)) for text in asked.lines.read_text().splitlines()]
    for case in asked.cases.split(","):
        for seed in map(int, asked.seeds.split(",")):
            if (case, seed) in {(line.case, line.seed) for line in lines}:
                continue
            made = list(lines_of(asked.data, case, seed, asked.rows))
            lines += made
            if asked.lines:
                with asked.lines.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(asdict(line)) + "\n" for line in made)
            print(table_of(made), flush=True)
    if asked.markdown:
        asked.markdown.write_text(table_of(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
