import numpy as np
import polars as pl

from sevenfold.core.inputs import Columns
from sevenfold.core.task import Goal, Target
from sevenfold.features.interactions.category_pairs import CategoryPairs
from sevenfold.features.interactions.ratios import Ratios


def numbers(rows=2000, seed=0):
    generator = np.random.default_rng(seed)
    return pl.DataFrame({name: generator.uniform(1, 10, rows) for name in ("weight", "height", "age", "noise")})


def test_a_ratio_that_drives_the_target_is_found():
    table = numbers()
    target = Target(Goal.REGRESSION, (table["weight"] / table["height"]).to_numpy())
    block = Ratios(table.columns).fit(Columns(table), target, np.random.default_rng(0))
    assert block.names[0] in ("weight/height", "height/weight")


def test_a_difference_that_drives_a_class_is_found():
    table = numbers()
    target = Target(Goal.BINARY, (table["age"] > table["height"]).to_numpy().astype(np.float64), 2)
    block = Ratios(table.columns).fit(Columns(table), target, np.random.default_rng(0))
    assert {"height", "age"} <= set(block.names[0].replace("/", "-").split("-"))


def test_columns_that_add_up_and_noise_give_no_combination():
    table = numbers()
    generator = np.random.default_rng(1)
    sums = Target(Goal.REGRESSION, (table["weight"] + table["height"]).to_numpy() + generator.normal(0, 3, 2000))
    noise = Target(Goal.REGRESSION, generator.normal(size=2000))
    for target in (sums, noise):
        assert Ratios(table.columns).fit(Columns(table), target, np.random.default_rng(0)).names == ()


def test_division_by_zero_and_overflow_are_missing():
    table = numbers()
    target = Target(Goal.REGRESSION, (table["weight"] / table["height"]).to_numpy())
    feature = Ratios(["weight", "height"])
    feature.fit(Columns(table), target, np.random.default_rng(0))
    odd = pl.DataFrame({"weight": [1.0, 0.0, 1e308, None], "height": [0.0, 0.0, 1e-300, 1.0]})
    values = feature.transform(Columns(odd)).values
    assert not np.isinf(values).any() and np.isnan(values[1:, 0]).all()


def test_a_pair_that_drives_the_target_is_crossed():
    generator = np.random.default_rng(0)
    table = pl.DataFrame({name: generator.choice(list("pq"), 3000) for name in ("a", "b", "c")})
    target = Target(Goal.BINARY, (table["a"] == table["b"]).to_numpy().astype(np.float64), 2)
    feature = CategoryPairs(table.columns)
    block = feature.fit(Columns(table), target, np.random.default_rng(0))
    assert block.names == ("a&b",) and block.levels == (4,)
    odd = pl.DataFrame({"a": ["p", "new", None], "b": ["q", "q", "q"], "c": ["p", "p", "p"]})
    assert feature.transform(Columns(odd)).values[:, 0].tolist()[1:] == [-1, -1]


def test_pairs_of_noise_are_not_crossed():
    generator = np.random.default_rng(0)
    table = pl.DataFrame({name: generator.choice(list("pqrstu"), 3000) for name in ("a", "b", "c")})
    target = Target(Goal.REGRESSION, generator.normal(size=3000))
    assert CategoryPairs(table.columns).fit(Columns(table), target, np.random.default_rng(0)).names == ()
