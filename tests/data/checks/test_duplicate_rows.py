"""The check on duplicate rows: planted faults are found, clean data are silent."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Kind
from sevenfold.core.report import Severity


def test_copies_are_listed_where_they_stand(clean, subject_of, findings_of, seed):
    table = clean(seed)
    copied = pl.concat([table, table[[4, 7, 11]]])
    (finding,) = findings_of("duplicate-rows", subject_of(copied))
    assert finding.rows == (1200, 1201, 1202) and finding.severity is Severity.NOTE


def test_many_copies_are_a_warning_and_keys_do_not_hide_them(clean, subject_of, findings_of):
    table = pl.concat([clean(), clean()[:100]]).with_columns(key=pl.int_range(1300).cast(pl.String))
    (finding,) = findings_of("duplicate-rows", subject_of(table, kinds={"key": Kind.ID}))
    assert finding.severity is Severity.WARNING and finding.rows == tuple(range(1200, 1300))


def test_contradicting_targets_are_listed(clean, subject_of, findings_of, seed):
    table = clean(seed)
    again = table[[10, 20]].with_columns(
        y=pl.Series(["class 0" if v == "class 1" else "class 1" for v in table["y"][[10, 20]]])
    )
    (finding,) = findings_of("duplicate-rows", subject_of(pl.concat([table, again])))
    assert finding.rows == (10, 20, 1200, 1201)
    assert "different target" in finding.text


@pytest.mark.parametrize("levels", [2, 4, 8])
def test_coarse_inputs_repeat_by_nature(subject_of, findings_of, levels, seed):
    stream = np.random.default_rng(seed)
    letters = list("abcdefgh")[:levels]
    table = pl.DataFrame({name: stream.choice(letters, 1000) for name in ("p", "q", "r", "s")})
    table = table.with_columns(y=pl.Series(stream.choice(["u", "v"], 1000)))
    assert not findings_of("duplicate-rows", subject_of(table))


def test_clean_data_are_silent(clean, subject_of, findings_of, seed):
    assert not findings_of("duplicate-rows", subject_of(clean(seed)))
