"""The check on copied columns: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl


def found(findings):
    return [set(finding.columns) for finding in findings]


def test_renamed_categories_and_their_numbers(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(
        town=pl.col("city").str.to_uppercase(),
        town_number=pl.col("city").replace_strict({"Bonn": 3.0, "Graz": 1.0, "Lyon": 2.0, "Oslo": 9.0}),
    )
    assert found(findings_of("copied-columns", subject_of(table))) == [{"city", "town", "town_number"}]


def test_multiples_and_equal_columns(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(height_cm=pl.col("height") * 2.54 + 1, again=pl.col("visits"))
    assert sorted(found(findings_of("copied-columns", subject_of(table))), key=str) == sorted(
        [{"height", "height_cm"}, {"visits", "again"}], key=str
    )


def test_a_curve_that_keeps_the_order(clean, subject_of, findings_of):
    table = clean().with_columns(root=pl.col("income").sqrt())
    assert found(findings_of("copied-columns", subject_of(table))) == [{"income", "root"}]


def test_a_multiple_with_slips_in_it(clean, subject_of, findings_of, seed):
    cents = (clean(seed)["income"] * 100).to_numpy().copy()
    cents[::50] *= 1000
    table = clean(seed).with_columns(cents=pl.Series(cents))
    assert found(findings_of("copied-columns", subject_of(table))) == [{"income", "cents"}]


def test_near_relations_are_silent(clean, subject_of, findings_of, seed):
    stream = np.random.default_rng(seed + 1000)
    table = clean(seed).with_columns(
        near=pl.col("height") + pl.Series(stream.normal(0, 1, 1200)),
        region=pl.col("city").replace({"Bonn": "north", "Oslo": "north"}),
        other_member=pl.Series(stream.random(1200) < 0.4),
        rare=pl.Series(np.arange(1200) == 3),
        rarer=pl.Series(np.arange(1200) == 9),
    )
    assert not findings_of("copied-columns", subject_of(table))


def test_missing_values_are_part_of_the_pattern(clean, subject_of, findings_of):
    table = clean().with_columns(
        town=pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise(pl.col("city").str.to_uppercase())
    )
    assert not findings_of("copied-columns", subject_of(table))
