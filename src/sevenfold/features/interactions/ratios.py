"""Ratios, differences and products of numbers that tell more than both parts."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, final

import numpy as np

from sevenfold.core.arrays import Floats, Ints
from sevenfold.core.compiled import Reads, RowStep
from sevenfold.core.dataset import Kind
from sevenfold.core.feature import FeatureSpec
from sevenfold.core.inputs import Block, Columns, Form
from sevenfold.core.space import Integer, Real, Space
from sevenfold.core.state import State
from sevenfold.core.task import Target
from sevenfold.features.base import LearnedFeature, need_target, read_numbers, sample_rows
from sevenfold.features.interactions.gain import answers, bins, gain, judges, residual

_SAMPLE_ROWS = 6000
_SIGNS = {"ratio": "/", "inverse": "\\", "difference": "-", "product": "*"}


@final
class Ratios(LearnedFeature):
    """Proposes every pair of the most telling columns; keeps a combination only where all judging folds agree.

    The target decides which combinations are kept, never their values.
    """

    spec = FeatureSpec(
        name="ratios",
        takes=frozenset({Kind.NUMBER}),
        gives=Form.NUMBERS,
        summary="Ratios, differences and products of pairs of numbers, kept where held-out rows agree that they help.",
        space=Space(
            columns=Integer(12, 2, 100, help="Columns that pairs are made of: the most telling ones."),
            keep=Integer(8, 1, 100, help="Most combinations."),
            gain=Real(0.004, 0.0, 1.0, help="Least share of the target's variance explained beyond both parts."),
        ),
        uses_target=True,
    )

    def learn(self, columns: Columns, target: Target | None, stream: np.random.Generator) -> State:
        """The kept combinations: how, and of which two inputs."""
        target = need_target(target, self.spec.name)
        values, _ = read_numbers(columns, self.inputs)
        chosen = sample_rows(len(values), _SAMPLE_ROWS, stream)
        if chosen is not None:
            values, target = values[chosen], target.take(chosen)
        wanted, folds = answers(target), judges(len(values), stream)
        groups = {i: bins(values[:, i]) for i in range(values.shape[1])}
        alone = {i: gain(parts, wanted, folds) for i, parts in groups.items() if parts.max(initial=0) > 1}
        best = sorted(sorted(alone, key=lambda i: -alone[i])[: self.params["columns"]])
        found: list[tuple[float, str, int, int]] = []
        for a, b in combinations(best, 2):
            found.append(self._best(values, groups, a, b, wanted, folds))
        found.sort(key=lambda item: -item[0])
        kept = [item for item in found if item[0] >= self.params["gain"]][: self.params["keep"]]
        return {"kept": [[how, a, b] for _, how, a, b in kept]}

    def _best(
        self, values: Floats, groups: dict[int, Ints], a: int, b: int, wanted: Floats, folds: Ints
    ) -> tuple[float, str, int, int]:
        left = residual(wanted, [groups[a], groups[b]])
        scored = [(gain(bins(_combined(how, values[:, a], values[:, b])), left, folds), how, a, b) for how in _SIGNS]
        return max(scored, key=lambda item: item[0])

    def transform(self, columns: Columns) -> Block:
        """Columns "A/B", "A-B", "A*B"; NaN where a part is missing or the divisor is 0."""
        values, names = read_numbers(columns, self.inputs)
        kept: list[list[Any]] = self.learned["kept"]
        made = [_combined(how, values[:, a], values[:, b]) for how, a, b in kept]
        stacked = np.stack(made, axis=1) if made else np.empty((len(values), 0))
        return Block(Form.NUMBERS, tuple(_name(how, names[a], names[b]) for how, a, b in kept), stacked)

    def row_step(self) -> RowStep:
        """See `Feature.row_step`."""
        kept: list[tuple[str, int, int]] = [(how, int(a), int(b)) for how, a, b in self.learned["kept"]]

        def convert(values: list[float]) -> list[float]:
            return [_combination(how, values[a], values[b]) for how, a, b in kept]

        return RowStep(Reads.NUMBERS, convert)


def _combination(how: str, a: float, b: float) -> float:
    """`_combined` of one row."""
    if how == "difference":
        made = a - b
    elif how == "product":
        made = a * b
    else:
        over, under = (a, b) if how == "ratio" else (b, a)
        made = over / under if under else math.nan
    return made if math.isfinite(made) else math.nan


def _name(how: str, a: str, b: str) -> str:
    return f"{b}/{a}" if how == "inverse" else f"{a}{_SIGNS[how]}{b}"


def _combined(how: str, a: Floats, b: Floats) -> Floats:
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if how == "difference":
            made = a - b
        elif how == "product":
            made = a * b
        else:
            made = a / b if how == "ratio" else b / a
    return np.where(np.isfinite(made), made, np.nan)
