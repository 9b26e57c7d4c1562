"""What one more trial adds to the ensemble of those before it, measured on one data set."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from results import SetResults, Tried

CONTEXTS = 8
MOST_BEFORE = 4  # other models tried before, beside the plain linear model and LightGBM
DRAWS = 4


@dataclass(frozen=True)
class Gain:
    """Mean gain of one kind of step on one data set.

    Args:
        model: what was tried; "" for a variant of what leads.
        step: "first", "next", "after" (first to third starting point that a run tries) or "variant".
        gain: share of the way from the constant to the best single trial.
    """

    set: str
    model: str
    step: str
    gain: float


STEPS = ("first", "next", "after")


def starts_of(results: SetResults) -> dict[str, list[Tried]]:
    """Starting points of every model in their order, without those that a run has tried as yardsticks."""
    found: dict[str, list[Tried]] = {}
    for tried in sorted(results.tried.values(), key=lambda tried: tried.number):
        if not tried.drawn and tried.name not in ("constant-0", results.yardstick):
            found.setdefault(tried.model, []).append(tried)
    return found


def draws_of(results: SetResults, model: str) -> list[Tried]:
    """Random settings of a model, which stand for variants of it; LightGBM's where it has none."""
    drawn = [t for t in sorted(results.tried.values(), key=lambda t: t.number) if t.drawn]
    own = [t for t in drawn if t.model == model]
    return own or [t for t in drawn if t.model == "lightgbm"]


def measure(results: SetResults) -> list[Gain]:
    """Gains of every model's starting points, and of variants, averaged over what may have been tried before.

    Before come the yardstick, LightGBM, and none to `MOST_BEFORE` other models drawn at random. LightGBM's own first
    try is not measured: it is what every run begins with.
    """
    starts = starts_of(results)
    others = [model for model in starts if model != "lightgbm"]
    stream = np.random.default_rng([11, *results.name.encode()])
    orders = [[others[i] for i in stream.permutation(len(others))] for _ in range(CONTEXTS)]
    sums: dict[tuple[str, str], list[float]] = {}
    for number, order in enumerate(orders):
        size = number % (MOST_BEFORE + 1)
        for model, own in starts.items():
            before = [results.yardstick, "lightgbm-0", *(starts[m][0].name for m in order if m != model)][: 2 + size]
            if model == "lightgbm":
                own = own[1:]
            for step, start in zip(STEPS[model == "lightgbm" :], own, strict=False):
                gain = results.ensemble([*before, start.name]) - results.ensemble(before)
                sums.setdefault((model, step), []).append(gain)
                before.append(start.name)
        before = [results.yardstick, "lightgbm-0", *(starts[m][0].name for m in order)][: 2 + size]
        leader = min(before, key=lambda name: results.losses[name])
        for drawn in draws_of(results, results.tried[leader].model)[:DRAWS]:
            gain = results.ensemble([*before, drawn.name]) - results.ensemble(before)
            sums.setdefault(("", "variant"), []).append(gain)
    return [Gain(results.name, *key, round(float(np.mean(found)), 5)) for key, found in sums.items()]


def write(gains: Sequence[Gain], path: Path) -> None:
    """Keep gains as a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["set", "model", "step", "gain"])
        table.writerows([g.set, g.model, g.step, g.gain] for g in gains)


def read(path: Path) -> list[Gain]:
    """The gains that `write` kept."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Gain(row["set"], row["model"], row["step"], float(row["gain"])) for row in csv.DictReader(file)]
