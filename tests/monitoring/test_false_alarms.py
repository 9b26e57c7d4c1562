"""The stated rate of false alarms is kept, and real shifts are seen."""

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.data.profile import profile
from sevenfold.monitoring.drift import ALPHA, drift_over_windows
from sevenfold.monitoring.reference import watched
from sevenfold.monitoring.sketches import Sketch

SCHEMA = Schema(
    (
        *(Column(f"n{i}", Kind.NUMBER) for i in range(6)),
        *(Column(f"c{i}", Kind.CATEGORY, levels=tuple("abcdefgh")) for i in range(3)),
        Column("flag", Kind.FLAG, levels=("false", "true")),
    )
)


def rows(count, stream):
    numbers = {f"n{i}": stream.normal(size=count) ** (1 + i % 2) * 10.0**i for i in range(6)}
    labels = {f"c{i}": stream.choice(list("abcdefgh"), count, p=np.arange(8, 0, -1) / 36) for i in range(3)}
    return pl.DataFrame({**numbers, **labels, "flag": stream.random(count) < 0.02})


def alarms(windows, size, stream, reference=20_000, group=20):
    """Windows at whose end some column is called drifted, as a look after each window finds it.

    Counts of windows are drawn by the shares of a great many rows: rows themselves would take minutes.
    """
    columns = watched(profile(rows(reference, stream), SCHEMA).to_json(), SCHEMA)
    many = Sketch.of({name: column.bins for name, column in columns.items()}, rows(200_000, stream)).counts
    shares = {name: counts / counts.sum() for name, counts in many.items()}
    raised = 0
    for _ in range(windows // group):
        counts = [{name: stream.multinomial(size, share) for name, share in shares.items()} for _ in range(group)]
        for end in range(1, group + 1):
            raised += any(column.drifted for column in drift_over_windows(columns, counts[:end]))
    return raised


@pytest.mark.parametrize("size", [200, 2000])
def test_false_alarms_in_clean_windows_are_at_most_what_is_stated(size):
    assert alarms(160, size, np.random.default_rng(size)) <= 1 + ALPHA * 160


@pytest.mark.slow
@pytest.mark.parametrize("size", [100, 300, 1000, 5000])
def test_false_alarms_in_a_thousand_clean_windows_are_at_most_what_is_stated(size):
    assert alarms(1000, size, np.random.default_rng(size)) <= ALPHA * 1000


@pytest.mark.parametrize(("deviations", "size"), [(0.25, 2000), (0.5, 500), (1.0, 200)])
def test_shifts_are_seen_within_three_windows(deviations, size):
    stream = np.random.default_rng(3)
    columns = watched(profile(rows(20_000, stream), SCHEMA).to_json(), SCHEMA)
    bins = {name: column.bins for name, column in columns.items()}
    moved = [rows(size, stream).with_columns(n0=pl.col("n0") + deviations) for _ in range(3)]
    found = drift_over_windows(columns, [Sketch.of(bins, part).counts for part in moved])
    assert [column.column for column in found if column.drifted] == ["n0"]
