"""Copies that flatter the score are told apart from copies that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.evaluation.checks.conftest import honest

from sevenfold.core.report import NotApplicable
from sevenfold.core.task import Goal
from sevenfold.evaluation.checks.flattered_by_copies import FlatteredByCopies


def with_copies(goal: Goal, share: float, known: bool):
    """An honest subject, a share of whose rows repeat others; `known` makes their predictions nearly perfect."""
    subject = honest(goal=goal)
    rows = np.arange(len(subject.target))
    count = int(share * len(rows))
    rows[:count] = rows[count : 2 * count]
    table = subject.table[rows]
    predictions = subject.predictions.copy()
    if known:
        told = np.arange(2 * count)
        if goal is Goal.REGRESSION:
            predictions[told] = subject.target.values[told]
        else:
            predictions[told] = np.eye(subject.target.classes)[subject.target.codes[told]]
    return replace(subject, table=table, predictions=predictions)


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_learned_by_heart(goal):
    (finding,) = FlatteredByCopies().run(with_copies(goal, 0.1, known=True))
    assert finding.evidence["share"] == pytest.approx(0.2, abs=0.01)
    assert finding.evidence["loss_once"] > 1.02 * finding.evidence["loss"]


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_copies_that_flatter_nothing(goal):
    assert FlatteredByCopies().run(with_copies(goal, 0.1, known=False)) == []


def test_few_copies_and_no_inputs():
    assert FlatteredByCopies().run(with_copies(Goal.BINARY, 0.005, known=True)) == []
    subject = honest()
    bare = replace(subject, table=pl.DataFrame({"y": np.zeros(len(subject.target))}))
    assert isinstance(FlatteredByCopies().run(bare), NotApplicable)
