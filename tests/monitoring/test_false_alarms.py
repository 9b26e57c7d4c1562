"""The stated rate of false alarms is kept, memory does not grow with rows or categories, and real shifts are seen."""

import tracemalloc

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
    """Windows at whose end some column is called drifted, as a look after each window finds it."""
    columns = watched(profile(rows(reference, stream), SCHEMA).to_json(), SCHEMA)
    bins = {name: column.bins for name, column in columns.items()}
    raised = 0
    for _ in range(windows // group):
        counts = [Sketch.of(bins, rows(size, stream)).counts for _ in range(group)]
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


def grown(batches, batch_rows, categories):
    """Bytes that counting takes after the first batch beyond what it took then; labels keep coming anew."""
    stream = np.random.default_rng(0)
    train = pl.DataFrame(
        {"n": stream.normal(size=5000), "c": [f"v{i}" for i in stream.integers(0, 400, 5000)], "u": ["u"] * 5000}
    )
    schema = Schema(
        (Column("n", Kind.NUMBER), Column("c", Kind.CATEGORY, levels=tuple(f"v{i}" for i in range(400))),
         Column("u", Kind.ID))
    )  # fmt: skip
    bins = {name: column.bins for name, column in watched(profile(train, schema).to_json(), schema).items()}
    total, after_first, made = Sketch(), 0, 0
    tracemalloc.start()
    for batch in range(batches):
        labels = pl.select(
            c=pl.concat_str(pl.lit("hostile \u0000 "), (pl.int_range(batch_rows) + batch * batch_rows) % categories)
        )
        live = labels.with_columns(n=pl.Series(stream.normal(size=batch_rows)), u=pl.col("c"))
        total = total + Sketch.of(bins, live)
        del labels, live
        made += batch_rows
        if batch == 0:
            after_first = tracemalloc.get_traced_memory()[0]
    more = tracemalloc.get_traced_memory()[0] - after_first
    tracemalloc.stop()
    assert total.rows == made
    assert all(counts.dtype == np.int64 and counts.sum() == made for counts in total.counts.values())
    return more


def test_memory_does_not_grow_with_rows_or_categories():
    assert grown(10, 5_000, 40_000) < 100_000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_does_not_grow_over_ten_million_rows_and_a_million_categories():
    import psutil

    process = psutil.Process()
    grown(4, 100_000, 10**6)
    before = process.memory_info().rss
    assert grown(100, 100_000, 10**6) < 100_000
    assert process.memory_info().rss - before < 150 * 2**20
