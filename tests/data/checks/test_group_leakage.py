"""The check on group leakage: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.task import Goal


def patients(seed, spread, goal):
    stream = np.random.default_rng(seed + 1000)
    who = stream.integers(0, 200, 1200)
    values = stream.normal(0, spread, 200)[who] + stream.normal(0, 1, 1200)
    target = pl.Series(values) if goal is Goal.REGRESSION else pl.Series([f"{int(v > 0)}" for v in values])
    return pl.DataFrame({"patient_id": [f"p{i}" for i in who], "x": stream.normal(size=1200), "y": target})


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
@pytest.mark.parametrize("kind", [Kind.ID, Kind.CATEGORY])
def test_repeated_patients_with_alike_targets(subject_of, findings_of, goal, kind, seed):
    subject = subject_of(patients(seed, 2.0, goal), goal, {"patient_id": kind})
    (finding,) = findings_of("group-leakage", subject)
    assert finding.columns == ("patient_id",) and "--group patient_id" in finding.advice


def test_a_named_group_settles_it(subject_of, findings_of):
    assert not findings_of("group-leakage", subject_of(patients(0, 2.0, Goal.BINARY), group="patient_id"))


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_patients_that_differ_by_chance_are_silent(subject_of, findings_of, goal, seed):
    assert not findings_of("group-leakage", subject_of(patients(seed, 0.0, goal), goal))


def test_a_plain_category_is_no_entity(subject_of, findings_of, seed):
    table = patients(seed, 2.0, Goal.REGRESSION).rename({"patient_id": "colour"})
    assert not findings_of("group-leakage", subject_of(table, Goal.REGRESSION))
