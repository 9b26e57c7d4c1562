"""Forged files of XGBoost are refused before the library reads them."""

import json

import numpy as np
import pytest

from sevenfold.core.errors import BundleError
from sevenfold.models.trees.ubjson import read_ubjson
from sevenfold.models.trees.xgboost_binary import check_binary


def learned(objective="reg:squarederror", rounds=5, answers=None, **settings):
    """A small model, as bytes."""
    import xgboost

    stream = np.random.default_rng(0)
    X = stream.normal(size=(300, 3)).astype(np.float32)
    X[::7, 0] = np.nan
    score = np.nan_to_num(X[:, 0]) + X[:, 1] * X[:, 2]
    rows = xgboost.DMatrix(X, score if answers is None else answers(score), nthread=1)
    settings = {"objective": objective, "max_depth": 3, "nthread": 1, "verbosity": 0, **settings}
    return bytes(xgboost.train(settings, rows, rounds)[:rounds].save_raw("ubj"))


@pytest.fixture(scope="module")
def content():
    return learned()


@pytest.mark.parametrize(
    ("options", "outputs"),
    [
        ({"rounds": 1}, 1),
        ({"objective": "binary:logistic", "answers": lambda s: s > 0}, 1),
        ({"objective": "multi:softprob", "num_class": 3, "answers": lambda s: np.digitize(s, [-1, 1])}, 3),
        ({"objective": "multi:softprob", "num_class": 2, "answers": lambda s: s > 0}, 2),
        ({"objective": "reg:quantileerror", "quantile_alpha": 0.3}, 1),
        ({"objective": "count:poisson", "answers": lambda s: np.abs(np.round(s))}, 1),
        ({"rounds": 30, "max_depth": 9, "min_child_weight": 1e-3, "subsample": 0.6, "colsample_bytree": 0.5}, 1),
        ({"answers": lambda s: np.ones_like(s)}, 1),
    ],
)
def test_what_the_library_writes_passes(options, outputs):
    check_binary(learned(**options), outputs)


def test_ubjson_is_read_as_json_is(content):
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    told = json.loads(bytes(booster.save_raw("json")))

    def plain(value):
        if isinstance(value, dict):
            return {name: plain(part) for name, part in value.items()}
        if isinstance(value, list | np.ndarray):
            return [plain(part) for part in value]
        return pytest.approx(float(value), rel=1e-6) if isinstance(value, float | np.floating) else value

    assert plain(read_ubjson(content)) == told


def first(content, name, kind, item):
    """Where the first array of that name begins."""
    return content.index(name + b"[$" + kind + b"#L") + len(name) + 4 + 9, item


@pytest.mark.parametrize(
    ("name", "kind", "value", "received"),
    [
        (b"left_children", "l", -7, "children that are none"),
        (b"left_children", "l", 2**31 - 1, "children that are none"),
        (b"left_children", "l", 0, "children that are none"),
        (b"left_children", "l", -1, "one child only"),
        (b"right_children", "l", 1, "children that are none"),
        (b"split_indices", "l", 3, "columns outside the table"),
        (b"split_indices", "l", -1, "columns outside the table"),
        (b"split_conditions", "d", float("nan"), "values of leaves"),
        (b"split_type", "U", 1, "splits by category"),
        (b"default_left", "U", 7, "ways of missing values"),
        (b"parents", "l", 5, "a first node with a parent"),
    ],
)
def test_trees_whose_numbers_do_not_fit_together_are_refused(content, name, kind, value, received):
    start, dtype = first(content, name, kind.encode(), {"l": ">i4", "d": ">f4", "U": ">u1"}[kind])
    made = bytearray(content)
    raw = np.array([value]).astype(dtype).tobytes()
    made[start : start + len(raw)] = raw
    with pytest.raises(BundleError) as caught:
        check_binary(bytes(made), 1)
    assert caught.value.received == received


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"num_treesSL\x00\x00\x00\x00\x00\x00\x00\x015", b"num_treesSL\x00\x00\x00\x00\x00\x00\x00\x019"),
        (b"num_nodesSL\x00\x00\x00\x00\x00\x00\x00\x02", b"num_nodesSL\x00\x00\x00\x00\x00\x00\x00\x01"),
        (b"num_featureSL\x00\x00\x00\x00\x00\x00\x00\x013", b"num_featureSL\x00\x00\x00\x00\x00\x00\x00\x010"),
        (b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x010", b"num_classSL\x00\x00\x00\x00\x00\x00\x00\x017"),
        (b"num_deletedSL\x00\x00\x00\x00\x00\x00\x00\x010", b"num_deletedSL\x00\x00\x00\x00\x00\x00\x00\x018"),
        (b"SL\x00\x00\x00\x00\x00\x00\x00\x06gbtree", b"SL\x00\x00\x00\x00\x00\x00\x00\x06gblinx"),
        (b"reg:squarederror", b"reg:squarederroz"),
        (b"trees[#L\x00\x00\x00\x00\x00\x00\x00\x05", b"trees[#L\x7f\x00\x00\x00\x00\x00\x00\x05"),
        (b"base_weights[$d#L\x00", b"base_weights[$d#L\x80"),
    ],
)
def test_counts_and_names_that_are_not_ours_are_refused(content, before, after):
    assert before in content
    made = content.replace(before, after, 1)
    with pytest.raises(BundleError, match="XGBoost model is damaged"):
        check_binary(made, 1)


def test_another_number_of_classes_is_refused(content):
    with pytest.raises(BundleError):
        check_binary(content, 3)


def test_every_cut_and_every_addition_is_refused(content):
    for end in range(0, len(content), 61):
        with pytest.raises(BundleError):
            check_binary(content[:end], 1)
    with pytest.raises(BundleError):
        check_binary(content + b"}", 1)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[",
        b"{",
        b"[" * 1000,
        b"[$l#L\xff" + b"\xff" * 7,
        b"[$S#i\x01",
        b"[#L\x7f" + b"\xff" * 7,
        b"{i\x01ai\x00i\x01ai\x00}",
        b"SL\x00\x00\x00\x00\x00\x00\x00\x09abc",
        b"?",
        b"ii\x01",
        b"[$d",
        b"Si\x01\xff",
    ],
)
def test_ubjson_that_lies_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_ubjson(text)
