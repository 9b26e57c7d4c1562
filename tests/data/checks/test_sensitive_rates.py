"""The check on sensitive rates: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.report import Severity
from sevenfold.core.task import Goal


def people(seed, gap, goal=Goal.BINARY):
    stream = np.random.default_rng(seed)
    sex = stream.choice(["f", "m"], 2000)
    chance = np.where(sex == "m", 0.5 + gap, 0.5)
    values = stream.random(2000) < chance
    target = (
        pl.Series(values * 1.0 + stream.normal(0, 0.1, 2000))
        if goal is Goal.REGRESSION
        else pl.Series(["no", "yes"])[values.astype(int)]
    )
    return pl.DataFrame({"sex": sex, "age": stream.integers(18, 90, 2000).astype(float), "y": target})


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_unequal_rates_are_a_warning_with_their_figures(subject_of, findings_of, goal, seed):
    table = people(seed, 0.3, goal)
    (finding,) = findings_of("sensitive-rates", subject_of(table, goal, sensitive=("sex",)))
    assert finding.severity is Severity.WARNING and finding.columns == ("sex",)
    rows = {group["group"]: group["rows"] for group in finding.evidence["groups"]}
    assert rows == {sex: int((table["sex"] == sex).sum()) for sex in ("f", "m")}
    for group in finding.evidence["groups"]:
        assert group["low"] < group["value"] < group["high"]


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.REGRESSION])
def test_equal_rates_are_told_as_a_note(subject_of, findings_of, goal, seed):
    findings = findings_of("sensitive-rates", subject_of(people(seed, 0.0, goal), goal, sensitive=("sex", "age")))
    assert [finding.severity for finding in findings] == [Severity.NOTE] * 2
    assert len(findings[1].evidence["groups"]) == 4, "quarters of the age"


def test_a_tiny_group_is_named_and_not_judged(subject_of, findings_of):
    table = people(0, 0.0).with_columns(sex=pl.when(pl.int_range(pl.len()) < 5).then(pl.lit("x")).otherwise("sex"))
    (finding,) = findings_of("sensitive-rates", subject_of(table, sensitive=("sex",)))
    assert finding.severity is Severity.NOTE and "Too few rows to judge: x" in finding.text


def test_it_does_not_apply_unasked(subject_of, findings_of):
    assert not findings_of("sensitive-rates", subject_of(people(0, 0.3)))
