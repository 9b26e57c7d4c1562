"""The check on spelling variants: planted faults are found, clean data are silent."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.core.report import Severity


@pytest.mark.parametrize("change", [str.upper, str.lower, lambda city: city + " ", lambda city: f" {city}."])
def test_rarer_spellings_are_listed(clean, subject_of, findings_of, seed, change):
    cities = clean(seed)["city"].to_list()
    for row in (5, 55, 555):
        cities[row] = change(cities[row])
    (finding,) = findings_of("spelling-variants", subject_of(clean(seed).with_columns(city=pl.Series(cities))))
    assert finding.columns == ("city",) and finding.rows == (5, 55, 555) and finding.severity is Severity.WARNING


def test_what_typing_has_joined_is_a_note(clean, subject_of, findings_of):
    table = clean()
    raw = table.select(city=pl.when(pl.int_range(pl.len()) < 9).then(pl.col("city") + " ").otherwise("city"))
    (finding,) = findings_of("spelling-variants", subject_of(table, raw=raw))
    assert finding.severity is Severity.NOTE and finding.rows == tuple(range(9))


@pytest.mark.parametrize("levels", [["-1", "1"], ["<5", ">5"], ["1.5", "15"], ["a", "b"], ["C", "C++"], ["?", " ?"]])
def test_levels_that_mean_different_things_are_silent(clean, subject_of, findings_of, levels):
    assert not findings_of("spelling-variants", subject_of(clean().with_columns(city=pl.Series(levels * 600))))


def test_a_space_before_every_level_is_silent(clean, subject_of, findings_of, seed):
    table = clean(seed).with_columns(city=" " + pl.col("city"))
    assert not findings_of("spelling-variants", subject_of(table))
