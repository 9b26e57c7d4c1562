"""Forged texts of LightGBM are refused before the library reads them."""

import warnings

import numpy as np
import pytest

from sevenfold.core.errors import BundleError
from sevenfold.models.trees.lightgbm_text import check_text


@pytest.fixture(scope="module")
def text():
    import lightgbm

    stream = np.random.default_rng(0)
    X = np.column_stack([stream.normal(size=300), stream.integers(0, 40, 300), stream.normal(size=300)])
    X[::7, 0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = lightgbm.Dataset(X, 5 * (X[:, 1] % 2) + X[:, 2], categorical_feature=[1], params={"verbosity": -1})
        settings = {"objective": "regression", "verbosity": -1, "min_data_per_group": 1, "cat_smooth": 1.0}
        return lightgbm.train(settings, rows, 4).model_to_string().encode()


def test_what_the_library_writes_passes(text):
    assert b"\ncat_threshold" in text
    check_text(text)


def test_trees_of_one_leaf_pass():
    import lightgbm

    rows = lightgbm.Dataset(np.zeros((50, 2)), np.arange(50.0), params={"verbosity": -1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_text(lightgbm.train({"verbosity": -1}, rows, 3).model_to_string().encode())


def changed(text, name, change):
    """The text with the first line of that name changed, and the sizes of trees right again."""
    start = text.index(b"\n" + name + b"=") + len(name) + 2
    end = text.index(b"\n", start)
    new = change(text[start:end])
    made = text[:start] + new + text[end:]
    if start > text.index(b"Tree=0"):
        sizes = text[text.index(b"tree_sizes=") + 11 :].split(b"\n")[0]
        first = int(sizes.split()[0]) + len(new) - (end - start)
        made = made.replace(sizes, b" ".join([str(first).encode(), *sizes.split()[1:]]), 1)
    return made


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (b"split_feature", lambda v: b"99999" + v[1:]),
        (b"split_feature", lambda v: b"-1" + v[1:]),
        (b"left_child", lambda v: b"0" + v[1:]),
        (b"left_child", lambda v: b"4000" + v[1:]),
        (b"right_child", lambda v: b" ".join([v.split()[0]] * len(v.split()))),
        (b"leaf_value", lambda v: v.rpartition(b" ")[0]),
        (b"leaf_value", lambda v: b"nan " + v.partition(b" ")[2]),
        (b"threshold", lambda v: v + b" 3"),
        (b"threshold", lambda v: b"x" + v[1:]),
        (b"num_leaves", lambda v: b"1000000000"),
        (b"num_leaves", lambda v: b"-5"),
        (b"num_cat", lambda v: b"5"),
        (b"cat_boundaries", lambda v: v[:-1] + b"9"),
        (b"cat_threshold", lambda v: b"99999999999 " + v.partition(b" ")[2]),
        (b"decision_type", lambda v: b"77" + v[1:]),
        (b"is_linear", lambda v: b"1"),
        (b"max_feature_idx", lambda v: b"0"),
        (b"max_feature_idx", lambda v: b"2000000000"),
        (b"num_tree_per_iteration", lambda v: b"3"),
        (b"num_class", lambda v: b"0"),
        (b"tree_sizes", lambda v: b"999999999 " + v.partition(b" ")[2]),
        (b"tree_sizes", lambda v: b"-3 " + v.partition(b" ")[2]),
        (b"tree_sizes", lambda v: v.rpartition(b" ")[0]),
        (b"shrinkage", lambda v: v + b"\nsurprise=1"),
        (b"label_index", lambda v: b"x"),
        # What no prediction reads ends the process all the same.
        *((name, lambda v: v[:-1] + b"r") for name in (b"split_gain", b"internal_value", b"internal_weight")),
        *((name, lambda v: v[:-1] + b"r") for name in (b"internal_count", b"leaf_weight", b"leaf_count")),
        # Whole numbers to numpy, other ones to LightGBM.
        (b"right_child", lambda v: v + b"e0"),
        (b"split_feature", lambda v: v.replace(b" ", b"\t")),
        (b"leaf_value", lambda v: v + b"_"),
    ],
)
def test_numbers_that_do_not_fit_together_are_refused(text, name, change):
    made = changed(text, name, change)
    assert made != text
    with pytest.raises(BundleError, match="LightGBM model is damaged"):
        check_text(made)


def test_every_cut_is_refused(text):
    whole = text.rindex(b"\npandas_categorical")
    for end in range(0, whole - 1, 37):
        with pytest.raises(BundleError):
            check_text(text[:end])
