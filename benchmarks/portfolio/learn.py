"""Learn what starting points promise, judge it by leaving one data set out at a time, and write the tables.

    python benchmarks/portfolio/learn.py WORK

WORK is what `collect.py` filled. `gains.csv`, `trials.csv` and `RESULTS.md` beside this file are made by it; what is
learned follows from `gains.csv` alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gains as measured_gains
import numpy as np
from gains import Gain
from greedy import greedy
from promises import JUDGED, learned
from replay import after, by_promise, in_order, in_turn, listed, shuffled
from results import SetResults, load

from sevenfold.tuning.candidates import FIRST_TRIES
from sevenfold.tuning.gain import Known

HERE = Path(__file__).parent
BUDGETS = {"10 s": 12.0, "60 s": 90.0}
"""Core-seconds that two cores have for trials, once reading, evaluation and report have theirs."""
RUNS = (("10 s", 3.0), ("10 s", 10.0), ("60 s", 10.0), ("60 s", 30.0))
"""Budgets, and how many times as dear as on the samples trials are: as on sets of so many times the rows, about."""
TRIALS = (6, 12)
ORDERS = 10  # drawn at random


@dataclass(frozen=True)
class Compared:
    """One row of the table: shares of the gain on every set, by what chose.

    Args:
        title: budget and size of the sets, or number of trials.
        shares: (sets,) by the name of what chose.
    """

    title: str
    shares: dict[str, list[float]]

    def difference(self, ours: str, theirs: str) -> tuple[float, float]:
        """Mean of the sets' differences, and its standard error."""
        return mean_and_error(np.subtract(self.shares[ours], self.shares[theirs]))


