import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.core.dataset import Column, Kind, Schema
from sevenfold.core.errors import DataError
from sevenfold.data.profile import bin_counts, profile
from sevenfold.monitoring.homogeneity import homogeneity
from sevenfold.monitoring.reference import watched
from sevenfold.monitoring.sketches import CategoryBins, NumberBins, PresenceBins, Sketch, Snapshot, Snapshots

BINS = {"n": NumberBins((0.0, 1.0, 2.0)), "c": CategoryBins(("a", "b"), ("a", "b", "z")), "p": PresenceBins()}
ROWS = st.lists(
    st.tuples(
        st.none() | st.floats(-5, 5) | st.sampled_from([0.0, 1.0, 2.0, float("inf"), -float("inf")]),
        st.none() | st.sampled_from(["a", "b", "z", "new"]),
        st.none() | st.text(max_size=3),
    ),
    max_size=30,
)


def sketch(rows):
    schema = {"n": pl.Float64, "c": pl.String, "p": pl.String}
    return Sketch.of(BINS, pl.DataFrame(rows, schema=schema, orient="row"))


def same(a, b):
    return a.to_json() == b.to_json()


@given(ROWS, ROWS, ROWS)
def test_merging_is_addition(a, b, c):
    one, two, three = sketch(a), sketch(b), sketch(c)
    assert same(one + two, two + one)
    assert same((one + two) + three, one + (two + three))
    assert same(one + Sketch(), one)
    assert same(one + two + three, sketch(a + b + c))


@given(ROWS)
def test_every_row_falls_into_one_cell(rows):
    made = sketch(rows)
    assert all(counts.sum() == len(rows) and counts.dtype == np.int64 for counts in made.counts.values())
    assert all(len(counts) == len(BINS[name].names) for name, counts in made.counts.items())


EDGES = st.lists(st.sampled_from([-2.0, -0.0, 0.5, 1.0, 3.0]), min_size=2, max_size=6).map(sorted)
NUMBERS = (
    st.none()
    | st.floats(-5, 5)
    | st.sampled_from([-2.0, 0.0, 0.5, 1.0, 3.0, float("nan"), float("inf"), -float("inf")])
)


@given(EDGES, st.lists(NUMBERS, max_size=30))
def test_live_numbers_fall_into_the_bins_that_training_numbers_were_counted_in(edges, numbers):
    series = pl.Series(numbers, dtype=pl.Float64)
    counts = NumberBins(tuple(edges)).count(series)
    given = series.drop_nulls().to_numpy()
    assert counts.dtype == np.int64
    assert counts.tolist() == [series.null_count(), *bin_counts(given, np.array(edges)).tolist()]


@given(ROWS)
def test_a_sketch_survives_json(rows):
    assert same(Sketch.from_json(sketch(rows).to_json()), sketch(rows))


def test_cells_are_what_their_names_say():
    made = sketch([(None, "a", None), (-1.0, "z", "x"), (0.0, "new", "y"), (2.0, None, ""), (2.5, "b", "")])
    assert made.counts["n"].tolist() == [1, 1, 1, 1, 1]
    assert made.counts["c"].tolist() == [1, 1, 1, 1, 1]
    assert made.counts["p"].tolist() == [1, 4]


def test_other_bins_are_not_merged():
    with pytest.raises(DataError, match="different bins"):
        Sketch(1, {"n": np.zeros(3, dtype=np.int64)}) + Sketch(1, {"n": np.zeros(4, dtype=np.int64)})


SENT = st.lists(st.tuples(st.sampled_from("rs"), st.sampled_from(["x", "y"]), st.integers(0, 4)), max_size=10)


def sent(entries):
    """Snapshots of replicas that count one row for each step of their sequence."""
    total = Snapshots()
    for replica, start, sequence in entries:
        total = total.with_snapshot(replica, start, Snapshot(sequence, Sketch(sequence + 1)))
    return total


@given(SENT, SENT, SENT)
def test_snapshots_merge_in_any_order_and_twice(a, b, c):
    one, two, three = sent(a), sent(b), sent(c)
    assert (one | two).latest == (two | one).latest
    assert ((one | two) | three).latest == (one | (two | three)).latest
    assert (one | one).latest == one.latest
    highest = {}
    for replica, start, sequence in a + b + c:
        highest[replica, start] = max(highest.get((replica, start), 0), sequence + 1)
    assert (one | two | three).total().rows == sum(highest.values())


def test_the_profile_gives_bins_and_the_training_counts():
    stream = np.random.default_rng(0)
    table = pl.DataFrame(
        {
            "n": [None, *stream.normal(size=199).tolist()],
            "c": [None, *(["a"] * 150), *(["b"] * 49)],
            "f": [True] * 60 + [False] * 140,
            "t": ["x" * (i % 30) for i in range(200)],
            "k": [str(i) for i in range(200)],
            "e": pl.Series([None] * 200, dtype=pl.Float64),
        }
    )
    schema = Schema(
        (
            Column("n", Kind.NUMBER),
            Column("c", Kind.CATEGORY, levels=("a", "b")),
            Column("f", Kind.FLAG, levels=("false", "true")),
            Column("t", Kind.TEXT),
            Column("k", Kind.ID),
            Column("e", Kind.NUMBER),
        )
    )
    columns = watched(profile(table, schema).to_json(), schema)
    counted = Sketch.of({name: column.bins for name, column in columns.items()}, table)
    assert set(columns) == {*schema.names, "t: new words", "k: new ids"}
    columns = {name: column for name, column in columns.items() if column.aspect == "values"}
    for name, column in columns.items():
        assert counted.counts[name].tolist() == column.counts.tolist(), name
    assert columns["c"].bins.count(pl.Series(["a", "new"])).tolist() == [0, 1, 0, 0, 1]


def test_many_categories_take_no_more_memory():
    bins = CategoryBins(("a",), None)
    total = sum(
        bins.count(pl.Series([f"v{i}" for i in range(start, start + 1000)])) for start in range(0, 20_000, 1000)
    )
    assert total.tolist() == [0, 0, 20_000, 0]


def test_rare_labels_are_expected_to_be_new_ones():
    """Half of the rows bear a label of their own, in training and live: that is no drift."""
    stream = np.random.default_rng(3)

    def rows(count, mark):
        frequent = stream.choice(["a", "b"], count // 2).tolist()
        return pl.Series("c", [*frequent, *(f"{mark}{i}" for i in range(count - count // 2))])

    train = rows(2000, "t")
    schema = Schema((Column("c", Kind.CATEGORY, levels=tuple(train.unique().to_list())),))
    column = watched(profile(train.to_frame(), schema).to_json(), schema)["c"]
    p_values, effects = homogeneity(column.counts, column.bins.count(rows(1000, "live"))[None, :])
    assert effects[0] < 0.05 and p_values[0] > 0.001
    changed = pl.concat([rows(500, "live"), pl.Series("c", ["brand new"] * 500)])
    assert homogeneity(column.counts, column.bins.count(changed)[None, :])[1][0] > 0.1
