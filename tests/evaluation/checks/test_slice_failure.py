"""The check on slices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.task import Goal, Target
from sevenfold.evaluation.checks.slice_failure import benjamini_hochberg


def test_a_region_where_the_model_fails(subject_of, findings_of, seed):
    honest = subject_of(seed)
    west = (honest.table["region"] == "west").to_numpy()
    spoiled = np.where(west[:, None], honest.predictions[:, ::-1], honest.predictions)
    (finding,) = findings_of("slice-failure", subject_of(seed, predictions=spoiled))
    assert finding.columns == ("region",) and finding.evidence["slice"] == "'region' is 'west'"
    assert finding.rows == tuple(np.flatnonzero(west)[:1000].tolist())


def test_a_range_and_missing_values_of_a_regression(subject_of, findings_of, seed):
    honest = subject_of(seed, Goal.REGRESSION)
    x = honest.table["x"].to_numpy()
    spoiled = honest.predictions + np.where(x > np.quantile(x, 0.75), 4.0, 0.0)
    (finding,) = findings_of("slice-failure", subject_of(seed, Goal.REGRESSION, predictions=spoiled))
    assert finding.columns == ("x",) and "inf]" in finding.evidence["slice"]
    gone = np.arange(2000) % 10 == 0
    table = honest.table.with_columns(x=pl.Series(np.where(gone, np.nan, x)).fill_nan(None))
    spoiled = honest.predictions + np.where(gone, 5.0, 0.0)
    (finding,) = findings_of("slice-failure", subject_of(seed, Goal.REGRESSION, predictions=spoiled, table=table))
    assert finding.evidence["slice"] == "'x' is missing"


@pytest.mark.parametrize("goal", [Goal.BINARY, Goal.MULTICLASS, Goal.REGRESSION])
def test_an_even_model_is_silent(subject_of, findings_of, goal, seed):
    assert not findings_of("slice-failure", subject_of(seed, goal))


def test_a_higher_base_rate_alone_is_no_failure(subject_of, findings_of, seed):
    honest = subject_of(seed, rows=4000)
    stream = np.random.default_rng(seed)
    west = (honest.table["region"] == "west").to_numpy()
    x = honest.table["x"].to_numpy()
    chance = 1 / (1 + np.exp(-(np.where(west, 0.0, -3.5) + x)))
    target = Target(Goal.BINARY, (stream.random(4000) < chance).astype(np.float64), 2)
    knowing = np.stack([1 - chance, chance], axis=1)
    assert not findings_of("slice-failure", subject_of(seed, rows=4000, target=target, predictions=knowing))


def test_a_wider_spread_that_the_model_explains_is_no_failure(subject_of, findings_of, seed):
    honest = subject_of(seed, Goal.REGRESSION)
    west = (honest.table["region"] == "west").to_numpy()
    scale = np.where(west, 3.0, 1.0)
    target = Target(Goal.REGRESSION, honest.target.values * scale)
    subject = subject_of(seed, Goal.REGRESSION, target=target, predictions=honest.predictions * scale)
    assert not findings_of("slice-failure", subject)


def test_a_part_of_which_the_model_knows_nothing(subject_of, findings_of, seed):
    honest = subject_of(seed)
    west = (honest.table["region"] == "west").to_numpy()
    blind = np.where(west[:, None], 0.5, honest.predictions)
    (finding,) = findings_of("slice-failure", subject_of(seed, predictions=blind))
    assert finding.evidence["slice"] == "'region' is 'west'"
    assert abs(finding.evidence["skill"]) < 0.05 < 0.2 < finding.evidence["skill_elsewhere"]


def test_most_of_the_rows_are_no_slice_beside_an_easy_rest(subject_of, findings_of, seed):
    honest = subject_of(seed)
    rest = (honest.table["region"] != "west").to_numpy()
    table = honest.table.with_columns(member=pl.Series(rest), region=pl.lit("all"), sex=pl.lit("all"))
    blind = np.where(rest[:, None], 0.5, honest.predictions)
    assert not findings_of("slice-failure", subject_of(seed, predictions=blind, table=table))


def test_two_columns_of_the_same_rows_count_once(subject_of, findings_of, seed):
    honest = subject_of(seed)
    west = (honest.table["region"] == "west").to_numpy()
    spoiled = np.where(west[:, None], honest.predictions[:, ::-1], honest.predictions)
    table = honest.table.with_columns(member=pl.Series(west))
    assert len(findings_of("slice-failure", subject_of(seed, predictions=spoiled, table=table))) == 1


def test_a_model_that_is_useless_everywhere_has_no_failing_slice(subject_of, findings_of, seed):
    honest = subject_of(seed)
    assert not findings_of("slice-failure", subject_of(seed, predictions=honest.predictions[:, ::-1]))


def test_benjamini_hochberg_rejects_up_to_the_last_that_passes():
    assert benjamini_hochberg(np.array([0.5, 0.01, 0.029, 0.9]), 0.06).tolist() == [False, True, True, False]
    assert benjamini_hochberg(np.array([]), 0.05).tolist() == []
