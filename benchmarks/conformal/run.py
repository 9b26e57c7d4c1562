"""How often sets and intervals hold the truth on rows that training never saw, and how large they are.

    python benchmarks/conformal/run.py DATA [--budget 20s] [--only NAME,...]

DATA is a folder of folders, each with `dataset.json` (target, and leaking and id columns), `train.*` and
`test.*`. The model learns from `train.*`, the sealed rows among them; all figures are of `test.*` unless they say
otherwise. Results go to `results.json` and `RESULTS.md` beside this file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import sevenfold
from sevenfold.data.clean import conform
from sevenfold.data.readers.read import read
from sevenfold.data.target import encode
from sevenfold.evaluation.conformal.classes import ClassSets
from sevenfold.evaluation.conformal.coverage import Realised
from sevenfold.evaluation.conformal.numbers import Form, Intervals, interval_score
from sevenfold.evaluation.conformal.stored import FIELD

HERE = Path(__file__).parent
SETS = ("california_housing", "adult_income", "dry_bean", "german_credit", "bike_sharing_hour")
LEVELS = (0.8, 0.9, 0.95)


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--budget", default="20s")
    parser.add_argument("--only", default=",".join(SETS))
    asked = parser.parse_args()
    out = HERE / "results.json"
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    for name in asked.only.split(","):
        results[name] = {"budget": asked.budget, **measured(asked.data / name, asked.budget)}
        out.write_text(json.dumps(results, indent=1) + "\n")
        (HERE / "RESULTS.md").write_text(page(results))
        print(name, json.dumps(results[name]), flush=True)


def measured(folder: Path, budget: str) -> dict[str, Any]:
    """One data set: the promise that the bundle gives, and other forms of it for comparison."""
    facts = json.loads((folder / "dataset.json").read_text())
    (train,), (test,) = (list(folder.glob(f"{part}.*")) for part in ("train", "test"))
    place = Path(tempfile.mkdtemp())
    try:
        dropped = (*facts.get("leakage_columns", ()), *facts.get("id_columns", ()))
        run = sevenfold.train(train, facts["target"], budget=budget, drop=dropped, out=str(place / "run"))
        told = json.loads((run.path / "evaluation.json").read_text())["coverage"]
        model = run.model
    finally:
        shutil.rmtree(place, ignore_errors=True)
    raw = read(test, target=facts["target"], like=dict(model.source) or None).frame
    target, rows = encode(conform(raw, model.schema).table, model.task)
    answers, truth = model.answer(raw).values[rows], target.values
    decided = model.runtime.predictor.decision.decide(answers) if model.task.goal.is_classification else None
    found: dict[str, Any] = {
        "task": str(model.task.goal),
        "calibration_rows": model.conformal.rows,
        "ordered": model.conformal.ordered,
        "bytes": len(json.dumps(model.metadata[FIELD])),
        "sealed": {key: told[key] for key in ("level", "value", "low", "high", "rows")},
        "levels": {},
    }
    for level in LEVELS:
        realised = Realised.of(model.conformal, answers, decided, truth, level)
        found["levels"][str(level)] = {**realised.to_json(), "p_value": realised.shortfall()}
        if decided is not None:
            shares = [realised.score(np.flatnonzero(truth == code)).value for code in range(answers.shape[1])]
            found["levels"][str(level)]["least_covered_class"] = min(shares)
    if decided is not None:
        found["by_class"] = model.conformal.by_class
    else:
        found |= {"scaled": model.conformal.spread is not None, "sided": model.conformal.sided}
    found["forms"] = forms(answers, decided, truth)
    return found


def forms(answers: np.ndarray, decided: np.ndarray | None, truth: np.ndarray) -> dict[str, Any]:
    """Other rules at 0.9: learned on one half of the test rows, measured on the other."""
    order = np.random.default_rng(0).permutation(len(truth))
    here, there = order[: len(order) // 2], order[len(order) // 2 :]
    found = {}
    if decided is not None:
        for rule in ("least_ambiguous", "adaptive"):
            for by_class in (False, True):
                made = ClassSets.of(answers[here], truth[here].astype(int), rule=rule, by_class=by_class)
                realised = Realised.of(made, answers[there], decided[there], truth[there], 0.9)
                worst = [realised.hits[truth[there] == code].mean() for code in range(answers.shape[1])]
                entry = {**realised.to_json(), "least_covered_class": float(min(worst))}
                found[rule + (", by class" if by_class else "")] = entry
        return found
    for form in (Form(), Form(scaled=True), Form(sided=True), Form(scaled=True, sided=True)):
        made = Intervals.of(answers[here], truth[here], np.random.default_rng(1), form=form)
        realised = Realised.of(made, answers[there], None, truth[there], 0.9)
        limits = made.limits(answers[there], 0.9)
        score = float(interval_score(limits, truth[there], 0.9).mean())
        name = ", ".join(word for word, yes in (("scaled", form.scaled), ("sided", form.sided)) if yes) or "plain"
        found[name] = {**realised.to_json(), "interval_score": score}
    return found


def page(results: dict[str, Any]) -> str:
    """The tables."""
    lines = [
        "# Coverage on rows that training never saw",
        "",
        "Made by `python benchmarks/conformal/run.py DATA`. Each model learned for the stated budget; covered is the",
        "share of test rows whose truth lay in the set or interval, with Wilson's 95 % interval; the last column is",
        "the chance of so few hits if the promise holds.",
        "",
        "| data | budget | calibration rows | bytes | asked | covered | mean size | least covered class | chance |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, one in results.items():
        for level, row in one["levels"].items():
            worst = f"{row['least_covered_class']:.3f}" if "least_covered_class" in row else ""
            lines.append(
                f"| {name}{' (by time)' if one['ordered'] else ''} | {one['budget']} | {one['calibration_rows']:,} | "
                f"{one['bytes']:,} | {level} | {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}) | "
                f"{_size(row)} | {worst} | {row['p_value']:.2g} |"
            )
    lines += ["", "Sealed rows of the training data, asked for 0.9, as the report tells it:", ""]
    lines += ["| data | covered | rows | chosen form |", "| --- | --- | --- | --- |"]
    for name, one in results.items():
        sealed = one["sealed"]
        chosen = ("by class" if one["by_class"] else "on average") if "by_class" in one else (
            ", ".join(w for w in ("scaled", "sided") if one[w]) or "plain"
        )  # fmt: skip
        covered = f"{sealed['value']:.3f} ({sealed['low']:.3f} to {sealed['high']:.3f})"
        lines.append(f"| {name} | {covered} | {sealed['rows']:,} | {chosen} |")
    lines += ["", "Other forms at 0.9, learned on one half of the test rows and measured on the other:", ""]
    lines += [
        "| data | form | covered | mean size | least covered class, or interval score |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in results.items():
        for form, row in one["forms"].items():
            last = row.get("least_covered_class", row.get("interval_score"))
            lines.append(f"| {name} | {form} | {row['value']:.3f} | {_size(row)} | {last:.4g} |")
    return "\n".join(lines) + "\n"


def _size(row: dict[str, Any]) -> str:
    return "infinite" if row["size"] is None else f"{row['size']:.4g}"


if __name__ == "__main__":
    main()
