"""What a server's counting takes does not grow with its rows, its windows or the values that it is sent."""

import resource

import numpy as np
import polars as pl
import pytest

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.task import Goal, Task
from sevenfold.data.profile import profile
from sevenfold.monitoring.counting import Counter
from sevenfold.monitoring.reference import Watchlist, watched
from sevenfold.monitoring.snapshots import read_counts, total

BOUND_MIB = 64
TASK = Task(Goal.BINARY, "bought", "roc_auc", classes=("no", "yes"))


def watchlist():
    """A number, a category of 400 labels, an id: what is watched of them and of the predictions."""
    stream = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "number": stream.normal(size=5000),
            "label": [f"v{i}" for i in stream.integers(0, 400, 5000)],
            "user": [f"u{i}" for i in range(5000)],
            "prediction": stream.choice(["no", "yes"], 5000),
            "probability_yes": stream.random(5000),
        }
    )
    levels = {"label": tuple(f"v{i}" for i in range(400)), "prediction": ("no", "yes")}
    kinds = [Kind.NUMBER, Kind.CATEGORY, Kind.ID, Kind.CATEGORY, Kind.NUMBER]
    schema = Schema(tuple(Column(n, k, levels=levels.get(n, ())) for n, k in zip(table.columns, kinds, strict=True)))
    made = profile(table, schema)
    remembered = {name: column.remembered for name, column in made.columns.items() if column.remembered}
    return Watchlist(watched(made.to_json(), schema), remembered, "bins")


def batch(number, rows, categories, stream):
    """Rows whose labels and users keep coming anew, with what the model answered."""
    texts = pl.concat_str(pl.lit("hostile \u0000 "), (pl.int_range(rows) + number * rows) % categories)
    chance = stream.random(rows)
    table = pl.select(label=texts, user=texts).with_columns(number=pl.Series(stream.normal(size=rows)))
    labels = np.where(chance > 0.5, "yes", "no").tolist()
    return table, labels, np.column_stack([1 - chance, chance])


def peak_mib():
    """The most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def grown(folder, batches, rows, categories):
    """MiB by which the peak grew after the first 100,000 rows; every tenth batch opens another window."""
    stream = np.random.default_rng(1)
    counter = Counter(folder, "m", watchlist(), TASK, replica="a", boot="1", now=lambda: 0.0)
    first = 0.0
    for number in range(batches):
        counter.add(3600 * (number // 10), *batch(number, rows, categories, stream))
        counter.save()
        if (number + 1) * rows <= 100_000:
            first = peak_mib()
    read = total(read_counts(folder, "bins").windows)
    assert read.rows == batches * rows
    assert len(read.counts) == 6
    assert all(c.dtype == np.int64 for c in read.counts.values())
    assert all(counts.sum() == batches * rows for name, counts in read.counts.items() if name != "user: new ids")
    return peak_mib() - first


def test_the_peak_does_not_grow_with_rows_or_categories(tmp_path):
    assert grown(tmp_path, 30, 10_000, 10**6) < BOUND_MIB


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_peak_does_not_grow_over_ten_million_rows_and_a_million_categories(tmp_path):
    assert grown(tmp_path, 100, 100_000, 10**6) < BOUND_MIB