def main() -> None:
    """Measure, learn, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    sets = load(parser.parse_args().work)
    found = [gain for results in sets for gain in measured_gains.measure(results)]
    measured_gains.write(found, HERE / "gains.csv")
    write_trials(sets, HERE / "trials.csv")
    rows = compared(sets, found)
    (HERE / "RESULTS.md").write_text(page(sets, learned(found), rows, defaults(sets)), encoding="utf-8")
    for row in rows:
        print(row.title, [round(v, 4) for v in row.difference("learned", "judged")])


def write_trials(sets: Sequence[SetResults], path: Path) -> None:
    """Every trial's share of the gain and cost; `settings.json` beside the table holds the trials' hyperparameters."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["set", "metric", "trial", "share", "core_seconds"])
        for results in sets:
            for tried in results.tried.values():
                row = [results.name, results.task.metric, tried.name, f"{results.single(tried.name):.4f}"]
                table.writerow([*row, tried.core_seconds])
    settings = {tried.name: dict(tried.params) for results in sets for tried in results.tried.values()}
    lines = [f" {json.dumps(name)}: {json.dumps(settings[name])}" for name in sorted(settings)]
    (path.parent / "settings.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def compared(sets: Sequence[SetResults], found: Sequence[Gain]) -> list[Compared]:
    """Replays on each set with what was learned from the others, with what was judged, and at random."""
    without = {r.name: learned([gain for gain in found if gain.set != r.name]) for r in sets}
    orders = {r.name: listed(r, greedy([other for other in sets if other is not r])) for r in sets}
    rows = []
    for budget, growth in RUNS:
        seconds = BUDGETS[budget]
        shares = {
            "learned": [by_promise(r, seconds, growth, without[r.name]) for r in sets],
            "judged": [by_promise(r, seconds, growth, JUDGED) for r in sets],
            "greedy": [in_order(r, seconds, growth, orders[r.name]) for r in sets],
            "random": [_in_random_order(r, seconds, growth) for r in sets],
        }
        rows.append(Compared(f"{budget}, trials {growth:.0f} times as dear", shares))
    for trials in TRIALS:
        shares = {
            "learned": [after(r, trials, in_turn(r, order_of(without[r.name]))) for r in sets],
            "judged": [after(r, trials, in_turn(r, FIRST_TRIES)) for r in sets],
            "greedy": [after(r, trials, orders[r.name]) for r in sets],
            "random": [float(np.mean([after(r, trials, shuffled(r, s)) for s in range(ORDERS)])) for r in sets],
        }
        rows.append(Compared(f"{trials} trials", shares))
    return rows


def order_of(known: Known) -> list[str]:
    """Models by what they promise; LightGBM, with which runs begin, before all."""
    return sorted(known.first, key=lambda name: (name != "lightgbm", -known.first[name]))


def _in_random_order(results: SetResults, core_seconds: float, growth: float) -> float:
    orders = [shuffled(results, seed) for seed in range(ORDERS)]
    return float(np.mean([in_order(results, core_seconds, growth, order) for order in orders]))


@dataclass(frozen=True)
class Default:
    """Whether another setting were the better first try of a model, chosen without the set that it is judged on."""

    model: str
    settings: int
    present: float
    chosen: float
    difference: tuple[float, float]
    favourite: str


def defaults(sets: Sequence[SetResults]) -> list[Default]:
    """For each model with several settings that were tried everywhere."""
    found = []
    for model in dict.fromkeys(t.model for r in sets for t in r.tried.values()):
        having = [r for r in sets if f"{model}-0" in r.tried and f"{model}-1" in r.tried]
        if len(having) < 5:
            continue
        names = [n for n, t in having[0].tried.items() if t.model == model and all(n in r.tried for r in having)]
        shares = np.array([[max(0.0, r.single(name)) for name in names] for r in having])
        chosen = [int(np.argmax(np.delete(shares, place, axis=0).mean(axis=0))) for place in range(len(having))]
        at = np.arange(len(having))
        difference = mean_and_error(shares[at, chosen] - shares[:, names.index(f"{model}-0")])
        present = float(shares[:, names.index(f"{model}-0")].mean())
        favourite = names[int(np.argmax(shares.mean(axis=0)))]
        found.append(Default(model, len(names), present, float(shares[at, chosen].mean()), difference, favourite))
    return found


def mean_and_error(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    """Mean over sets and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def page(sets: Sequence[SetResults], known: Known, rows: Sequence[Compared], found: Sequence[Default]) -> str:
    """RESULTS.md."""
    parts = [INTRODUCTION.format(sets=len(sets), trials=sum(len(r.tried) for r in sets))]
    lines = [
        "| time or trials | judged | learned | greedy | random | learned - judged | wins, losses | greedy - judged |"
    ]
    lines.append("|---|" + "---|" * 7)
    for row in rows:
        mean, error = row.difference("learned", "judged")
        apart = np.subtract(row.shares["learned"], row.shares["judged"])
        means = " | ".join(f"{np.mean(row.shares[name]):.4f}" for name in ("judged", "learned", "greedy", "random"))
        wins, losses = int((apart > 1e-9).sum()), int((apart < -1e-9).sum())
        other = "{:+.4f} ± {:.4f}".format(*row.difference("greedy", "judged"))
        lines.append(f"| {row.title} | {means} | {mean:+.4f} ± {error:.4f} | {wins}, {losses} | {other} |")
    parts += ["## Order of starting points\n", *lines, ""]
    lines = ["| set | metric | " + " | ".join(row.title for row in rows) + " |", "|---|" + "---|" * (len(rows) + 1)]
    for place, results in enumerate(sets):
        cells = [row.shares["learned"][place] - row.shares["judged"][place] for row in rows]
        metric = results.task.metric
        lines.append(f"| {results.name} | {metric} | " + " | ".join(f"{cell:+.4f}" for cell in cells) + " |")
    parts += ["Learned without the set less judged, on each set:", "", *lines, ""]
    lines = ["| model | judged | learned from all sets |", "|---|---|---|"]
    for name in order_of(known):
        lines.append(f"| {name} | {JUDGED.first.get(name, JUDGED.other)} | {known.first[name]} |")
    lines.append(f"| factor of a further starting point | {JUDGED.next_start} | {known.next_start} |")
    lines.append(f"| variant of what leads | {JUDGED.variant} | {known.variant} |")
    parts += ["Promises (only ratios matter):", "", *lines, ""]
    lines = ["| model | settings | default | chosen elsewhere | difference | best on all sets |", "|---|" + "---|" * 5]
    for default in found:
        mean, error = default.difference
        figures = f"{default.present:.4f} | {default.chosen:.4f} | {mean:+.4f} ± {error:.4f}"
        lines.append(f"| {default.model} | {default.settings} | {figures} | {default.favourite} |")
    parts += [DEFAULTS, *lines, ""]
    return "\n".join(parts)


INTRODUCTION = """# Starting points, judged on data sets that they were not learned from

Made by `learn.py` from {trials} trials on samples of {sets} public data sets (`collect.py`: at most 1,500 training
rows, 2,250 where a class is rare; a fifth of them sealed; three folds). Figures are shares of a set's gain: 0 is the
constant, 1 the best single trial; ensembles, whose weights are chosen on one fold and judged on the next, may pass 1.
A run is replayed with the search's own rules (gain a second, pruning, variants) and the kept results. "learned"
promises come from the other sets alone; "judged" ones are those written down before anything was measured; "greedy"
is a fixed order, learned from the other sets, of what raises the best so far most a second; "random" takes starting
points in random order (mean of ten). Errors are standard errors over sets. Time is core-seconds that are left for
trials: 12 of a 10 s run on two cores, 90 of a 60 s run.
"""

DEFAULTS = """## Default settings

Share of the gain of a model's first try, and of the setting that was best on average on the other sets.
"""

if __name__ == "__main__":
    main()
